"""An order that is shown as wanted again after its cancellation was asked for: never in silence, and never guessed at."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from connectors.roles import TakesCancellations
from domain.answers import Absent, Done, Found, Later, Unknown
from domain.holds import Owner
from domain.records import Kind, LineStatus
from ledger import holds
from ledger.database import Database
from ledger.rows import table
from ledger.tables import Message, OrderLineRow, SalesOrderRow
from tasks.confirm import confirm, go_live
from tasks.filing import file
from tasks.judge import judge
from tasks.loops import ORDERS
from tasks.operators import release
from tasks.pull import pull_chunk
from tasks.push import push
from tasks.run import Run
from tests.doubles import ManualClock
from tests.tasks.making import Office, Shop, Sink, installation, know, order, run_of, show

OPEN, ASKED, CANCELLED = LineStatus.OPEN, LineStatus.CANCEL_REQUESTED, LineStatus.CANCELLED


class Asking(Shop, TakesCancellations):
    """A marketplace that asks before it cancels."""

    def __init__(self) -> None:
        super().__init__()
        self.cancellation_sink = Sink()


class Desk:
    """One order that the back office does not take yet, and the marketplace that shows it."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database, self.clock, self.shop, self.office = database, clock, Asking(), Office()
        self.office.sales_order_sink.answer = Later(clock.now() + timedelta(hours=1), "busy")
        self.run = self.next_run()
        go_live(self.run)
        know(self.run, "A")
        self.placed_at = clock.now()

    def next_run(self) -> Run:
        self.clock.move(300)
        self.run = run_of(self.database, ORDERS, self.shop, self.office, installation(self.clock))
        return self.run

    async def see(self, *shown: LineStatus, **more: Any) -> None:
        """Let the marketplace show the order so, in one run after the other."""
        for status in shown:
            run = self.next_run()
            await show(run, order(run, status=status, placed_at=self.placed_at, **more))

    async def work(self) -> None:
        run = self.next_run()
        await confirm(run)
        await push(run)

    async def release(self, hold_type: str) -> None:
        """Let a person release what is held for this, and the next run file it."""
        with self.run.transaction() as tx:
            [cause] = [one.cause_id for one in holds.open_holds(tx, type=hold_type)]
            release(tx, order="", cause=cause, message=0, reason="they want it", by="Sam", dry_run=False)
        run = self.next_run()
        released = await pull_chunk(run, run.intakes()[0])
        assert released is not None
        await file(run, await judge(run, released))

    @property
    def held(self) -> list[str]:
        with self.run.transaction() as tx:
            return [one.type for one in holds.open_holds(tx)]

    @property
    def messages(self) -> dict[str, str | None]:
        with self.run.transaction() as tx:
            return {row.kind: row.closed_as for row in tx.rows(select(table(Message)))}

    @property
    def line(self) -> Any:
        with self.run.transaction() as tx:
            return tx.one(select(table(OrderLineRow)))


@pytest.fixture
async def desk(database: Database, clock: ManualClock) -> Desk:
    desk = Desk(database, clock)
    await desk.see(OPEN)
    await desk.work()
    assert desk.messages == {Kind.SALES_ORDER: None}
    desk.office.sales_order_sink.answer = Done("there", "77")
    return desk


async def test_it_is_neither_created_nor_answered_but_held_with_a_clock(desk: Desk) -> None:
    sent = len(desk.office.sales_order_sink.sent)
    await desk.see(ASKED, OPEN)
    await desk.work()
    assert desk.held == ["cancellation_taken_back"]
    assert (len(desk.office.sales_order_sink.sent), desk.shop.cancellation_sink.sent) == (sent, [])
    with desk.run.transaction() as tx:
        [one] = holds.open_holds(tx)
        assert one.deadline_at == tx.value(select(table(SalesOrderRow).c.dispatch_by_at))
    assert one.owner == Owner.ECOMMERCE


async def test_its_release_creates_it_and_its_cancellation_is_not_answered(desk: Desk) -> None:
    await desk.see(ASKED, OPEN)
    await desk.release("cancellation_taken_back")
    await desk.work()
    await desk.work()
    assert desk.held == []
    assert [one.key for one in desk.office.sales_order_sink.sent[-1]] == ["1"]
    assert desk.office.sales_order_sink.sent[-1][0].lines[0].quantity == 2
    assert desk.shop.cancellation_sink.sent == []
    assert desk.messages[Kind.SALES_ORDER] == "done"
    assert desk.messages[Kind.CANCELLATION] == "dropped"
    assert desk.messages[Kind.ACKNOWLEDGEMENT] == "done"


@pytest.mark.parametrize("shown", [ASKED, CANCELLED])
async def test_an_older_page_read_late_mends_itself_with_the_next_sight(desk: Desk, shown: LineStatus) -> None:
    await desk.see(ASKED, OPEN, shown)
    assert desk.held == []
    await desk.work()
    assert len(desk.shop.cancellation_sink.sent) == (shown is ASKED)
    assert desk.messages[Kind.SALES_ORDER] == "dropped"


async def test_a_cancellation_that_turns_out_to_be_done_ends_the_hold(desk: Desk) -> None:
    desk.shop.cancellation_sink.answer = Unknown("lost")
    await desk.see(ASKED)
    await desk.work()
    await desk.see(OPEN)
    assert desk.held == ["cancellation_taken_back"]
    desk.shop.cancellation_sink.finding = Found("it shows it")
    await desk.work()
    assert (desk.held, desk.line.cancelled) == ([], 2)


async def test_a_cancellation_that_was_not_done_is_not_sent_again_meanwhile(desk: Desk) -> None:
    desk.shop.cancellation_sink.answer = Unknown("lost")
    await desk.see(ASKED)
    await desk.work()
    await desk.see(OPEN)
    desk.shop.cancellation_sink.finding = Absent()
    for _ in range(3):
        await desk.work()
    assert len(desk.shop.cancellation_sink.sent) == 1


async def test_what_was_cancelled_is_not_opened_by_an_older_page(desk: Desk) -> None:
    await desk.see(ASKED)
    await desk.work()
    assert desk.line.cancelled == 2
    await desk.see(OPEN)
    await desk.work()
    assert desk.held == []


async def test_the_release_of_another_hold_does_not_say_that_it_is_wanted(desk: Desk) -> None:
    await desk.see(ASKED)
    unknown = order(desk.run).lines[0].model_copy(update={"sku": "B", "status": OPEN})
    await desk.see(OPEN, lines=(unknown,))
    assert sorted(desk.held) == ["cancellation_taken_back", "unknown_sku"]
    know(desk.run, "B")
    await desk.release("unknown_sku")
    assert desk.held == ["cancellation_taken_back"]
