"""A run on a ledger in memory, between two doubles that play roles without any vendor."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from connectors.roles import (
    FeedShape,
    GivesItems,
    GivesSalesOrders,
    GivesStockLevels,
    OpenOrder,
    OrderLimits,
    TakesAcknowledgements,
    TakesAvailability,
    TakesSalesOrders,
)
from domain.answers import Absent, Answer, Done, Finding
from domain.installation import Installation, Side
from domain.records import Address, Item, Kind, LineStatus, OrderLine, Page, Received, Reject, SalesOrder
from ledger import items
from ledger.database import Database
from tasks.filing import file
from tasks.judge import judge
from tasks.loops import INTAKES, Loop
from tasks.pull import Pulled
from tasks.run import Run, Walk
from tests.doubles import ManualClock

NAME = "towels"
HOME = Address(
    name="Ada Sample", street=("1 Invented Street",), city="Leeds", postcode="LS99 1AA", country="GB", phone="0"
)


class Sink:
    """Answers as it is told to, and remembers what was sent."""

    parallel = 1
    visible_after = timedelta(minutes=1)

    def __init__(self, batch: int = 1) -> None:
        self.batch = batch
        self.sent: list[list[Any]] = []
        self.asked: list[list[Any]] = []
        self.answers: dict[str, Answer | BaseException] = {}
        self.findings: dict[str, Finding | BaseException] = {}
        self.answer: Answer | BaseException = Done("it says so")
        self.finding: Finding | BaseException = Absent()

    async def send(self, records: Sequence[Any]) -> Mapping[str, Answer]:
        self.sent.append(list(records))
        return {one.key: told(self.answers.get(one.key, self.answer)) for one in records}

    async def find(self, records: Sequence[Any]) -> Mapping[str, Finding]:
        self.asked.append(list(records))
        return {one.key: told(self.findings.get(one.key, self.finding)) for one in records}


class FileSink(Sink):
    """A sink that works files off, one at a time."""

    ticket_limit = timedelta(minutes=30)


def told(answer: Any) -> Any:
    """Return an answer, or raise it."""
    if isinstance(answer, BaseException):
        raise answer
    return answer


class OrderFeed:
    """A log whose originals are the records themselves."""

    shape = FeedShape.LOG
    keeps: Mapping[str, Any] = dict.fromkeys(SalesOrder.model_fields, True)
    absent_is_zero = False

    async def read(self, cursor: str | None, about: Sequence[OpenOrder]) -> Page:
        raise NotImplementedError

    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        return Received(SalesOrder.model_validate(raw), raw)


class Shop(GivesSalesOrders, TakesAcknowledgements, TakesAvailability, GivesItems):
    """A marketplace that has no cancellation requests."""

    def __init__(self, availability: Sink | None = None) -> None:
        self.sales_order_feed = self.item_feed = OrderFeed()
        self.acknowledgement_sink, self.availability_sink = Sink(), availability or Sink()


class Office(TakesSalesOrders, GivesStockLevels):
    """A back office that takes orders."""

    order_limits = OrderLimits()

    def __init__(self) -> None:
        self.sales_order_sink = Sink()
        self.stock_feed: Any = None


def installation(clock: ManualClock, **orders: Any) -> Installation:
    return Installation.model_validate(
        {
            "name": NAME,
            "marketplace": {"system": "shop", "account": "shop"},
            "back_office": {"system": "office", "account": "office"},
            "product_master": "back_office",
            "loops": {loop: {"mode": "trade"} for loop in ("orders", "stock", "dispatch", "items")},
            "orders": {"go_live_at": clock.now() - timedelta(days=1), **orders},
        }
    )


def run_of(
    database: Database, loop: Loop, shop: Shop, office: Office, settings: Installation, name: str = "run"
) -> Run:
    connectors: dict[Side, Any] = {Side.MARKETPLACE: shop, Side.BACK_OFFICE: office}
    return Run(settings, loop, database, connectors, run_id=name)


def know(run: Run, *skus: str) -> None:
    """Let the back office have these SKUs."""
    with run.transaction() as tx:
        items.store(tx, Side.BACK_OFFICE, [Item(sku=sku, external_id=f"back-{sku}") for sku in skus])


def order(run: Run, key: str = "1", status: LineStatus = LineStatus.OPEN, **more: Any) -> SalesOrder:
    line = OrderLine(line="1", sku="A", ean=None, stock_number="9", quantity=2, status=status)
    return SalesOrder(
        **{
            "key": key,
            "reference": key,
            "external_id": key,
            "placed_at": run.clock.now(),
            "lines": (line,),
            "ship_to": HOME,
            **more,
        }
    )


async def show(run: Run, *shown: SalesOrder) -> None:
    """Let the marketplace show these orders in one page, and file them."""
    intake = INTAKES[Side.MARKETPLACE, Kind.SALES_ORDER]
    run.walks.setdefault(intake.name, Walk(began_at=run.clock.now()))
    received = [Received(one, one.model_dump(mode="json")) for one in shown]
    await file(run, await judge(run, Pulled(intake, Page(received, [], began_at=run.clock.now()), last=True)))
