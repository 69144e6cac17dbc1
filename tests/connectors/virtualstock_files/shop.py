"""One seller whose account is folders: its world, its ledger, and the loops as the flows walk them."""

import os
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select
from sqlmodel import SQLModel

from connectors.files import FileStore
from domain.installation import Installation
from ledger.database import Database
from ledger.rows import table
from ledger.schema import create
from ledger.tables import Hold
from sandbox.virtualstock import Account, Virtualstock
from sandbox.virtualstock.folders import EdgeFolders
from tasks.carriers import compare_carriers
from tasks.confirm import confirm
from tasks.filing import file
from tasks.judge import judge
from tasks.loops import DISPATCH, ITEMS, LOOPS
from tasks.pull import pull
from tasks.push import push
from tasks.run import Run, open_connectors, surroundings
from tests.directory import Directory
from tests.doubles import ManualClock
from tests.stateful.effects import ByHost
from tests.stateful.offices import OFFICES

NAME = "harbour"
OFFICE = OFFICES["cin7_core"]
SKUS = {"CUP-1": "23000001", "JUG-1": "23000002"}
EAN = "5000000000012"
EDGE_HOST = "virtualstock.test"
EDGE_ENVIRONMENT = {
    "HARBOUR_VIRTUALSTOCK_BASE_URL": f"http://{EDGE_HOST}",
    "HARBOUR_VIRTUALSTOCK_USERNAME": "user",
    "HARBOUR_VIRTUALSTOCK_PASSWORD": "edge-password",
    "HARBOUR_VIRTUALSTOCK_FILES_HOST": "edge.test",
    "HARBOUR_VIRTUALSTOCK_FILES_USERNAME": "supplier",
    "HARBOUR_VIRTUALSTOCK_FILES_HOST_KEY": "ssh-ed25519 AAAA",
    "HARBOUR_VIRTUALSTOCK_FILES_PASSWORD": "a pretend password",
}


class Shop:
    """The Edge with both its doors, a back office, and one ledger file."""

    def __init__(self, home: Path, mode: str = "trade") -> None:
        self.clock = ManualClock()
        self.home = home
        self.edge = Virtualstock(self.clock, accounts=[Account(NAME, "user", "edge-password")])
        self.office: Any = OFFICE.make(self.clock, 0)
        self.folders = EdgeFolders(self.edge.state, NAME, self.clock, home / "server")
        self.files = Directory(home / "server", before=self._look, after=self._look)
        self.database = Database(f"sqlite:///{home / 'ledger.sqlite'}", self.clock)
        create(self.database)
        listings = home / "listings.csv"
        listings.write_text("stock_number,sku,ean\n" + "".join(f"{n},{sku},{EAN}\n" for sku, n in SKUS.items()))
        for sku, number in SKUS.items():
            self.office.add_product(sku=sku, ean=EAN, quantity=20)
            self.edge.add_product(NAME, stock_number=number, sku=sku, ean=EAN, free_stock=20)
        os.environ.update({**EDGE_ENVIRONMENT, **OFFICE.environment})
        os.environ["HARBOUR_VIRTUALSTOCK_FILES_LISTINGS"] = str(listings)
        self.transport: httpx.AsyncBaseTransport = ByHost({EDGE_HOST: self.edge.app, OFFICE.host: self.office.app})
        self._settings = OFFICE.installation(NAME, self.clock.now())
        self._settings["back_office"]["options"] = {"price_when_unsent": "0"}  # no file of an order holds a price
        self._settings["loops"] = {loop: {"mode": mode} for loop in ("orders", "stock", "dispatch", "items")}
        self.by_files()

    def _look(self, _call: str, _path: str) -> None:
        self.folders.look()

    def by_files(self) -> None:
        """Let the account be one of folders."""
        options = {"time_zone": "UTC", "puts_away": True, "carriers": ["dpd", "evri"]}
        marketplace = {"system": "virtualstock_files", "account": "harbour-marketplace", "options": options}
        self.installation = Installation.model_validate({**self._settings, "marketplace": marketplace})

    def by_rest(self) -> None:
        """Let the account be one of REST."""
        self.installation = Installation.model_validate(self._settings)

    async def run(
        self, *names: str, database: Database | None = None, files: FileStore | None = None, minutes: float = 11
    ) -> None:
        """Walk a slice of each of these loops, each as a process of its own; time passes after each."""
        for name in names:
            await run_slice(name, self.installation, database or self.database, self.transport, files or self.files)
            self.clock.move(minutes * 60)
            self.folders.look()

    def rows(self, of: type[SQLModel], **wanted: str) -> list[Any]:
        """Return rows of the ledger, those still open of holds."""
        columns = table(of)
        where = [columns.c[name] == value for name, value in wanted.items()]
        if of is Hold:
            where.append(columns.c.closed_at.is_(None))
        with self.database.transaction(NAME) as tx:
            return tx.rows(select(columns).where(*where).order_by(*columns.primary_key))

    def statuses(self, reference: str) -> list[str]:
        """Return the states of an order's lines at The Edge."""
        order = self.edge.state.supplier(NAME).orders.by_reference(reference)
        assert order is not None
        return [line.status for line in order.lines]

    def created(self) -> list[str]:
        """Return the order numbers of all sales orders in the back office."""
        return [self.office.order_reference(order) for order in self.office.open_orders()]


async def run_slice(
    name: str,
    installation: Installation,
    database: Database,
    transport: httpx.AsyncBaseTransport | None,
    files: FileStore | None,
) -> Run:
    """Walk one slice of a loop as its flow does."""
    connectors = open_connectors(installation, surroundings(database, transport, files))
    run = Run(installation, LOOPS[name], database, connectors, run_id=f"{name}-{os.getpid()}")
    try:
        if run.loop is DISPATCH:
            await compare_carriers(run)
        await confirm(run)
        async for chunk in pull(run):
            await file(run, await judge(run, chunk))
        if run.loop is not ITEMS:
            await push(run)
    finally:
        for connector in connectors.values():
            await connector.close()
    return run
