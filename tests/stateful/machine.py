"""The simulator: the product's own steps, the pretend systems in process, one seed, virtual time.

Customers, the warehouse, faults, kills, stalls and every loop interleave; the invariants are checked
after each step. A seed that breaks one is printed with the command that plays it again.
"""

import asyncio
import itertools
import os
import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine

from connectors.settings import from_environment
from domain.answers import SystemTrouble
from domain.clock import ScaledClock
from domain.installation import Installation
from expectations.gate import load
from ledger.database import Database
from ledger.schema import create
from tasks.loops import LOOPS
from tasks.run import open_connectors, surroundings
from tests.stateful.actors import Actors
from tests.stateful.effects import ByHost, CountedDatabase, CountedFiles, CountedTransport, Killed, Process
from tests.stateful.folders import Wire
from tests.stateful.invariants import Watch
from tests.stateful.markets import MARKETS, NAME
from tests.stateful.offices import OFFICES
from tests.stateful.strain import StallingRun, Watched
from tests.stateful.virtual import EPOCH, VirtualClock, VirtualLoop
from tests.stateful.virtual import run as run_virtually
from tests.walking import walked

OPENS_WITHIN_SECONDS = 300
EVERY_SECONDS = {"orders": 60, "stock": 300, "dispatch": 90, "items": 1800}


@dataclass(frozen=True)
class Profile:
    """How rough a seed is. Probabilities are per run, or per sending; weights choose what happens next.

    A killed run dies at one of its first `kill_within` effects. Of the marketplace's writes those go wrong whose path has
    `on_path` in it.
    """

    minutes: float = 8
    drain_hours: float = 8
    pause: tuple[float, float] = (1, 15)
    kill: float = 0.15
    kill_within: int = 50
    second_worker: float = 0.15
    stall: float = 0.01
    stall_seconds: float = 400
    die_before_commit: float = 0.01
    on_office: float = 0.5
    on_path: str = ""
    faults: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    weights: Mapping[str, int] = field(
        default_factory=lambda: {
            "buy": 30,
            "sell_elsewhere": 8,
            "restock": 5,
            "ship": 16,
            "add_tracking": 4,
            "cancel": 3,
            "bad_order": 1,
            "misread": 3,
            "trouble": 16,
            "glitch": 1,
            "refuse_stock": 1,
            "lose_stock": 1,
            "void_pick": 4,
            "spoil_a_file": 3,
            "operate": 2,
        }
    )


@dataclass
class Outcome:
    """What a seed led to."""

    seed: int
    office: str
    market: str = "virtualstock"
    violations: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    kills: int = 0
    runs: int = 0
    orders: int = 0

    @property
    def name(self) -> str:
        """Return how to play it again."""
        return f"--seed {self.seed} --office {self.office} --market {self.market}"


def drawn(seed: int, offices: Sequence[str], markets: Sequence[str]) -> tuple[str, str]:
    """Return which back office and which marketplace a seed has: every pair in its turn."""
    return offices[seed % len(offices)], markets[seed // len(offices) % len(markets)]


class Machine:
    """One simulated installation with its world."""

    def __init__(
        self, seed: int, profile: Profile, office: str, market: str = "virtualstock", home: Path = Path()
    ) -> None:
        self.event_loop = VirtualLoop()
        self.clock = VirtualClock(self.event_loop)
        self.random = random.Random(seed)  # noqa: S311 - a simulation
        self.profile, self.outcome = profile, Outcome(seed, office, market)
        self.office_kind, self.market = OFFICES[office], MARKETS[market]
        self.edge: Any = self.market.make(self.clock, seed)
        self.office: Any = self.office_kind.make(self.clock, seed)
        environment = self.market.furnish(self.edge, home)
        self.transport = ByHost({self.market.host: self.edge.app, self.office_kind.host: self.office.app})
        self.database = Database("sqlite://", self.clock)
        self.database.engine = self.database._hasty = _engine()
        _fill(self.database)
        self.installation = Installation.model_validate(self.market.joined(self.office_kind.installation(NAME, EPOCH)))
        self.watch, self.actors = Watch(self), Actors(self)
        self.quiet, self.glitch_until = False, EPOCH - timedelta(hours=1)
        self.until: tuple[str, ...] = ()
        """A violation of one of these ends the game: whether it comes to rest is of no interest any more."""
        self.actors.stock_the_shop()
        os.environ.update({**self.market.environment, **self.office_kind.environment, **environment})
        self._numbers = itertools.count(1)

    @property
    def over(self) -> bool:
        """Tell whether what the game is played for has been seen."""
        return any(violation.split()[0] in self.until for violation in self.outcome.violations)

    @property
    def glitching(self) -> bool:
        """Tell whether the back office shows zeroes now."""
        return self.clock.now() < self.glitch_until

    @property
    def glitched_recently(self) -> bool:
        """Tell whether a scan that is believed now may have seen the zeroes."""
        return self.clock.now() < self.glitch_until + timedelta(minutes=10)

    def numbers_shown(self, sku: str) -> list[int]:
        """Return every number that the marketplace showed for a SKU."""
        return self.market.numbers_shown(self.edge, sku)

    def note(self, what: str) -> None:
        """Add a line to the trace."""
        self.outcome.trace.append(f"{self.event_loop.time():10.3f} {what}")

    async def one_run(self, name: str) -> None:
        """Let one process run one loop once; it may be killed at any of its effects."""
        doomed = not self.quiet and self.random.random() < self.profile.kill
        process = Process(self.random.randint(1, self.profile.kill_within) if doomed else 0)
        database = CountedDatabase(self.database, process)
        transport = CountedTransport(Watched(self, self.transport), process)
        files = CountedFiles(Wire(self), process) if self.market.by_files else None
        connectors = open_connectors(self.installation, surroundings(database, transport, files))
        run = StallingRun(self.installation, LOOPS[name], database, connectors, run_id=f"{name}-{next(self._numbers)}")
        run.machine, run.process = self, process
        self.outcome.runs += 1
        try:
            await walked(run)
            told = "; ".join(trouble.what for trouble in run.troubles)
            self.note(f"{name} ran: {len(run.news)} news, {run.held} held {told}")
            for fault in run.faults:
                self.watch.violated(f"I12 {name}: {fault}")
        except Killed:
            self.outcome.kills += 1
            self.note(f"{name} was killed at effect {process.effects}")
        except SystemTrouble as trouble:
            self.note(f"{name} stopped: {trouble.what}")
        finally:
            process.dead = True
        self.watch.check()

    async def trade(self, name: str) -> None:
        """Run a loop again and again, sometimes twice at once."""
        while not self.quiet:
            workers = 2 if self.random.random() < self.profile.second_worker else 1
            await asyncio.gather(*(self.one_run(name) for _ in range(workers)))
            await asyncio.sleep(EVERY_SECONDS[name] * self.random.uniform(0.7, 1.3))

    async def live(self) -> None:
        """Let the world act until trouble stops."""
        weighed = {act: weight for act, weight in self.profile.weights.items() if act in self.actors.able}
        acts, weights = list(weighed), list(weighed.values())
        end = self.event_loop.time() + self.profile.minutes * 60
        while self.event_loop.time() < end and not self.over:
            await asyncio.sleep(self.random.uniform(*self.profile.pause))
            act = self.random.choices(acts, weights)[0]
            self.note(getattr(self.actors, act)())
            self.watch.tick()

    async def play(self) -> None:
        """Go live, let the world and the loops interleave, then let everything come to rest, and judge."""
        self.watch.tick()
        for name in ("items", "orders", "stock"):
            await self.one_run(name)
        while not self.watch.is_open_for_trade() and self.event_loop.time() < OPENS_WITHIN_SECONDS:
            await asyncio.sleep(60)  # a marketplace that works files off shows nothing yet, and nobody could buy
            await self.one_run("orders")
        traders = [asyncio.ensure_future(self.trade(name)) for name in EVERY_SECONDS]
        await self.live()
        self.quiet = True
        await asyncio.gather(*traders)
        if not self.over:
            await self.come_to_rest()
        self.outcome.orders = len(self.watch.marketplace_orders())

    async def come_to_rest(self) -> None:
        """Stop all faults, mend what people would mend, and run until nothing is owed, or time is up."""
        self.actors.misread_until = dict.fromkeys(self.actors.misread_until, self.clock.now())
        self.edge.faults.clear()
        self.office.faults.clear()
        self.edge.outage_until = self.office.outage_until = None
        self.glitch_until = EPOCH - timedelta(hours=1)
        while self.actors.lost_tracking:
            self.note(self.actors.add_tracking())
        if self.market.orders_by_files:
            self.note(f"{self.edge.folders.mend()} files are sent again")
        end = self.event_loop.time() + self.profile.drain_hours * 3600
        rounds = 0
        while self.event_loop.time() < end and not self.over and (rounds < 2 or self.watch.owed()):
            for name in ("items", "stock", "dispatch", "orders"):
                await self.one_run(name)
            self.note(self.actors.operate())
            await asyncio.sleep(11 * 60)  # by then, what was taken is read back
            rounds += 1
        self.watch.check_end()


def play(
    seed: int, office: str, profile: Profile | None = None, market: str = "virtualstock", until: tuple[str, ...] = ()
) -> Outcome:
    """Play one seed to its end, or until one of these invariants is violated."""
    load()  # also lets the collector look no more at what stays: a sixth of a seed's time
    once = patch("connectors.registry.from_environment", cache(from_environment))  # it does not change meanwhile
    with once, patch.dict(os.environ), tempfile.TemporaryDirectory(prefix="seed-") as home:
        machine = Machine(seed, profile or Profile(), office, market, Path(home))
        machine.until = until
        try:
            run_virtually(machine.play(), machine.event_loop)
        except Exception as crash:  # noqa: BLE001 - a crash of the product is a finding like any other
            machine.watch.violated(f"I12 the product crashed: {type(crash).__name__}: {crash}")
        finally:
            machine.database.close()
    return machine.outcome


@cache
def _engine() -> Engine:
    """Return the engine of all seeds, for it keeps the compiled statements; closed, it forgets its database in memory."""
    return Database("sqlite://", ScaledClock()).engine


def _fill(database: Database) -> None:
    """Give an empty ledger in memory its tables: by copy, for making them is a fiftieth of a seed."""
    with database.engine.connect() as connection:
        connection.connection.driver_connection.deserialize(_template())  # type: ignore[union-attr] # it is SQLite's


@cache
def _template() -> bytes:
    database = Database("sqlite://", ScaledClock())
    create(database)
    with database.engine.connect() as connection:
        image: bytes = connection.connection.driver_connection.serialize()  # type: ignore[union-attr] # it is SQLite's
    database.close()
    return image
