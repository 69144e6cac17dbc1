"""A run: one slice of one loop of one installation, with everything it needs in hand."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from connectors.files import FileStore
from connectors.http import Surroundings, Transport
from connectors.registry import open_connector
from connectors.roles import Connector, Feed, OpenOrder, Sink, TakesCancellations
from domain.answers import SystemTrouble
from domain.clock import Clock, ScaledClock
from domain.installation import Endpoint, FormerMarketplace, Installation, Mode, Side
from domain.orders import OrderPolicy
from domain.records import Kind
from ledger import accounts
from ledger.budgets import LedgerBudgets
from ledger.database import Database, Transaction
from ledger.payloads import LedgerArchive
from tasks.installations import WrongConfiguration
from tasks.loops import Intake, Loop, Route, intakes_of
from tasks.telling import News, Told

SLICE_SECONDS = 45.0
LEASE_SECONDS = 120.0
CALL_SECONDS = 35.0  # no call starts with less than this left on its lease
_TO_WRITE_SECONDS = 5.0  # what is left of a lease to write its outcome


class AnotherAccount(WrongConfiguration):
    """The installation's file names another account than this installation works with."""


@dataclass
class Walk:
    """How far this run is in one intake. `cut`: it was ended early, as everything that follows is known. `empty`: there is nothing to ask about.

    `broken`: our own code broke on it. Nothing that follows is read in this run: what was not filed must come again.
    """

    cursor: str | None = None
    began_at: datetime | None = None
    about: list[OpenOrder] = field(default_factory=list)
    finished: bool = False
    skip_known: bool = False
    cut: bool = False
    empty: bool = False
    broken: bool = False


class Run:
    """What the steps of one run share. A plain class: Prefect passes it on without walking it."""

    def __init__(
        self,
        installation: Installation,
        loop: Loop,
        database: Database,
        connectors: dict[Side, Connector],
        *,
        run_id: str,
        slice_seconds: float = SLICE_SECONDS,
    ) -> None:
        self.installation, self.loop, self.database, self.id = installation, loop, database, run_id
        self.clock: Clock = database.clock
        self.connectors = connectors
        self.former, self.stays = "", False
        self.formers: list[Run] = []
        self.home = {side: _joined(installation.endpoint(side)) for side in Side}
        self.listed_formers = {one.account for one in installation.former_marketplaces}
        self._slice = self.clock.machine(slice_seconds)
        self.begin_slice()
        self.lease = self.clock.machine(LEASE_SECONDS)
        self.news = Told()
        self.held: int = 0
        self.results: list[dict[str, Any]] = []
        self.walks: dict[str, Walk] = {}
        self.reached: set[str] = set()
        self.troubles: list[SystemTrouble] = []
        self.faults: list[str] = []

    def over(self, former: FormerMarketplace, marketplace: Connector) -> "Run":
        """Return the run that finishes what came over an account that was left; it tells its news to this one."""
        settings = self.installation.over(former)
        run = Run(
            settings, self.loop, self.database, {**self.connectors, Side.MARKETPLACE: marketplace}, run_id=self.id
        )
        run.former, run.home, run.listed_formers = former.account, self.home, self.listed_formers
        run.news, run.results, run.reached = self.news, self.results, self.reached
        run.troubles, run.faults = self.troubles, self.faults
        self.formers.append(run)
        return run

    def accounts(self) -> Iterator["Run"]:
        """Yield this run, and then, each with a slice of its own, those over the accounts that were left."""
        yield self
        for former in self.formers:
            former.begin_slice()
            yield former

    def begin_slice(self) -> None:
        """Let the slice begin now."""
        self.ends_at = self.clock.now() + self._slice

    @property
    def held_in_all(self) -> int:
        """Return how many holds were opened, those over accounts that were left included."""
        return self.held + sum(former.held for former in self.formers)

    @property
    def mode(self) -> Mode:
        """Return how this loop runs in this installation."""
        mode = getattr(self.installation.loops, self.loop.name).mode
        assert isinstance(mode, Mode)  # noqa: S101 - for the type checker: the field is chosen by name
        return mode

    def intakes(self) -> list[Intake]:
        """Return the intakes of the loop; those of another loop only while that one is not off.

        Of an account that was left only the marketplace is read: the back office is the same.
        """
        loops = self.installation.loops
        intakes = intakes_of(self.loop, self.installation)
        intakes = tuple(i for i in intakes if not self.former or i.side is Side.MARKETPLACE)
        return [i for i in intakes if i.kind is not Kind.SALES_ORDER or loops.orders.mode is not Mode.OFF]

    def routes(self) -> list[Route]:
        """Return the routes of the loop that may send: those of a loop in trade mode, to somebody who takes them.

        On an account that was left nothing is offered any more.
        """
        trading = [r for r in self.loop.routes if getattr(self.installation.loops, r.switch).mode is Mode.TRADE]
        played = [r for r in trading if not r.optional or isinstance(self.connectors[r.side], r.role)]
        return [r for r in played if not self.former or r.kind is not Kind.AVAILABILITY]

    @property
    def clears(self) -> bool:
        """Tell whether this run takes what an account that was left still shows to zero."""
        publishes = any(route.kind is Kind.AVAILABILITY for route in self.loop.routes)
        return bool(self.former) and publishes and self.installation.loops.stock.mode is Mode.TRADE

    @cached_property
    def order_policy(self) -> OrderPolicy:
        """Return what an order owes here: the installation's policy, as far as the marketplace asks for it."""
        answers = isinstance(self.connectors[Side.MARKETPLACE], TakesCancellations)
        return replace(self.installation.orders.policy, answers_cancellations=answers)

    @property
    def time_left(self) -> bool:
        """Tell whether the slice may take another page or message."""
        return self.clock.now() < self.ends_at

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a local transaction of this run; raises `AnotherAccount` when the installation works with others than it says."""
        with self.database.transaction(self.installation.name, self.id) as tx:
            self._stay(tx)
            yield tx

    def _stay(self, tx: Transaction) -> None:
        """Refuse to work with another account than is noted, or without one of which something is open."""
        name = self.installation.name
        for side, noted in accounts.strays(tx, self.home).items():
            given = self.home[side]
            raise AnotherAccount(
                f"{name}: its {side.value} is {given.account!r} by {given.system} here, and it works with "
                f"{noted.account!r} by {noted.system}. Nothing was read or sent. If the account shall move, pause its "
                f"loops and run the flow `move`; else put the installation's file back."
            )
        if self.stays:
            return
        if missing := set(accounts.unfinished(tx)) - self.listed_formers:
            raise AnotherAccount(
                f"{name}: what came over {', '.join(sorted(missing))} is not finished. Nothing was read or sent. "
                f"Name it under former_marketplaces again; the flow `move` says what is open there."
            )
        self.stays = True

    def mark(self, intake: Intake) -> str:
        """Return the name of an intake's watermark: each account of the marketplace has its own."""
        return f"{intake.name}@{self.former}" if self.former else intake.name

    def feed(self, intake: Intake) -> Feed:
        """Return the feed of an intake."""
        feed: Feed = getattr(self.connectors[intake.side], intake.feed)
        return feed

    def sink(self, route: Route) -> Sink[Any]:
        """Return the sink of a route."""
        sink: Sink[Any] = getattr(self.connectors[route.side], route.sink)
        return sink

    def account(self, side: Side) -> str:
        """Return the account of one side, by name."""
        return self.installation.endpoint(side).account

    def enough_lease(self, until: datetime) -> bool:
        """Tell whether a call may still begin under a lease."""
        return self.clock.now() + self.clock.machine(CALL_SECONDS) <= until

    def within(self, lease_until: datetime) -> asyncio.Timeout:
        """Return the bound of a sending, which may be many calls: over before its lease, when another worker may act.

        What it breaks off (`TimeoutError`) is unknown.
        """
        left = (lease_until - self.clock.now()) / self.clock.machine(1.0)
        return asyncio.timeout(left - _TO_WRITE_SECONDS)

    def in_trouble(self, side: Side) -> bool:
        """Tell whether the account of a side was found in trouble by this run; the other one goes on."""
        return any(trouble.account == self.account(side) for trouble in self.troubles)

    def tell(self, news: News) -> None:
        """Note what happened to one record."""
        self.news.add(news)


def clock_from_environment() -> Clock:
    """Return the clock: the machine's own, or the demo's (CLOCK_SCALE, CLOCK_EPOCH, CLOCK_STARTED)."""
    if "CLOCK_SCALE" not in os.environ:
        return ScaledClock()
    moments = (datetime.fromisoformat(os.environ[name]) for name in ("CLOCK_EPOCH", "CLOCK_STARTED"))
    return ScaledClock(float(os.environ["CLOCK_SCALE"]), *moments)


def ledger_url() -> str:
    """Return the ledger's address: LEDGER_URL, or a SQLite file beside the work."""
    return os.environ.get("LEDGER_URL", "sqlite:///ledger.sqlite")


def surroundings(
    database: Database, transport: Transport | None = None, files: FileStore | None = None
) -> Surroundings:
    """Return what every connector is handed."""
    return Surroundings(database.clock, LedgerBudgets(database), LedgerArchive(database), transport, files)


def open_connectors(
    installation: Installation, around: Surroundings | Mapping[Side, Surroundings]
) -> dict[Side, Connector]:
    """Make both connectors of an installation, each with its own surroundings where those are given by side.

    Raises `ValueError` naming every wrong setting of both.
    """
    connectors: dict[Side, Connector] = {}
    faults: list[str] = []
    for side in Side:
        endpoint = installation.endpoint(side)
        try:
            connectors[side] = open_connector(
                endpoint.system,
                installation.name,
                endpoint.account,
                endpoint.options,
                around if isinstance(around, Surroundings) else around[side],
            )
        except ValueError as fault:
            faults.append(str(fault))
    if faults:
        raise ValueError("\n".join(faults))
    return connectors


def open_formers(run: Run, around: Surroundings) -> None:
    """Open the accounts that an installation left, in the loops in which something may be left to do there."""
    if not run.loop.finishes:
        return
    for former in run.installation.former_marketplaces:
        name = run.installation.name
        run.over(former, open_connector(former.system, name, former.account, former.options, around))


def _joined(endpoint: Endpoint) -> accounts.Joined:
    return accounts.Joined(endpoint.system, endpoint.account)


@asynccontextmanager
async def running(installation: Installation, loop: Loop, database: Database, run_id: str = "") -> AsyncIterator[Run]:
    """Open a run on a ledger that is open already, and let its connections go at the end."""
    connectors = open_connectors(installation, surroundings(database))
    run = Run(installation, loop, database, connectors, run_id=run_id or uuid.uuid4().hex)
    try:
        open_formers(run, surroundings(database))
        yield run
    finally:
        for connector in [*connectors.values(), *(one.connectors[Side.MARKETPLACE] for one in run.formers)]:
            await connector.close()


def age(moment: datetime | None, now: datetime) -> timedelta:
    """Return how long ago a moment was; for none, very long."""
    return timedelta.max if moment is None else now - moment
