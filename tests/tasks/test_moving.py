"""Moving house with an order in flight in each state: none twice, no dispatch lost, no listing left selling."""

import os
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from sandbox.kit import Fault
from tasks.operators import NothingToDo
from tasks.run import AnotherAccount
from tests.connectors.virtualstock_files.shop import NAME, SKUS
from tests.directory import FileBreak, down
from tests.tasks.house import NEW, OLD, House

State = Callable[[House], Awaitable[str]]
SALE, DISPATCH = "/ExternalApi/v2/sale", "/restapi/v4/orders/[0-9]+/dispatch/"
ACKNOWLEDGE = "/restapi/v4/orders/[0-9]+/acknowledge/"


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    with patch.dict(os.environ):
        yield


async def opened(home: Path, road: str) -> House:
    house = House(home, road)
    await house.work("items", "orders", "stock", "orders", "dispatch")
    return house


async def offered(house: House) -> str:
    return house.buy()


async def filed(house: House) -> str:
    reference = house.buy()
    await house.observe("orders")
    return reference


async def creation_unknown(house: House) -> str:
    reference = house.buy()
    house.lose_the_answer(house.office, "POST", SALE)
    await house.work("orders", minutes=0)
    return reference


async def not_acknowledged(house: House) -> str:
    reference = house.buy()
    house.edge.faults.append(Fault(method="POST", path=ACKNOWLEDGE, kind="html", status=503, times=99))
    house.files.breaks.append(FileBreak("write", ".*", down, times=99))
    await house.work("orders", "orders")
    house.edge.faults.clear()
    house.files.breaks.clear()
    return reference


async def acknowledged(house: House) -> str:
    reference = house.buy()
    await house.work("orders", "orders", "orders", minutes=11)
    assert house.statuses(reference) == ["ORDER_ACK"]
    return reference


async def dispatch_owed(house: House) -> str:
    reference = await acknowledged(house)
    house.ship_all(reference)
    house.clock.move(60)
    await house.observe("dispatch")
    return reference


async def dispatch_unknown(house: House) -> str:
    reference = await acknowledged(house)
    house.ship_all(reference)
    house.clock.move(60)
    house.lose_the_answer(house.edge, "POST", DISPATCH)
    await house.work("dispatch", minutes=0)
    assert [kind for kind, _ in house.owed()] == ["dispatch"], "its file, or its answer, is under way"
    return reference


STATES: dict[State, tuple[str, str] | None] = {
    offered: None,
    filed: ("sales_order", "owed"),
    creation_unknown: ("sales_order", "outcome unknown"),
    not_acknowledged: ("orders", "created, not acknowledged"),
    acknowledged: ("orders", "acknowledged, not wholly dispatched"),
    dispatch_owed: ("dispatch", "owed"),
    dispatch_unknown: ("dispatch", "outcome unknown"),
}
"""The states of an order, and the line by which the dry run tells of it."""


def told_first(house: House, state: State) -> None:
    """See that the order is in the state that is meant, by what the dry run says."""
    plan = house.move(dry_run=True)
    assert not plan.done
    told = {(row["what"], row["state"].replace("taken for later", "outcome unknown")) for row in plan.rows}
    orders = {line for line in told if line[0] == "orders"}
    assert (STATES[state] in told) if STATES[state] else not orders, told


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
async def test_by_another_road_nothing_is_doubled_and_nothing_lost(tmp_path: Path, state: State) -> None:
    house = await opened(tmp_path, "files")
    reference = await state(house)
    house.by_rest()
    told_first(house, state)
    house.move()
    await house.days_work()
    house.ship_all()
    await house.days_work()
    assert house.created() == [reference]
    assert house.dispatches_at_the_old_account() == {reference: 1}
    assert house.statuses(reference) == ["DISPATCH"]
    assert house.owed() == []
    house.no_hold()
    for sku in SKUS:
        assert house.edge.published(NAME, sku) == house.office.free(sku)


@pytest.mark.parametrize("road", ["rest", "files"])
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
async def test_at_another_account_what_came_over_the_old_one_is_finished_there(
    tmp_path: Path, state: State, road: str
) -> None:
    house = await opened(tmp_path, road)
    reference = await state(house)
    house.at_the_new_account()
    told_first(house, state)
    house.move()
    await house.days_work()
    bought = house.mirakl.buy(NAME, "JUG-1", 1)
    assert bought
    await house.days_work()
    house.ship_all()
    await house.days_work()
    assert house.created() == sorted([reference, bought])
    assert house.dispatches_at_the_old_account() == {reference: 1}
    assert house.statuses(reference) == ["DISPATCH"]
    assert house.carriers_named() == {reference: ["dpd"], bought: ["parcel-force"]}, "each account has its own codes"
    assert house.owed() == []
    house.no_hold()
    for sku in SKUS:
        assert house.edge.published(NAME, sku) == 0
        assert house.mirakl.published(NAME, sku) == house.office.free(sku)
    assert house.unfinished() == {}
    assert house.move(dry_run=True).rows[-1]["effect"].endswith("take it out of former_marketplaces")


async def test_a_run_that_finds_another_account_than_is_noted_reads_and_sends_nothing(tmp_path: Path) -> None:
    house = await opened(tmp_path, "rest")
    reference = house.buy()
    house.at_the_new_account()
    before = house.mirakl.calls.total(), house.edge.calls.total(), house.office.calls.total()
    for loop in ("items", "orders", "stock", "dispatch"):
        with pytest.raises(AnotherAccount, match="run the flow `move`"):
            await house.work(loop)
    assert (house.mirakl.calls.total(), house.edge.calls.total(), house.office.calls.total()) == before
    assert house.created() == []
    assert house.statuses(reference) == ["ORDER"]


async def test_a_run_without_the_account_that_was_left_stops_while_something_is_open_there(tmp_path: Path) -> None:
    house = await opened(tmp_path, "rest")
    await acknowledged(house)
    house.at_the_new_account()
    house.move()
    house.installation = house.installation.model_copy(update={"former_marketplaces": ()})
    with pytest.raises(AnotherAccount, match=OLD):
        await house.work("orders")


async def test_a_move_that_is_done_again_changes_nothing(tmp_path: Path) -> None:
    house = await opened(tmp_path, "files")
    await dispatch_owed(house)
    house.at_the_new_account()
    assert house.move().done
    before = house.whole_ledger()
    assert house.move().title.endswith("nothing to move")
    assert house.whole_ledger() == before


async def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    house = await opened(tmp_path, "files")
    await not_acknowledged(house)
    left = house.installation
    for go in (house.at_the_new_account, house.by_rest):
        house.installation = left
        go()
        before = house.whole_ledger()
        house.move(dry_run=True)
        assert house.whole_ledger() == before


async def test_the_form_says_what_the_file_lacks(tmp_path: Path) -> None:
    house = House(tmp_path, "rest")
    with pytest.raises(NothingToDo, match="never run"):
        house.move()
    await house.work("items")
    house.at_the_new_account()
    there = house.installation
    house.installation = there.model_copy(update={"former_marketplaces": ()})
    with pytest.raises(NothingToDo, match="under former_marketplaces"):
        house.move()
    same_name = there.marketplace.model_copy(update={"account": OLD})
    house.installation = there.model_copy(update={"former_marketplaces": (), "marketplace": same_name})
    with pytest.raises(NothingToDo, match="different platforms"):
        house.move()
    office = there.back_office.model_copy(update={"account": "another"})
    house.installation = there.model_copy(update={"back_office": office})
    with pytest.raises(NothingToDo, match="begin a new installation"):
        house.move()


async def test_an_order_that_both_accounts_show_is_created_once_and_held(tmp_path: Path) -> None:
    house = await opened(tmp_path, "rest")
    reference = await acknowledged(house)
    house.at_the_new_account()
    house.move()
    await house.days_work(1)
    house.show_at_the_new_account(reference)
    await house.days_work(2)
    assert house.created() == [reference]
    assert house.held() == [("known_on_another_account", f"{reference}@{NEW}")]
    house.ship_all()
    await house.days_work(2)
    assert house.dispatches_at_the_old_account() == {reference: 1}
    assert len(house.held()) == 1


async def test_a_number_of_an_open_ticket_never_stays_on_the_account_that_was_left(tmp_path: Path) -> None:
    house = await opened(tmp_path, "files")
    house.office.receive_stock("CUP-1", 40)
    house.clock.move(60)
    await house.work("stock", "orders", minutes=0.5)
    assert [row.sku for row in house.levels() if row.ticket] == ["CUP-1"], "the file is under way"
    house.at_the_new_account()
    house.move()
    await house.days_work()
    assert {house.edge.published(NAME, sku) for sku in SKUS} == {0}
    assert house.unfinished() == {}


async def test_units_that_come_back_on_the_account_that_was_left_are_taken_off_again(tmp_path: Path) -> None:
    house = await opened(tmp_path, "rest")
    reference = house.buy()
    house.at_the_new_account()
    house.move()
    await house.days_work(2)
    assert house.unfinished().get(OLD, {}).get("listings") is None
    house.edge.state.supplier(NAME).products.by_sku("CUP-1").publish(3, house.clock.now())
    house.clock.move(timedelta(hours=25).total_seconds())
    await house.days_work(1)
    assert house.edge.published(NAME, "CUP-1") == 0
    assert house.created() == [reference]
