"""The operators' forms: each says first what it would do, and does it only when it is told to and by whom."""

from collections.abc import Iterator
from typing import Any

import pytest

from ledger import items
from tasks import operators
from tasks.operators import NothingToDo
from tests.tasks.trading import Trade, trading

WHO: dict[str, Any] = {"order": "", "cause": 0, "message": 0, "reason": "mended", "by": "Sam"}
MAPPED: dict[str, Any] = {
    "carrier": "Tuk Tuk",
    "service": "",
    "code": "yodel",
    "owner": "warehouse",
    "review_on": "2027-01-31",
    "by": "Sam",
}


@pytest.fixture(params=["cin7_core", "magento"])
def trade(request: pytest.FixtureRequest) -> Iterator[Trade]:
    with trading(request.param) as opened:
        opened.office.receive_stock("SKU-0", 20)
        opened.run("items", "orders", "stock", "orders", "stock")
        yield opened


def bought(trade: Trade, how_many: int = 1) -> list[str]:
    """Return orders that the back office has taken, and whose acknowledgement is read back."""
    references = [trade.order("SKU-0") for _ in range(how_many)]
    for _ in range(4):
        trade.run("orders")
        trade.wait(180)
    assert set(trade.taken()) == set(references)
    return references


def shipped(trade: Trade, carrier: str, tracking: str) -> None:
    """Ship every open order, and let us see it."""
    for number, order in enumerate(sorted(trade.office.open_orders())):
        trade.office.ship(order, carrier, f"{tracking}{number}")
    trade.wait(60)
    trade.run("dispatch")
    trade.wait(120)
    trade.run("dispatch")
    trade.wait(300)
    trade.run("dispatch")  # reads back what was taken


def test_a_carrier_that_is_mapped_releases_all_that_waited_and_not_before(trade: Trade) -> None:
    references = bought(trade, 3)
    shipped(trade, "Tuk Tuk", "155012345678")
    assert [one.type for one in trade.held()] == ["unmapped_carrier"] * 3
    assert len({one.cause_id for one in trade.held()}) == 1, "one cause, so one alert"
    assert trade.dispatched() == set()

    plan = trade.ask(operators.map_carrier, **MAPPED, dry_run=True)
    assert (len(plan.rows), plan.done) == (3, False)
    trade.run("dispatch")
    assert len(trade.held()) == 3, "it was only shown"

    with pytest.raises(NothingToDo, match="not a code that this account accepts"):
        trade.ask(operators.map_carrier, **{**MAPPED, "code": "tuk-tuk"}, dry_run=False)
    with pytest.raises(NothingToDo, match="Say who"):
        trade.ask(operators.map_carrier, **{**MAPPED, "by": ""}, dry_run=False)

    assert trade.ask(operators.map_carrier, **MAPPED, dry_run=False).done
    trade.run("dispatch")
    assert trade.held() == []
    assert trade.dispatched() == set(references)


@pytest.mark.parametrize("chosen_by", ["order", "cause"])
def test_a_release_says_what_it_would_do_and_then_judges_afresh(trade: Trade, chosen_by: str) -> None:
    reference = trade.order_of_nothing_known("NO-SUCH-SKU")
    trade.run("orders")
    [held] = trade.held()
    choice = {"order": reference} if chosen_by == "order" else {"cause": held.cause_id}

    plan = trade.ask(operators.release, **{**WHO, **choice}, dry_run=True)
    assert [(row["held for"], row["effect"]) for row in plan.rows] == [("unknown_sku", "back before its gate")]
    trade.run("orders")
    assert [one.id for one in trade.held()] == [held.id], "it was only shown"

    with pytest.raises(NothingToDo, match="who releases it and why"):
        trade.ask(operators.release, **{**WHO, **choice, "by": ""}, dry_run=False)

    trade.ask(operators.release, **{**WHO, **choice}, dry_run=False)
    trade.run("orders")
    assert [one.type for one in trade.held()] == ["unknown_sku"], "a release is no way past the gate"
    assert not trade.taken()


def test_a_release_by_message_lets_that_message_go_on(trade: Trade) -> None:
    [reference] = bought(trade)
    trade.run("dispatch")  # reads the account's list, which names DPD still
    trade.machine.edge.carriers[:] = [one for one in trade.machine.edge.carriers if one["slug"] != "dpd"]
    shipped(trade, "DPD", "155012345678")
    [held] = [one for one in trade.held() if one.subject == "message"]
    trade.machine.edge.carriers.append({"id": 4711, "slug": "dpd", "name": "DPD"})
    trade.ask(operators.release, **{**WHO, "message": int(held.subject_id)}, dry_run=False)
    trade.run("dispatch")
    assert trade.dispatched() == {reference}


def test_a_release_needs_exactly_one_choice_and_something_held(trade: Trade) -> None:
    with pytest.raises(NothingToDo, match="exactly one"):
        trade.ask(operators.release, **WHO, dry_run=True)
    with pytest.raises(NothingToDo, match="exactly one"):
        trade.ask(operators.release, **{**WHO, "order": "1", "cause": 1}, dry_run=True)
    with pytest.raises(NothingToDo, match="Nothing that is held"):
        trade.ask(operators.release, **{**WHO, "order": "no-such"}, dry_run=True)


def test_a_mass_zero_waits_for_a_person_and_goes_out_when_approved(trade: Trade) -> None:
    for sku in trade.machine.actors.skus:
        trade.office.receive_stock(sku, -trade.office.free(sku))
    trade.wait(60)
    trade.run("stock", "orders")
    waiting = [sku for sku in trade.machine.actors.skus if trade.edge.published("harbour", sku)]
    assert waiting
    assert "mass_zero" in {one.type for one in trade.held()}

    plan = trade.ask(operators.approve_stock, by="", dry_run=True)
    assert len(plan.rows) == len(waiting)
    with pytest.raises(NothingToDo, match="Say who"):
        trade.ask(operators.approve_stock, by="", dry_run=False)
    trade.ask(operators.approve_stock, by="Sam", dry_run=False)
    trade.wait(60)
    trade.run("stock")
    assert [sku for sku in waiting if trade.edge.published("harbour", sku)] == []
    assert trade.held() == []
    with pytest.raises(NothingToDo, match="No drop to zero waits"):
        trade.ask(operators.approve_stock, by="Sam", dry_run=True)


def test_any_number_tells_the_whole_story(trade: Trade) -> None:
    [reference] = bought(trade)
    [office_id] = trade.office.open_orders()
    shipped(trade, "DPD", "155012345678")
    assert trade.dispatched() == {reference}
    with trade.machine.database.transaction("harbour") as tx:
        [item] = items.of(tx, ["SKU-0"]).values()
    number = trade.ask(operators.timeline, number=reference)
    told = " ".join(row["what"] for row in number.rows)
    for what in ("sales_order filed", "sales_order done", "acknowledgement done", "dispatch done"):
        assert what in told
    assert number.rows == sorted(number.rows, key=lambda row: row["at"])
    assert number.rows[-1]["what"] == "now: finished"
    assert number.rows[-1]["detail"].startswith("for ")
    for other in (office_id, "1550123456780", "SKU-0", item.ean, item.stock_number):
        rows = trade.ask(operators.timeline, number=other).rows
        assert {row["order"] for row in rows} >= {row["order"] for row in number.rows}, other


def test_a_sku_that_nobody_ordered_has_a_story_too(trade: Trade) -> None:
    rows = trade.ask(operators.timeline, number="SKU-9").rows
    assert rows[-1]["what"] == "stock now"
    assert "stock published" in {row["what"] for row in rows}
    with pytest.raises(NothingToDo, match="Nothing here is called"):
        trade.ask(operators.timeline, number="no-such-number")
