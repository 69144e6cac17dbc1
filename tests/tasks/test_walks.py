"""How far a queue is walked: to its end, or until no more can wait in it than is known."""

from collections.abc import Sequence

import pytest

from connectors.roles import FeedShape, OpenOrder
from domain.installation import Side
from domain.records import Kind, Page, Received, SalesOrder
from ledger import inbox
from ledger.database import Database
from tasks.confirm import go_live
from tasks.filing import file
from tasks.judge import judge
from tasks.loops import ORDERS
from tasks.pull import pull
from tasks.run import Run
from tests.doubles import ManualClock
from tests.tasks.making import Office, OrderFeed, Shop, installation, know, order, run_of


class Queue(OrderFeed):
    """Orders that wait, one a page."""

    shape = FeedShape.QUEUE

    def __init__(self) -> None:
        self.waiting: list[SalesOrder] = []

    async def read(self, cursor: str | None, about: Sequence[OpenOrder]) -> Page:
        at = int(cursor or 0)
        shown = self.waiting[at]
        more = at + 1 < len(self.waiting)
        received = [Received(shown, shown.model_dump(mode="json"))]
        page = Page(received, [], began_at=shown.placed_at, cursor=str(at + 1) if more else None, more=more)
        page.total = len(self.waiting)
        return page


class Desk:
    """An installation whose marketplace shows a queue."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database, self.clock, self.queue = database, clock, Queue()
        self.shop = Shop()
        self.shop.sales_order_feed = self.queue
        go_live(self.run())
        know(self.run(), "A")
        self.queue.waiting.append(order(self.run(), "1"))

    def run(self) -> Run:
        """Begin another run of the orders."""
        return run_of(self.database, ORDERS, self.shop, Office(), installation(self.clock))

    async def walked(self) -> list[str]:
        """Return the orders that one run sees."""
        self.clock.move(60)
        run, seen = self.run(), list[str]()
        async for chunk in pull(run):
            seen += [one.record.key for one in chunk.page.received]
            await file(run, await judge(run, chunk))
        return seen

    def reject(self, side: Side, kind: Kind) -> None:
        with self.database.transaction("towels") as tx:
            inbox.store(tx, [inbox.Arrival(side, kind, "odd", "print", {}, {}, inbox.REJECTED)])


@pytest.fixture
def desk(database: Database, clock: ManualClock) -> Desk:
    return Desk(database, clock)


async def test_it_ends_where_no_more_waits_than_is_known(desk: Desk) -> None:
    desk.queue.waiting.append(order(desk.run(), "2"))
    assert await desk.walked() == ["1", "2"]
    assert await desk.walked() == ["1"]


@pytest.mark.parametrize(
    ("side", "kind", "seen"),
    [(Side.MARKETPLACE, Kind.SALES_ORDER, ["1"]), (Side.BACK_OFFICE, Kind.DISPATCH, ["1", "2", "3"])],
)
async def test_only_an_order_that_cannot_be_read_is_known_to_wait(
    desk: Desk, side: Side, kind: Kind, seen: list[str]
) -> None:
    desk.queue.waiting.append(order(desk.run(), "2"))
    await desk.walked()
    desk.reject(side, kind)
    desk.queue.waiting.append(order(desk.run(), "3"))
    assert await desk.walked() == seen
