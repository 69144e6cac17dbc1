"""A shipment that its back office tells, and tells otherwise later; between doubles, on a real ledger."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType, SimpleNamespace
from typing import Any

from connectors.roles import FeedShape, OpenOrder, TakesDispatches
from domain.installation import Installation, Side
from domain.orders import LineLife
from domain.records import Dispatch, DispatchAdvice, Kind, Page, Received, Reject, ShippedLine
from ledger import holds, items, orders
from ledger.database import Database
from tasks import operators
from tasks.confirm import confirm
from tasks.filing import file
from tasks.judge import judge
from tasks.loops import DISPATCH, INTAKES
from tasks.pull import Pulled, pull
from tasks.push import push
from tasks.run import Run, Walk
from tests.doubles import ManualClock
from tests.ledger.making import save_order
from tests.stateful.offices import OFFICES
from tests.tasks.making import Sink

INTAKE = INTAKES[Side.BACK_OFFICE, Kind.DISPATCH]
FIRST, SECOND = "15501234567001", "15501234567002"


class Feed:
    shape = FeedShape.LOG
    keeps: Mapping[str, Any] = dict.fromkeys(Dispatch.model_fields, True)
    absent_is_zero = False

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock

    async def read(self, cursor: str | None, about: list[OpenOrder]) -> Page:
        return Page([], [], began_at=self.clock.now(), cursor="read")

    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        if raw.get("voided"):
            return Reject(raw["key"], raw, "it was rolled back", "dispatch_does_not_fit")
        return Received(Dispatch.model_validate(raw), raw)


class DispatchShop(TakesDispatches):
    def __init__(self) -> None:
        self.dispatch_sink: Any = Sink(batch=10)

    async def carriers(self) -> list[Any]:
        return []


class World:
    """One order of two mugs and a jug, an office that tells its shipments, and a marketplace that takes them."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.clock, self.shop = clock, DispatchShop()
        settings = Installation.model_validate(OFFICES["magento"].installation("harbour", clock.now()))
        office: Any = SimpleNamespace(dispatch_feed=Feed(clock))
        connectors: dict[Side, Any] = {Side.BACK_OFFICE: office, Side.MARKETPLACE: self.shop}
        self.run = Run(settings, DISPATCH, database, connectors, run_id="run-1")
        with self.run.transaction() as tx:
            save_order(tx, "1", LineLife("a", "MUG", 2), LineLife("b", "JUG", 1))
            orders.mark(tx, "1", dispatch_by_at=tx.now + timedelta(days=2))
            items.approve_carriers(tx, {"dpd": "DPD", "evri": "Evri"}, "a test")
            for carrier in ("DPD", "Evri"):
                items.map_carrier(
                    tx, carrier, "", carrier.lower(), owner="warehouse", review_on="2027-01-31", by="a test"
                )

    def show(
        self,
        tracking: str | None = FIRST,
        carrier: str = "DPD",
        key: str = "S1",
        units: Mapping[str, int] = MappingProxyType({"MUG": 2}),
    ) -> None:
        """Let the office show a shipment, and file it."""
        lines = tuple(ShippedLine(sku=sku, quantity=quantity) for sku, quantity in units.items())
        told = Dispatch(
            key=key,
            order_id="o",
            order_reference="CON-1",
            carrier=carrier,
            tracking_number=tracking,
            shipped_at=self.clock.now().replace(microsecond=0, second=0, minute=0),
            lines=lines,
        )
        self.read(Received(told, told.model_dump(mode="json")))

    def void(self) -> None:
        """Let the office take the shipment back."""
        self.read(Reject("S1", {"key": "S1", "voided": True}, "it was rolled back", "dispatch_does_not_fit"))

    def read(self, one: Received | Reject) -> None:
        page = Page([], [], began_at=self.clock.now())
        if isinstance(one, Received):
            page.received.append(one)
        else:
            page.rejects.append(one)
        self._file(Pulled(INTAKE, page, last=True))

    def file_released(self) -> None:
        """Judge and file what was put back before the gate."""
        self.run.begin_slice()
        self.run.walks.clear()

        async def released() -> None:
            async for chunk in pull(self.run):
                await file(self.run, await judge(self.run, chunk))

        asyncio.run(released())

    def _file(self, pulled: Pulled) -> None:
        self.clock.move(60)
        self.run.walks[INTAKE.name] = Walk(began_at=self.clock.now())
        asyncio.run(file(self.run, asyncio.run(judge(self.run, pulled))))

    def send(self) -> None:
        self.clock.move(60)
        self.run.begin_slice()
        asyncio.run(push(self.run))

    def look(self) -> None:
        self.clock.move(3600)
        self.run.begin_slice()
        asyncio.run(confirm(self.run))

    @property
    def sent(self) -> list[DispatchAdvice]:
        return [one for batch in self.shop.dispatch_sink.sent for one in batch]

    @property
    def held(self) -> list[str]:
        with self.run.transaction() as tx:
            return [one.type for one in holds.open_holds(tx)]

    def line(self, name: str = "a") -> LineLife:
        with self.run.transaction() as tx:
            return next(line for line in orders.known(tx, ["1"])["1"].life.lines if line.line == name)

    def release(self) -> None:
        """Let a person release what is held, by the form."""
        with self.run.transaction() as tx:
            [one] = holds.open_holds(tx)
            operators.release(
                tx, order="", cause=one.cause_id, message=0, reason="amended by hand", by="Kim", dry_run=False
            )
