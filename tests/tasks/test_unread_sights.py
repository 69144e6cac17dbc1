"""What was sent stays unknown although the newest sight of its order cannot be read, or does not pass its gate."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from domain.answers import Absent, Found, NotYet, Unknown
from domain.installation import Side
from domain.records import Address, Kind, LineStatus, Page, Received, Reject
from ledger import holds, inbox, messages, orders, payloads
from ledger.database import Database
from ledger.rows import table
from ledger.tables import Inbox, Message
from sandbox.kit import Fault
from tasks.composing import CannotCompose
from tasks.confirm import confirm, go_live
from tasks.filing import file
from tasks.judge import Judged, judge
from tasks.loops import INTAKES, ORDERS
from tasks.operators import release
from tasks.pull import Pulled, pull_chunk
from tasks.push import push
from tasks.run import Run, Walk
from tasks.settling import settle_unsayable
from tests.doubles import ManualClock
from tests.stateful.offices import OFFICES
from tests.tasks.making import Office, Shop, installation, know, order, run_of, show
from tests.tasks.trading import Trade, trading

ORDERS_INTAKE = INTAKES[Side.MARKETPLACE, Kind.SALES_ORDER]
CREATES = {
    "cin7_core": "/ExternalApi/v2/sale/order",
    "deposco": "/latest/orders/salesOrders",
    "fulfil": r"/api/v2/model/sale\.channel/create_order",
    "magento": "/rest/default/V1/orders",
    "seko": "/api/salesorders/v4/websubmit",
}
BAD = {"key": "1", "lines": "none"}


@pytest.fixture
def trade(office: str) -> Iterator[Trade]:
    """An order stands in the back office, the answer was lost, and its next sight cannot be read."""
    with trading(office) as opened:
        opened.run("items", "stock", "orders")
        yield opened


def lost(trade: Trade, office: str) -> tuple[str, dict[str, Any]]:
    """Let an order be created and the answer be lost; return its number, and its line as The Edge shows it."""
    reference = trade.order("SKU-0")
    trade.office.receive_stock("SKU-0", 10)
    trade.office.faults.append(Fault(method="POST|PUT", path=CREATES[office], when="after", status=502))
    trade.run("orders")
    assert (trade.taken(), trade.acknowledged()) == ({reference: 1}, set())
    line: dict[str, Any] = trade.edge.state.supplier("harbour").orders.by_reference(reference).lines[0].item
    return reference, line


@pytest.mark.parametrize("office", sorted(OFFICES))
def test_what_cannot_be_read_any_more_is_looked_up_by_what_could_and_never_created_twice(
    trade: Trade, office: str
) -> None:
    reference, line = lost(trade, office)
    line["quantity"] = "1.0 "
    for _ in range(2):
        trade.wait(300)
        trade.run("orders")
    assert ("malformed_payload", "inbox") in [(one.type, one.subject) for one in trade.held()]
    with trade.machine.database.transaction("harbour") as tx:
        [known] = orders.known(tx, [*orders.by_reference(tx, [reference]).values()]).values()
        assert known.life.taken, "it is looked up by what could be read"
    line["quantity"] = 1
    trade.run("orders")
    assert {one.type for one in trade.held()} <= {"contradiction"}, "of its acknowledgement, which could not be seen"
    trade.ask(release, order=reference, cause=0, message=0, reason="it can be read", by="Sam", dry_run=False)
    for _ in range(4):
        trade.wait(300)
        trade.run("orders")
    assert trade.held() == []
    assert (trade.taken(), trade.acknowledged()) == ({reference: 1}, {reference})


class Desk:
    """One order, sent, of which nobody knows whether it was taken."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database, self.clock, self.shop, self.office = database, clock, Shop(), Office()
        self.run = self.next_run()
        go_live(self.run)
        know(self.run, "A")
        self.placed_at = clock.now()

    def next_run(self) -> Run:
        self.clock.move(300)
        self.run = run_of(self.database, ORDERS, self.shop, self.office, installation(self.clock))
        return self.run

    async def see(self, status: LineStatus = LineStatus.OPEN, **more: Any) -> None:
        run = self.next_run()
        await show(run, order(run, status=status, placed_at=self.placed_at, **more))

    async def see_unread(self, raw: Any = None) -> None:
        run = self.next_run()
        run.walks[ORDERS_INTAKE.name] = Walk(began_at=run.clock.now())
        page = Page([], [Reject("1", raw or BAD, "its lines are none")], began_at=run.clock.now())
        await file(run, Judged(Pulled(ORDERS_INTAKE, page, last=True), []))

    def release(self) -> None:
        with self.run.transaction() as tx:
            release(tx, order="1", cause=0, message=0, reason="mended", by="Sam", dry_run=False)

    async def read_released(self) -> None:
        run = self.next_run()
        released = await pull_chunk(run, ORDERS_INTAKE)
        assert released is not None
        await file(run, await judge(run, released))

    async def work(self) -> None:
        run = self.next_run()
        await confirm(run)
        await push(run)

    @property
    def sent(self) -> int:
        return len(self.office.sales_order_sink.sent)

    @property
    def held(self) -> list[tuple[str, str]]:
        with self.run.transaction() as tx:
            return [(one.type, one.subject) for one in holds.open_holds(tx)]

    @property
    def message(self) -> Any:
        with self.run.transaction() as tx:
            return tx.one(select(table(Message)).where(table(Message).c.kind == Kind.SALES_ORDER))


@pytest.fixture
async def desk(database: Database, clock: ManualClock) -> Desk:
    desk = Desk(database, clock)
    await desk.see()
    return desk


async def sent_and_lost(desk: Desk) -> None:
    desk.office.sales_order_sink.answer, desk.office.sales_order_sink.finding = Unknown("lost"), NotYet()
    await desk.work()
    assert desk.sent == 1


async def test_what_cannot_be_read_stands_beside_what_could_and_is_held_once(desk: Desk) -> None:
    for _ in range(2):
        await desk.see_unread()
    assert desk.held == [("malformed_payload", "inbox")]
    with desk.run.transaction() as tx:
        rows = {row.gate: row for row in tx.rows(select(table(Inbox)))}
        originals = payloads.load(tx, [row.payload_id for row in rows.values()])
    assert originals[rows[inbox.REJECTED].payload_id] == BAD
    assert originals[rows[inbox.PASSED].payload_id]["key"] == "1"
    assert {row.order_key for row in rows.values()} == {"1"}, "both are erased with their order"
    await desk.see_unread({"other": "words"})
    assert desk.held == [("malformed_payload", "inbox")]


async def test_what_was_never_sent_waits_until_the_newest_sight_can_be_read(desk: Desk) -> None:
    await desk.see_unread()
    await desk.work()
    assert desk.sent == 0, "nobody knows what the newest sight says"
    await desk.see()
    assert desk.held == []
    await desk.work()
    assert desk.sent == 1


async def test_the_same_unreadable_sight_is_held_again_after_one_that_could_be_read(desk: Desk) -> None:
    await desk.see_unread()
    await desk.see()
    await desk.see_unread()
    assert desk.held == [("malformed_payload", "inbox")]


async def test_a_page_that_was_read_before_it_proves_nothing(desk: Desk) -> None:
    early = desk.run.clock.now()
    await desk.see_unread()
    run = desk.run
    seen = order(run, placed_at=desk.placed_at)
    page = Page([Received(seen, seen.model_dump(mode="json"))], [], began_at=early)
    await file(run, Judged(Pulled(ORDERS_INTAKE, page, last=True), []))
    assert desk.held == [("malformed_payload", "inbox")]


async def test_a_released_sight_that_can_be_read_now_is_filed_and_no_longer_stands_beside(desk: Desk) -> None:
    later = order(desk.run, placed_at=desk.placed_at, gift_message="later").model_dump(mode="json")
    await desk.see_unread(later)  # what could not be read then can be read now
    desk.release()
    await desk.read_released()
    assert desk.held == []
    with desk.run.transaction() as tx:
        [row] = tx.rows(select(table(Inbox)))
        assert inbox.originals(tx, [row.id])[row.id]["gift_message"] == "later"
    await desk.work()
    assert desk.sent == 1


async def test_a_message_that_cannot_be_composed_stays_unknown_and_is_looked_up_after_a_release(desk: Desk) -> None:
    await sent_and_lost(desk)
    desk.shop.sales_order_feed.parse = lambda raw: Reject("1", raw, "we have forgotten how")  # type: ignore[method-assign]
    await desk.work()
    assert desk.held == [("malformed_payload", "message")]
    attempted_at = desk.message.attempted_at
    assert attempted_at is not None
    del desk.shop.sales_order_feed.parse
    desk.release()
    desk.office.sales_order_sink.finding = Found("it stands there", "77")
    await desk.work()
    assert (desk.sent, desk.held, desk.message.closed_as) == (1, [], "done")


async def test_what_was_never_sent_and_cannot_be_composed_still_counts_as_never_sent(desk: Desk) -> None:
    desk.shop.sales_order_feed.parse = lambda raw: Reject("1", raw, "we have forgotten how")  # type: ignore[method-assign]
    await desk.work()
    assert (desk.held, desk.message.resends) == ([("malformed_payload", "message")], 0)


async def test_a_dispatch_taken_for_later_keeps_its_ticket_although_it_cannot_be_composed(desk: Desk) -> None:
    """Sent again, it may become a second shipment."""
    with desk.run.transaction() as tx:
        messages.owe(tx, [messages.Owed(Kind.DISPATCH, "p-1", "1", Side.MARKETPLACE, 0)])
        [claimed] = messages.claim(tx, Kind.DISPATCH, 9, desk.run.lease, looking=False)
        assert messages.note(tx, claimed, attempted_at=tx.now, ticket="ticket-1", lease_until=None)
        [claimed] = messages.claim(tx, Kind.DISPATCH, 9, desk.run.lease, looking=True)
        settle_unsayable(desk.run, tx, claimed, CannotCompose("unmapped_carrier", "no longer mapped"))
        [message] = messages.open_of(tx, Kind.DISPATCH, 9)
    assert (message.ticket, message.attempted_at) == ("ticket-1", claimed.attempted_at)
    assert desk.held == [("unmapped_carrier", "message")]


async def test_what_was_sent_is_looked_up_although_its_address_is_awaited_again(desk: Desk) -> None:
    await sent_and_lost(desk)
    await desk.see(ship_to=Address(), address_follows=True)
    desk.office.sales_order_sink.finding = Found("it stands there", "77")
    await desk.work()
    assert (desk.message.closed_as, desk.held) == ("done", [])


async def test_what_was_sent_is_looked_up_but_not_sent_again_while_a_newer_version_is_held(desk: Desk) -> None:
    await sent_and_lost(desk)
    know_nothing = order(desk.run).lines[0].model_copy(update={"sku": "B"})
    await desk.see(lines=(know_nothing,))
    assert desk.held == [("unknown_sku", "inbox")]
    desk.office.sales_order_sink.finding, asked = Absent(), len(desk.office.sales_order_sink.asked)
    for _ in range(3):
        await desk.work()
    assert len(desk.office.sales_order_sink.asked) > asked
    assert desk.sent == 1, "what did not pass the gate is not sent"
    know(desk.run, "B")
    desk.office.sales_order_sink.answer = Unknown("lost again")
    desk.release()
    await desk.read_released()
    await desk.work()
    assert (desk.sent, desk.held) == (2, [])


async def test_what_is_found_while_a_newer_version_is_held_is_held_no_more(desk: Desk) -> None:
    await sent_and_lost(desk)
    await desk.see(lines=(order(desk.run).lines[0].model_copy(update={"sku": "B"}),))
    desk.office.sales_order_sink.finding = Found("it stands there", "77")
    await desk.work()
    assert (desk.message.closed_as, desk.held) == ("done", [])
