"""One installation in virtual time: pretend systems in process, a new set of connectors for every run, as in production."""

import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from connectors.files import FileStore
from domain.answers import Unavailable
from domain.budgets import Lane, Limit
from domain.installation import Installation
from ledger.budgets import LedgerBudgets
from ledger.database import Database
from ledger.schema import create
from sandbox.kit import Fault
from tasks.carriers import compare_carriers
from tasks.confirm import confirm
from tasks.filing import file
from tasks.judge import judge
from tasks.loops import DISPATCH, ITEMS, LOOPS
from tasks.pull import pull_chunk
from tasks.push import push
from tasks.run import Run, open_connectors, surroundings
from tasks.steps import RETRY_SECONDS
from tests.benchmarks.folders import CountedFolders
from tests.stateful.effects import ByHost
from tests.stateful.markets import MARKETS, NAME
from tests.stateful.offices import OFFICES
from tests.stateful.virtual import EPOCH, VirtualClock, VirtualLoop


def ean_of(number: int) -> str:
    digits = f"50{number:010d}"
    return digits + str(-sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits)) % 10)


class _Counted(LedgerBudgets):
    """The ledger's budgets, and beside them how many permits of each were taken."""

    def __init__(self, there: "World") -> None:
        super().__init__(there.database)
        self._there = there

    def take(self, account: str, limit: Limit, lane: Lane) -> datetime | None:
        """Take one permit: None, or when to ask again."""
        again_at = super().take(account, limit, lane)
        if again_at is None:
            self._there.permits[account, limit] += 1
        return again_at


class World:
    """The marketplace, one back office, and us. What is called is counted by the pretend systems."""

    def __init__(self, office: str, skus: int, market: str, home: Path, seed: int = 1) -> None:
        self.event_loop = VirtualLoop()
        self.clock = VirtualClock(self.event_loop)
        self.kind, self.market = OFFICES[office], MARKETS[market]
        self.edge: Any = self.market.make(self.clock, seed)
        self.office: Any = self.kind.make(self.clock, seed)
        environment = self.market.furnish(self.edge, home)
        store = CountedFolders(self.edge.store(), self.edge) if self.market.by_files else None
        self.files: FileStore | None = store
        self.transport = ByHost({self.market.host: self.edge.app, self.kind.host: self.office.app})
        self.database = Database("sqlite://", self.clock)
        create(self.database)
        self.installation = Installation.model_validate(self.market.joined(self.kind.installation(NAME, EPOCH)))
        os.environ.update({**self.market.environment, **self.kind.environment, **environment})
        self.skus = [f"SKU-{number:05}" for number in range(skus)]
        for number, sku in enumerate(self.skus):
            self.office.add_product(sku=sku, ean=ean_of(number), quantity=1000)
            self.edge.add_product(
                NAME, stock_number=f"{20000000 + number}", sku=sku, ean=ean_of(number), free_stock=1000
            )
        self.runs = 0
        self.permits: Counter[tuple[str, Limit]] = Counter()
        self.troubles: list[str] = []

    async def one_run(self, name: str, learns: Callable[[Run], None] = lambda _run: None) -> Run:
        """Let one process run one loop once; `learns` is called where a run has filed and is about to send."""
        self.runs += 1
        around = replace(surroundings(self.database, self.transport, self.files), budgets=_Counted(self))
        connectors = open_connectors(self.installation, around)
        run = Run(self.installation, LOOPS[name], self.database, connectors, run_id=f"{name}-{self.runs}")
        if run.loop is DISPATCH:
            await compare_carriers(run)
        await self._step(run, confirm)
        for intake in run.intakes():
            while (chunk := await self._step(run, pull_chunk, intake)) is not None:
                await file(run, await judge(run, chunk))
        learns(run)
        if run.loop is not ITEMS:
            await self._step(run, push)
        self.troubles += [trouble.what for trouble in run.troubles]
        return run

    async def _step(self, run: Run, step: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        """Do a step as flows do: while nothing came of it as a system was unavailable, wait and do it again."""
        for seconds in RETRY_SECONDS:
            noted = len(run.troubles)
            result, fresh = await step(run, *arguments), run.troubles[noted:]
            if result is not None or not fresh or not all(isinstance(trouble, Unavailable) for trouble in fresh):
                return result
            del run.troubles[noted:]
            await asyncio.sleep(seconds)
        return await step(run, *arguments)

    def lose_answers(self, share: float, *systems: Any) -> None:
        """Let this share of the answers of these systems be lost after the work was done, reads and sign-ins included."""
        if share:
            for system in systems:
                system.faults.append(Fault(kind="truncated", when="after", times=10**9, probability=share))

    def forget_calls(self) -> None:
        """Count from here."""
        self.edge.calls.clear()
        self.office.calls.clear()
        self.permits.clear()

    def count(self, what: str) -> int:
        """Return the answer of a counting question to the ledger."""
        with self.database.transaction(NAME) as tx:
            return int(tx.value(text(f"SELECT count(*) FROM {what}")))  # noqa: S608 - our own words


@contextmanager
def world(office: str, skus: int, market: str = "virtualstock") -> Iterator[World]:
    """Open a world, and leave nothing behind."""
    with tempfile.TemporaryDirectory() as home:
        one = World(office, skus, market, Path(home) / "home")
        try:
            yield one
        finally:
            one.event_loop.close()
            one.database.close()
