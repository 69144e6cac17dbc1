"""How late a change of stock is shown, of a catalogue of a million SKUs, by each road: python -m tests.benchmarks.million [ROAD ...]"""

import asyncio
import random
import sys
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil

from sqlalchemy import text

from tasks.run import Run
from tests.benchmarks.bars import QUICK, Bar, Report
from tests.benchmarks.catalogue import change, drawn, list_all, sell_out
from tests.benchmarks.roads import ROADS, TAKEN_SECONDS, WORKED_OFF_SECONDS, Road
from tests.benchmarks.world import World, world
from tests.stateful.markets import NAME

SIZE, SMALL, SEED = (20_000, 1_000, 1) if QUICK else (1_000_000, 20_000, 1)
WAITING = SIZE // 10
SHARES = (0.01, 0.1, 1.0)
SOLD_OUT_A_RUN, SOLD_OUT_RUNS = 5, 40
MOST_BY_BOUND, MOST_TO_ZERO_SECONDS = 1.25, 60.0
MOST_RUNS = 20_000


@dataclass
class Watched:
    """What changed when, in one case: the moment at which the ledger came to want a number, and the number."""

    there: World
    road: Road
    wants: dict[str, tuple[datetime, int]] = field(default_factory=dict)
    zeroes: dict[str, datetime] = field(default_factory=dict)

    def learn(self, run: Run, skus: Collection[str]) -> None:
        """Let a run find that these have another number."""
        with run.transaction() as tx:
            change(tx, skus)
            wanted = tx.rows(text("SELECT sku, wanted FROM level WHERE owed = 1 AND wanted > 0"))
            self.wants |= {row.sku: (tx.now, row.wanted) for row in wanted}

    def learn_zero(self, run: Run, skus: Iterable[str]) -> None:
        """Let a run find that these are sold out."""
        fresh = [sku for sku in skus if sku not in self.zeroes]
        with run.transaction() as tx:
            sell_out(tx, fresh)
            self.zeroes |= dict.fromkeys(fresh, tx.now)
        for sku in fresh:
            self.wants.pop(sku, None)

    def delays(self) -> list[float]:
        """Return after how many seconds each change was shown."""
        return sorted(self._delay(sku, at, number) for sku, (at, number) in self.wants.items())

    def delays_to_zero(self) -> list[float]:
        """Return after how many seconds each SKU that sold out was shown at zero."""
        return sorted(self._delay(sku, at, 0) for sku, at in self.zeroes.items())

    def _delay(self, sku: str, since: datetime, number: int) -> float:
        moments = (at for at, shown in self.road.shown(self.there, sku) if at >= since and shown == number)
        return (next(moments) - since).total_seconds()


def p99(delays: Sequence[float]) -> float:
    """Return the delay that 99 of 100 do not pass."""
    return delays[ceil(0.99 * len(delays)) - 1]


async def _drain(seen: Watched, changing: Collection[str], selling_out: list[str]) -> None:
    """Let a run learn of the changes, and run until all is shown; meanwhile some more sell out, a few a run."""
    there = seen.there

    def learns(run: Run) -> None:
        if not seen.wants:
            seen.learn(run, changing)
        soon = selling_out[:SOLD_OUT_A_RUN]
        if soon:
            del selling_out[:SOLD_OUT_A_RUN]
            seen.learn_zero(run, soon)

    for _ in range(MOST_RUNS):
        began = there.event_loop.time()
        await there.one_run("orders", learns)
        if not there.count("level WHERE owed"):
            return
        took = there.event_loop.time() - began
        await asyncio.sleep(max(seen.road.every_seconds - took, 0.0 if took else 1.0))
    raise RuntimeError(f"not all is shown after {MOST_RUNS} runs: {there.troubles[-3:]}")


async def _live(seen: Watched, changing: Collection[str], selling_out: list[str]) -> None:
    """Drain, while the vendor's own job goes round where it has folders."""
    looking = asyncio.ensure_future(_look(seen.there)) if seen.there.files else None
    await _drain(seen, changing, selling_out)
    if looking is not None:
        await asyncio.sleep(5 * 60)  # nothing is owed; the vendor takes the last files
        looking.cancel()


async def _look(there: World) -> None:
    while True:
        there.edge.folders.look()
        await asyncio.sleep(1)


@dataclass(frozen=True)
class Case:
    """What one case came to."""

    changes: int
    delays: Sequence[float]
    to_zero: Sequence[float]
    took_seconds: float


def measure(road: Road, size: int, share: float, *, sold_out: bool) -> Case:
    """Let a share of a catalogue change at once."""
    began, chance = time.perf_counter(), random.Random(SEED)  # noqa: S311 - a bench
    changing = drawn(size, round(size * share), chance)
    leaving = drawn(size, SOLD_OUT_A_RUN * SOLD_OUT_RUNS, chance) if sold_out else []
    with world("magento", 0, road.market) as there:
        listed = {int(sku[4:]) for sku in (*changing, *leaving)}
        ids = road.lists(there, size, listed)
        with there.database.transaction(NAME) as tx:
            list_all(tx, size, ids)
        seen = Watched(there, road)
        there.event_loop.run_until_complete(_live(seen, changing, leaving))
        return Case(len(changing), seen.delays(), seen.delays_to_zero(), time.perf_counter() - began)


def _bars(name: str, case: Case, share: float, bound: float) -> list[Bar]:
    whole = f"{name}, {share:.0%} changed: p99 by the bound"
    bars = [Bar(whole, p99(case.delays) / bound, MOST_BY_BOUND, hoped=1.05)]
    if case.to_zero:
        waiting = f"{name}, {case.changes:,} wait: to zero, p99"
        bars.append(Bar(waiting, p99(case.to_zero), MOST_TO_ZERO_SECONDS, unit=" s", hoped=10))
    return bars


def main(chosen: Sequence[str]) -> None:
    rows, bars = [], []
    for name in chosen:
        road = ROADS[name]
        for share in SHARES:
            size = SMALL if name == "REST" and share == 1.0 else SIZE
            case = measure(road, size, share, sold_out=share == 0.1)
            bound = road.fewest_seconds(ceil(0.99 * case.changes))
            zero = f"{p99(case.to_zero):.1f}" if case.to_zero else ""
            numbers = (f"{p99(case.delays):.0f}", f"{bound:.0f}", zero, f"{case.took_seconds:.0f}")
            rows.append([name, f"{case.changes:,} of {size:,}", *numbers])
            bars += _bars(name, case, share, bound)
    whys = "; ".join(f"{name}: {road.why}" for name, road in ROADS.items())
    Report(
        "A million SKUs",
        f"`python -m tests.benchmarks.million`. A catalogue is listed, published and proved; a run of the orders loop learns that"
        f" a share of it changed (seed {SEED}), and runs follow (by file one a minute, by REST as soon as the one before ends)"
        " until all is shown: in virtual time, over the real steps, with new connectors for every run. A delay is from the moment"
        " of the run that learns of the number to the one at which the pretend marketplace first shows it. The bound is for the"
        f" 99th of 100 changes, by the documented limits and the size of our files: {whys}. That an SFTP file is taken after"
        f" {TAKEN_SECONDS} s, and a Mirakl file worked off in {WORKED_OFF_SECONDS} s, are the pretend marketplaces' own; they add to"
        f" every delay. With {WAITING:,} changes waiting, {SOLD_OUT_A_RUN} SKUs sell out in each of the first {SOLD_OUT_RUNS} runs"
        " that still have work; by REST all of a million would be 67 hours and a million calls, so it is measured at a smaller size."
        " Over SFTP the pretend folders keep no products, only what each file set.",
        ("Road", "Changed", "p99, s", "Bound, s", "To zero p99, s", "Took, s"),
        rows,
        bars,
    ).tell()


if __name__ == "__main__":
    main(sys.argv[1:] or list(ROADS))
