"""One supplier account of the pretend The Edge behind its folders, and the connector of files, in process."""

import asyncio
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr

from connectors.http import Surroundings
from connectors.virtualstock.files.connector import (
    VirtualstockFiles,
    VirtualstockFilesOptions,
    VirtualstockFilesSettings,
)
from domain.records import Availability, Page, SalesOrder
from sandbox.virtualstock import Account
from sandbox.virtualstock import Virtualstock as Edge
from sandbox.virtualstock.folders import EdgeFolders
from tests.connectors.virtualstock.retailer import ACCOUNT, PASSWORD, Retailer
from tests.connectors.virtualstock_files import cases
from tests.directory import Directory
from tests.doubles import KeptArchive, ManualClock, OpenBudgets

T = TypeVar("T")


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """Run what never waits (the folders are a directory here), also inside a running loop."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return] # what the coroutine returns
    raise AssertionError("it waits")


class Harness(Retailer):
    """The pretend system, its folders, the connector, and what the world can do to them."""

    personal = cases.PERSONAL
    throttled: frozenset[int] = frozenset()
    renews_sign_in = False
    speaks_http = False

    def __init__(self, *, clock: ManualClock | None = None, takes_after: float = 30.0, **options: Any) -> None:
        clock = clock or ManualClock()
        super().__init__(clock, Edge(clock, accounts=[Account(ACCOUNT, "supplier", PASSWORD)]))
        self._home = tempfile.TemporaryDirectory(prefix="edge-files-")
        self.home = Path(self._home.name)
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
            password=SecretStr(PASSWORD),
            listings=self.listings,
        )
        self.options = VirtualstockFilesOptions(**{"time_zone": "UTC", **options})
        self.connector = self.connect()
        self.feeds, self.sinks = cases.feeds(self), cases.sinks(self)

    def connect(self) -> VirtualstockFiles:
        """Return another connector of the same account, as another process would have."""
        return VirtualstockFiles(ACCOUNT, self.settings, self.options, self.surroundings)

    # The world.

    def write_list(self, *rows: str) -> None:
        """Write the list of stock numbers."""
        self.listings.write_text("\n".join(["stock_number,sku,ean", *rows]) + "\n")

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

    # Records.

    def external_id(self, _reference: str) -> str:
        """Return nothing: files name no id."""
        return ""

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

    def availability(self, quantity: int, sku: str = "RED-M", stock_number: str = "12345678") -> Availability:
        """Return the number that shall be offered of a product."""
        return Availability(sku=sku, stock_number=stock_number, quantity=quantity, as_of=self.clock.now())


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, outside of any loop."""
    return asyncio.run(work)
