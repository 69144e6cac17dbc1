"""A marketplace that gives an address only after acceptance: accept, wait, create; and the clock of the acceptance."""

from datetime import timedelta
from typing import Any

import pytest

from domain.answers import Accepted, Done, Found
from domain.installation import Side
from domain.records import Address, Kind, LineStatus, SalesOrder
from ledger import holds, messages, orders
from ledger.database import Database
from tasks.confirm import confirm, go_live
from tasks.loops import ORDERS
from tasks.push import push
from tasks.run import Run
from tasks.settling import READ_BACK_AFTER
from tests.doubles import ManualClock
from tests.tasks.making import Office, Shop, installation, know, order, run_of, show


@pytest.fixture
def run(database: Database, clock: ManualClock) -> Run:
    settings = installation(clock, acceptance_first=True, accept_within_hours=24)
    run = run_of(database, ORDERS, Shop(), Office(), settings)
    go_live(run)
    know(run, "A")
    shop(run).acknowledgement_sink.answer = Accepted("accepted")
    return run


def shop(run: Run) -> Shop:
    side = run.connectors[Side.MARKETPLACE]
    assert isinstance(side, Shop)
    return side


def office(run: Run) -> Office:
    side = run.connectors[Side.BACK_OFFICE]
    assert isinstance(side, Office)
    return side


def without_address(run: Run, status: LineStatus = LineStatus.OPEN, **more: Any) -> SalesOrder:
    return order(run, status=status, ship_to=Address(), address_follows=True, **more)


def held(run: Run) -> list[str]:
    with run.transaction() as tx:
        return [one.type for one in holds.open_holds(tx)]


def owed(run: Run) -> list[str]:
    with run.transaction() as tx:
        return [kind for kind in (Kind.SALES_ORDER, Kind.ACKNOWLEDGEMENT) if messages.open_of(tx, kind, 9)]


async def confirm_later(run: Run) -> None:
    """Confirm when what was taken is due to be read back."""
    clock = run.clock
    assert isinstance(clock, ManualClock)
    clock.move(READ_BACK_AFTER.total_seconds())
    run.ends_at += READ_BACK_AFTER  # the slice of a later run
    await confirm(run)


async def test_it_is_accepted_then_waits_unheld_then_is_created_once_the_address_came(run: Run) -> None:
    await show(run, without_address(run))
    assert held(run) == []
    await push(run)
    assert [[one.key for one in sent] for sent in shop(run).acknowledgement_sink.sent] == [["1"]]
    shop(run).acknowledgement_sink.finding = Found("it shows it")
    await confirm_later(run)
    assert owed(run) == [], "it waits for its address and owes nothing"
    await show(run, without_address(run, LineStatus.ACCEPTED))  # it is being paid
    await push(run)
    assert (held(run), owed(run), office(run).sales_order_sink.sent) == ([], [], [])
    await show(run, order(run, status=LineStatus.ACCEPTED))
    office(run).sales_order_sink.answer = Done("there", "77")
    await push(run)
    [[created]] = office(run).sales_order_sink.sent
    assert created.ship_to.city == "Leeds"
    with run.transaction() as tx:
        assert orders.known(tx, ["1"])["1"].life.taken
    await push(run)
    assert len(shop(run).acknowledgement_sink.sent) == 1


async def test_the_address_may_come_before_the_acceptance_is_proved(run: Run) -> None:
    await show(run, without_address(run))
    await push(run)
    await show(run, order(run, status=LineStatus.ACCEPTED))
    await push(run)
    assert len(office(run).sales_order_sink.sent) == 1
    assert len(shop(run).acknowledgement_sink.sent) == 1


async def test_an_order_that_was_accepted_elsewhere_is_not_accepted_again(run: Run) -> None:
    await show(run, order(run, status=LineStatus.ACCEPTED))
    assert owed(run) == [Kind.SALES_ORDER]


async def test_an_order_that_cannot_be_created_is_not_accepted_and_its_clock_shows(run: Run) -> None:
    strange = without_address(run)
    strange = strange.model_copy(update={"lines": (strange.lines[0].model_copy(update={"sku": "NOBODY"}),)})
    await show(run, strange)
    await push(run)
    assert (held(run), owed(run), shop(run).acknowledgement_sink.sent) == (["unknown_sku"], [], [])
    with run.transaction() as tx:
        [one] = holds.open_holds(tx)
        assert one.deadline_at == strange.placed_at + timedelta(hours=24)


async def test_the_acceptance_is_due_by_the_marketplaces_clock(run: Run) -> None:
    shown = without_address(run, dispatch_by_at=run.clock.now() + timedelta(days=3))
    await show(run, shown)
    with run.transaction() as tx:
        [message] = messages.open_of(tx, Kind.ACKNOWLEDGEMENT, 9)
        assert message.deadline_at == shown.placed_at + timedelta(hours=24)


async def test_an_address_that_is_given_is_judged(run: Run) -> None:
    await show(run, order(run, ship_to=Address()))
    assert held(run) == ["address"] * len(held(run))
    assert held(run)


async def test_what_is_refused_or_cancelled_while_its_address_is_awaited_is_over(run: Run) -> None:
    await show(run, without_address(run))
    await push(run)
    await show(run, without_address(run, LineStatus.CANCELLED))
    shop(run).acknowledgement_sink.finding = Found("nothing is left to accept")
    await confirm_later(run)
    await push(run)
    assert (held(run), owed(run), office(run).sales_order_sink.sent) == ([], [], [])
