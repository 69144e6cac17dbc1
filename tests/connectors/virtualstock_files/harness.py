"""One supplier account of the pretend The Edge behind its folders, and the connector of files, in process."""

import asyncio
import tempfile
from collections.abc import Coroutine, Mapping
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr

from connectors.http import Surroundings
from connectors.virtualstock.files.connector import (
    VirtualstockFiles,
    VirtualstockFilesOptions,
    VirtualstockFilesSettings,
)
from domain.records import Acknowledgement, Availability, Cancellation, DispatchAdvice, LineQuantity, Page, SalesOrder
from sandbox.virtualstock import Account
from sandbox.virtualstock import Virtualstock as Edge
from sandbox.virtualstock.folders import EdgeFolders
from sandbox.virtualstock.orders import Order
from tests.connectors.virtualstock_files import cases
from tests.contract.harness import FeedCase, SinkCase
from tests.directory import Directory
from tests.doubles import KeptArchive, ManualClock, OpenBudgets

ACCOUNT = "harbour"
T = TypeVar("T")


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """Run what never waits (the folders are a directory here), also inside a running loop."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return] # what the coroutine returns
    raise AssertionError("it waits")


class Harness:
    """The pretend system, its folders, the connector, and what the world can do to them."""

    personal = cases.PERSONAL
    throttled: frozenset[int] = frozenset()
    renews_sign_in = False
    speaks_http = False

    def __init__(self, *, clock: ManualClock | None = None, takes_after: float = 30.0, **options: Any) -> None:
        self.clock = clock or ManualClock()
        self._home = tempfile.TemporaryDirectory(prefix="edge-files-")
        self.home = Path(self._home.name)
        self.sandbox = Edge(self.clock, accounts=[Account(ACCOUNT, "supplier", "a pretend password")])
        self.edge = EdgeFolders(self.sandbox.state, ACCOUNT, self.clock, self.home / "server", takes_after=takes_after)
        self.files = Directory(self.home / "server", before=self._look, after=self._look)
        self.archive = KeptArchive()
        self.listings = self.home / "listings.csv"
        self.write_list()
        self.surroundings = Surroundings(self.clock, OpenBudgets(), self.archive, files=self.files)
        self.settings = VirtualstockFilesSettings(
            host="edge.test",
            username="supplier",
            host_key="ssh-ed25519 AAAA",
            password=SecretStr("a pretend password"),
            listings=self.listings,
        )
        self.options = VirtualstockFilesOptions(**{"time_zone": "UTC", **options})
        self.connector = self.connect()
        self._numbers = count(1)
        self._feeds, self._sinks = cases.feeds(self), cases.sinks(self)

    def feeds(self) -> Mapping[type, FeedCase]:
        """Return the case of every feed, by its role."""
        return self._feeds

    def sinks(self) -> Mapping[type, SinkCase]:
        """Return the case of every sink, by its role."""
        return self._sinks

    def connect(self) -> VirtualstockFiles:
        """Return another connector of the same account, as another process would have."""
        return VirtualstockFiles(ACCOUNT, self.settings, self.options, self.surroundings)

    # The world.

    def write_list(self, *rows: str) -> None:
        """Write the list of stock numbers."""
        self.listings.write_text("\n".join(["stock_number,sku,ean", *rows]) + "\n")

    def next_number(self) -> int:
        """Return a number that was not used before."""
        return next(self._numbers)

    def list_product(self, sku: str = "RED-M", stock_number: str = "12345678", free_stock: int = 100) -> str:
        """Enrol a product and return its id."""
        return self.sandbox.add_product(
            ACCOUNT, stock_number=stock_number, sku=sku, ean="5000000000012", free_stock=free_stock
        )

    def place_order(self, *quantities: int, **fields: Any) -> str:
        """Place an order with one line a quantity and return its reference."""
        items = [
            {
                "part_number": f"1234567{number}",
                "supplier_sku_reference": f"SKU-{number}",
                "quantity": quantity,
                "promised_date": "2026-03-09T00:00:00",
            }
            for number, quantity in enumerate(quantities or (2,), start=1)
        ]
        return self.sandbox.place_order(ACCOUNT, {"items": items, **fields})

    def cancel(self, reference: str, lines: list[str] | None = None) -> None:
        """Let the customer ask to cancel."""
        self.sandbox.request_cancellation(ACCOUNT, reference, lines)

    def acknowledge_elsewhere(self, reference: str) -> None:
        """Let somebody acknowledge an order in the portal."""
        order = self._shown(reference)
        for line in order.lines:
            line.item["status"] = "ORDER_ACK"
        self.sandbox.state.supplier(ACCOUNT).orders.settle(order)

    def _look(self, _call: str, _path: str) -> None:
        self.edge.look()

    def time_passes(self, minutes: float = 11) -> None:
        """Let the vendor's job go round, before and after."""
        self.edge.look()
        self.clock.move(minutes * 60)
        self.edge.look()

    def names(self, folder: str) -> set[str]:
        """Return the names of the files in a folder of the account's live side."""
        place = self.home / "server" / "live" / folder
        return {path.name for path in place.iterdir() if path.is_file()} if place.is_dir() else set()

    def path(self, folder: str, name: str) -> Path:
        """Return where a file lies on this machine."""
        return self.home / "server" / "live" / folder / name

    # The truth.

    def order(self, reference: str) -> dict[str, Any]:
        """Return an order as the pretend system's audit shows it."""
        return self._shown(reference).dump()

    def statuses(self, reference: str) -> list[str]:
        """Return the states of an order's lines."""
        return [line["status"] for line in self.order(reference)["lines"]]

    def _shown(self, reference: str) -> Order:
        order = self.sandbox.state.supplier(ACCOUNT).orders.by_reference(reference)
        assert order is not None
        return order

    def sent_about(self, reference: str, prefix: str, ending: str) -> int:
        """Return how many files about an order lie in the outgoing folder whole, or were taken as good."""
        lying = [
            name
            for name in self.names("outgoing")
            if name.endswith(ending) and f"{name}.DONE" in self.names("outgoing")
        ]
        mine = [n for n in lying if n.startswith(prefix) and reference in self.path("outgoing", n).read_text()]
        state = {"order": "acknowledged_at", "cancel": "cancelled_at"}.get(prefix)
        order = self.order(reference)
        taken = bool(order[state]) if state else max(len(line["dispatches"]) for line in order["lines"]) > 0
        if prefix == "dispatch" and taken:
            return len(mine) + max(len(line["dispatches"]) for line in order["lines"])
        return len(mine) + int(taken and not mine)

    def published(self, sku: str) -> int:
        """Return the units that the retailer sells at most now."""
        return self.sandbox.published(ACCOUNT, sku)

    # Records.

    async def read_pages(self, connector: VirtualstockFiles | None = None, cursor: str | None = None) -> list[Page]:
        """Read the incoming folder to its end."""
        feed = (connector or self.connector).sales_order_feed
        pages = [await feed.read(cursor, ())]
        while pages[-1].more:
            pages.append(await feed.read(pages[-1].cursor, ()))
        return pages

    async def read_orders(self) -> list[SalesOrder]:
        """Read the incoming folder with a fresh connector and return the orders."""
        return [one.record for page in await self.read_pages(self.connect()) for one in page.received]

    def lines(self, reference: str, quantity: int | None = None) -> tuple[LineQuantity, ...]:
        """Return the lines of an order; `quantity` instead of the ordered one."""
        return tuple(
            LineQuantity(
                line=line["line"],
                sku=line["sku"],
                stock_number=line["stock_number"],
                quantity=quantity or line["quantity"],
                ordered=line["quantity"],
            )
            for line in self.order(reference)["lines"]
        )

    def acknowledgement(self, reference: str) -> Acknowledgement:
        """Return the acknowledgement of an order."""
        return Acknowledgement(
            key=reference,
            reference=reference,
            external_id="",
            lines=self.lines(reference),
            dispatch_by_at=self.clock.now() + timedelta(days=2),
        )

    def cancellation(self, reference: str, quantity: int | None = None) -> Cancellation:
        """Return the confirmation of a cancellation."""
        return Cancellation(key=reference, reference=reference, external_id="", lines=self.lines(reference, quantity))

    def dispatch(self, reference: str, *, key: str = "shipment-1", carrier: str = "dpd") -> DispatchAdvice:
        """Return the dispatch of an order."""
        return DispatchAdvice(
            key=key,
            reference=reference,
            external_id="",
            carrier_code=carrier,
            tracking_number="15500000000001",
            shipped_on=date(2026, 3, 2),
            lines=self.lines(reference),
        )

    def availability(self, quantity: int, sku: str = "RED-M", stock_number: str = "12345678") -> Availability:
        """Return the number that shall be offered of a product."""
        return Availability(sku=sku, stock_number=stock_number, quantity=quantity, as_of=self.clock.now())


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, outside of any loop."""
    return asyncio.run(work)
