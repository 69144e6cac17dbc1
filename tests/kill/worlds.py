"""The small worlds in which a loop is killed: what customers and the warehouse did just before."""

import asyncio
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import event
from stdnum import ean

from connectors.files import FileStore
from connectors.sftp import SftpAddress
from domain.installation import Installation, Side
from domain.limits import OrderLimits
from domain.records import Kind
from expectations import gate
from ledger.database import Database
from ledger.schema import create
from sandbox.trade import VoidsPicks
from tasks.loops import LOOPS, Loop
from tasks.run import Run, open_connectors, surroundings
from tests.kill.clock import EPOCH, SharedClock
from tests.stateful.effects import ByHost
from tests.stateful.markets import MARKETS
from tests.stateful.offices import OFFICES
from tests.walking import walked

NAME = "harbour"
QUANTITIES = {"CUP-1": 20, "CUP-2": 9, "JUG-1": 12, "JUG-2": 7, "PAN-1": 5}
AGE_LIMIT_MINUTES = 240
VENDOR = Path("vendor")
LONG_ENOUGH_SECONDS = 150  # for a file to be worked off, and for an accepted order to be paid


@dataclass(frozen=True)
class Job:
    """What one process does, slice after slice, before it ends; and what happened before: loops and events.

    `afterwards` are the loops that go on meanwhile, as they do every few minutes: they run once at the end.

    A dispatch or an acknowledgement is sent in one slice and proved in the next; a rise of the
    stock waits for a younger pull of the orders. So a job is the slices until all is final.
    What was taken is read back minutes later: in `settles_in` more runs.
    """

    slices: tuple[str, ...]
    afterwards: tuple[str, ...] = ()
    settles_in: int = 1
    history: tuple["str | Callable[[World], None]", ...] = ()


class World:
    """A marketplace, one back office and one ledger file, all three in this process until it forks.

    What a marketplace of files keeps is in the working directory, so that a fork can go on with a copy of it.
    """

    def __init__(self, office: str, folder: Path, market: str = "virtualstock") -> None:
        self.clock = SharedClock()
        self.office_kind, self.market = OFFICES[office], MARKETS[market]
        self.edge: Any = self.market.make(self.clock, 0)
        self.office: Any = self.office_kind.make(self.clock, 0)
        self.sftp: SftpAddress | None = None
        """Where the marketplace's folders are served, if it has any."""
        self.ledger = folder / "ledger.sqlite"
        settings = self.market.joined(self.office_kind.installation(NAME, EPOCH))
        settings["stock"] = {"age_limit_minutes": AGE_LIMIT_MINUTES}
        self.installation = Installation.model_validate(settings)
        environment = self.market.furnish(self.edge, VENDOR)
        os.environ.update({**self.market.environment, **self.office_kind.environment, **environment})
        for number, (sku, quantity) in enumerate(QUANTITIES.items()):
            self.office.add_product(sku=sku, ean=ean_of(sku), quantity=quantity)
            self.edge.add_product(NAME, stock_number=f"{23000001 + number}", sku=sku, ean=ean_of(sku))
        self.database = Database(f"sqlite:///{self.ledger}", self.clock)
        create(self.database)

    def move_to(self, folder: Path) -> None:
        """Go on with a copy of the files in another folder; for a fork, which shares nothing but compiled SQL."""
        if VENDOR.exists():
            shutil.copytree(VENDOR, folder / VENDOR)
        self.ledger = Path(shutil.copy(self.ledger, folder))
        os.chdir(folder)
        for engine in (self.database.engine, self.database._hasty):
            event.listen(engine, "do_connect", lambda _dialect, _record, arguments, _: _here(arguments, self))

    def live(self, job: Job) -> None:
        """Let the job's history happen, undisturbed and without a socket."""
        for step in job.history:
            if isinstance(step, str):
                self.run(step)
            else:
                step(self)
            self.clock.move(LONG_ENOUGH_SECONDS)
        self._make_suites()
        self.database.close()

    def run(self, name: str) -> None:
        """Run a loop once, without a socket."""
        asyncio.run(run_slice(LOOPS[name], self.installation, self.database, *self._roads()))

    def _roads(self) -> tuple[ByHost, FileStore | None]:
        transport = ByHost({self.market.host: self.edge.app, self.office_kind.host: self.office.app})
        return transport, self.edge.store() if self.market.by_files else None

    def _make_suites(self) -> None:
        """Make the gate's suites once, before any fork: that takes longer than most slices."""
        office: Any = open_connectors(self.installation, surroundings(self.database, *self._roads()))[Side.BACK_OFFICE]
        for kind in gate._FRAMES:
            gate._suite_and_batch(kind, office.order_limits if kind is Kind.SALES_ORDER else OrderLimits())


def _here(arguments: list[Any], world: World) -> None:
    arguments[0] = str(world.ledger)


async def run_slice(
    loop: Loop,
    installation: Installation,
    database: Database,
    transport: httpx.AsyncBaseTransport,
    files: FileStore | None = None,
) -> None:
    """Walk one slice of a loop as its flow does."""
    connectors = open_connectors(installation, surroundings(database, transport, files))
    run = Run(installation, loop, database, connectors, run_id=f"{loop.name}-{os.getpid()}")
    try:
        await walked(run)
        assert not run.faults
    finally:
        for connector in connectors.values():
            await connector.close()


def ean_of(sku: str) -> str:
    """Return an invented EAN-13 with a true check digit."""
    digits = f"50123456{list(QUANTITIES).index(sku):04d}"
    return f"{digits}{ean.calc_check_digit(digits)}"


def _orders_are_placed(world: World) -> None:
    """Three orders: one of two lines, one of one, and one that its customer cancels before we see it."""
    for basket in ({"CUP-1": 2, "JUG-1": 1}, {"PAN-1": 1}):
        assert world.edge.buy_basket(NAME, basket)
    regretted = world.edge.buy(NAME, "CUP-2", 1)
    assert regretted
    world.edge.request_cancellation(NAME, regretted)


def _orders_come(world: World) -> None:
    """The orders are placed; where acceptance comes first, they are accepted and paid before the job begins."""
    _orders_are_placed(world)
    _let_it_be_paid(world)


def _let_it_be_paid(world: World) -> None:
    """Where acceptance comes before the address: let the orders be accepted, and paid, before the job begins."""
    if world.market.accepts_first:
        world.run("orders")


def _order_comes(world: World) -> None:
    assert world.edge.buy(NAME, "CUP-1", 2)
    _let_it_be_paid(world)


def _orders_leave(world: World) -> None:
    """All orders leave; where there are pick lists, one of them is cancelled instead."""
    leaving = world.office.open_orders()
    if isinstance(world.office, VoidsPicks):
        world.office.void_pick(leaving.pop())
    for number, order in enumerate(leaving):
        world.office.ship(order, "DPD", f"15501234567{number:03d}")


def _stock_moves(world: World) -> None:
    """One SKU sells out elsewhere, one falls, one breaks, one is received."""
    assert world.office.sell_elsewhere("PAN-1", QUANTITIES["PAN-1"])
    assert world.office.sell_elsewhere("CUP-1", 5)
    world.office.receive_stock("JUG-2", -1)
    world.office.receive_stock("CUP-2", 6)


_SETTLED = ("items", "orders", "stock", "orders", "stock")
_TWICE = ("orders", "orders")  # take and acknowledge; prove the acknowledgement
JOBS = {
    "items": Job(("items",)),
    "stock": Job(("stock", "orders"), history=(*_SETTLED, _stock_moves)),
    "orders": Job(_TWICE, ("stock", "orders"), history=(*_SETTLED, _orders_come)),
    "dispatch": Job(
        ("dispatch", "dispatch"),
        ("stock", "orders"),
        settles_in=2,
        history=(*_SETTLED, _orders_come, *_TWICE, "stock", "orders", _orders_leave),
    ),
}
ACCEPTANCE = Job(_TWICE, ("stock", "orders"), history=(*_SETTLED, _orders_are_placed))
"""Where acceptance comes first: it is killed here, and the orders are created once they are paid."""
ONE_ORDER = Job(_TWICE, ("stock", "orders"), history=(*_SETTLED, _order_comes))
