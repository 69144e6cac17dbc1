"""What a taker is told of an order: only one of which nothing can stand there counts as never sent."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from domain.answers import Absent, Answer, Found, Later, Partial, Refused, Unknown
from domain.records import Kind, LineStatus
from ledger import holds, orders
from ledger import messages as messages_of
from ledger.database import Database
from ledger.rows import table
from ledger.tables import Message
from tasks.confirm import confirm, go_live
from tasks.loops import ORDERS
from tasks.push import push
from tasks.run import Run
from tests.doubles import ManualClock
from tests.tasks.making import Office, Shop, installation, know, order, run_of, show


class Desk:
    """One order, and run after run about it, each a process of its own."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database, self.clock, self.office, self.shop = database, clock, Office(), Shop()
        first = self._run()
        go_live(first)
        know(first, "A")
        self.placed_at = clock.now()
        asyncio.run(show(first, order(first, placed_at=self.placed_at)))

    def _run(self) -> Run:
        return run_of(self.database, ORDERS, self.shop, self.office, installation(self.clock))

    def told(self, answer: Answer) -> list[bool]:
        """Let one run pass in which the office answers so; return what it was told of the order, time after time."""
        self.office.sales_order_sink.answer = answer
        self.clock.move(300)
        run = self._run()
        asyncio.run(confirm(run))
        asyncio.run(push(run))
        return [record.never_sent for batch in self.office.sales_order_sink.sent for record in batch]

    def cancel(self) -> None:
        """Let the marketplace show the order as cancelled."""
        run = self._run()
        asyncio.run(show(run, order(run, status=LineStatus.CANCELLED, placed_at=self.placed_at)))

    @property
    def is_taken(self) -> bool:
        with self.database.transaction("towels") as tx:
            return orders.known(tx, ["1"])["1"].life.taken

    @property
    def held(self) -> list[str]:
        with self.database.transaction("towels") as tx:
            return [one.type for one in holds.open_holds(tx)]

    def release(self) -> None:
        run = self._run()
        with run.transaction() as tx:
            number = messages_of.id_of(tx, Kind.SALES_ORDER, "1")
            assert number is not None
            assert holds.close_holds(tx, holds.MESSAGE, [str(number)], "released", "a person")
            messages_of.due_now(tx, [number])


@pytest.fixture
def desk(database: Database, clock: ManualClock) -> Desk:
    return Desk(database, clock)


def test_an_order_put_off_before_it_was_sent_was_never_sent(desk: Desk) -> None:
    assert desk.told(Later(desk.clock.now() + timedelta(seconds=400), "busy")) == [True]
    assert desk.told(Unknown("lost")) == [True, True]


def test_what_was_found_half_done_was_sent_before(desk: Desk) -> None:
    desk.told(Unknown("lost"))
    desk.office.sales_order_sink.finding = Partial("its lines")
    assert desk.told(Later(desk.clock.now() + timedelta(seconds=400), "busy")) == [True, False]
    assert desk.told(Later(desk.clock.now() + timedelta(seconds=400), "busy")) == [True, False, False]


def test_what_was_absent_and_is_sent_again_was_sent_before(desk: Desk) -> None:
    desk.told(Unknown("lost"))
    assert desk.told(Unknown("lost")) == [True, False]


def test_a_release_does_not_forget_that_it_was_sent(desk: Desk) -> None:
    desk.told(Unknown("lost"))
    desk.office.sales_order_sink.finding = Partial("its lines")
    desk.told(Refused("its product went", "unknown_sku"))
    desk.release()
    assert desk.told(Unknown("lost")) == [True, False, False]


def test_what_may_stand_there_is_looked_for_although_it_was_cancelled_meanwhile(desk: Desk) -> None:
    desk.told(Unknown("lost"))
    desk.cancel()
    desk.office.sales_order_sink.finding = Found("it stands there", "77")
    assert desk.told(Unknown("not asked again")) == [True]
    assert desk.is_taken  # so its shipment is looked for, and cannot leave in silence


@pytest.mark.parametrize("before", ["found half done", "refused"])
def test_an_order_that_was_sent_and_is_cancelled_is_held_whatever_became_of_it(desk: Desk, before: str) -> None:
    """A half of it may stand there, so the cancellation is not answered in silence."""
    desk.told(Unknown("lost") if before == "found half done" else Refused("its lines", "unknown_sku"))
    desk.office.sales_order_sink.finding = Partial("its lines")
    if before == "found half done":
        desk.told(Later(desk.clock.now() + timedelta(seconds=900), "busy"))
    desk.cancel()
    assert "cancelled_after_creation" in desk.held
    for _ in range(4):
        desk.told(Later(desk.clock.now() + timedelta(seconds=400), "busy"))
    assert "cancelled_after_creation" in desk.held


def test_what_was_cancelled_meanwhile_and_does_not_stand_there_is_not_sent_again(desk: Desk) -> None:
    desk.told(Unknown("lost"))
    desk.cancel()
    desk.office.sales_order_sink.finding = Absent()
    assert desk.told(Unknown("not asked again")) == [True]
    assert not desk.is_taken
    with desk.database.transaction("towels") as tx:
        assert (
            tx.value(select(table(Message).c.closed_as).where(table(Message).c.kind == Kind.SALES_ORDER)) == "dropped"
        )
