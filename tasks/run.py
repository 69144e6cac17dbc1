"""A run: one slice of one loop of one installation, with everything it needs in hand."""

import os
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.files import FileStore
from connectors.http import Surroundings, Transport
from connectors.registry import open_connector
from connectors.roles import Connector, Feed, OpenOrder, Sink, TakesCancellations
from domain.answers import SystemTrouble
from domain.clock import Clock, ScaledClock
from domain.installation import Installation, Mode, Side
from domain.orders import OrderPolicy
from domain.records import Kind
from ledger.budgets import LedgerBudgets
from ledger.database import Database, Transaction
from ledger.payloads import LedgerArchive
from tasks.loops import Intake, Loop, Route, intakes_of

SLICE_SECONDS = 45.0
LEASE_SECONDS = 120.0
CALL_SECONDS = 35.0  # no call starts with less than this left on its lease


@dataclass(frozen=True, slots=True)
class News:
    """One line of what a run did, for the artifact: no personal data."""

    order_key: str
    kind: str
    key: str
    what: str
    detail: str = ""


@dataclass
class Walk:
    """How far this run is in one intake. `cut`: it was ended early, as everything that follows is known. `empty`: there is nothing to ask about."""

    cursor: str | None = None
    began_at: datetime | None = None
    about: list[OpenOrder] = field(default_factory=list)
    finished: bool = False
    skip_known: bool = False
    cut: bool = False
    empty: bool = False


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
        self.ends_at = self.clock.now() + self.clock.machine(slice_seconds)
        self.lease = self.clock.machine(LEASE_SECONDS)
        self.news: list[News] = []
        self.held: int = 0
        self.results: list[dict[str, Any]] = []
        self.walks: dict[str, Walk] = {}
        self.reached: set[str] = set()
        self.troubles: list[SystemTrouble] = []

    @property
    def mode(self) -> Mode:
        """Return how this loop runs in this installation."""
        mode = getattr(self.installation.loops, self.loop.name).mode
        assert isinstance(mode, Mode)  # noqa: S101 - for the type checker: the field is chosen by name
        return mode

    def intakes(self) -> list[Intake]:
        """Return the intakes of the loop; those of another loop only while that one is not off."""
        loops = self.installation.loops
        intakes = intakes_of(self.loop, self.installation)
        return [i for i in intakes if i.kind is not Kind.SALES_ORDER or loops.orders.mode is not Mode.OFF]

    def routes(self) -> list[Route]:
        """Return the routes of the loop that may send: those of a loop in trade mode, to somebody who takes them."""
        trading = [r for r in self.loop.routes if getattr(self.installation.loops, r.switch).mode is Mode.TRADE]
        return [r for r in trading if not r.optional or isinstance(self.connectors[r.side], r.role)]

    @property
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
        """Open a local transaction of this run."""
        with self.database.transaction(self.installation.name, self.id) as tx:
            yield tx

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

    def in_trouble(self, side: Side) -> bool:
        """Tell whether the account of a side was found in trouble by this run; the other one goes on."""
        return any(trouble.account == self.account(side) for trouble in self.troubles)

    def tell(self, news: News) -> None:
        """Note what happened to one record."""
        self.news.append(news)


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


@asynccontextmanager
async def running(installation: Installation, loop: Loop, database: Database, run_id: str = "") -> AsyncIterator[Run]:
    """Open a run on a ledger that is open already, and let its connections go at the end."""
    connectors = open_connectors(installation, surroundings(database))
    try:
        yield Run(installation, loop, database, connectors, run_id=run_id or uuid.uuid4().hex)
    finally:
        for connector in connectors.values():
            await connector.close()


def age(moment: datetime | None, now: datetime) -> timedelta:
    """Return how long ago a moment was; for none, very long."""
    return timedelta.max if moment is None else now - moment
