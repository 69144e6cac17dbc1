"""The stock diff against a floor that only parses the same pages: python -m tests.benchmarks.stock"""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx

from domain.clock import ScaledClock
from domain.installation import Installation
from ledger.database import Database
from ledger.schema import migrate
from tasks.filing import file
from tasks.judge import judge
from tasks.loops import STOCK
from tasks.pull import pull_chunk
from tasks.run import Run, open_connectors, surroundings
from tests.benchmarks import stock_pages
from tests.benchmarks.bars import QUICK, Bar, Report, median_ratio
from tests.benchmarks.recorded import Replay
from tests.stateful.markets import MARKETS
from tests.stateful.offices import OFFICES

OFFICE = OFFICES["cin7_core"]
BASE_URL = f"http://{OFFICE.host}"
CASES = {0.01: 1.5, 0.1: 2.5, 1.0: 3.0}
SIZES = {20_000: 2} if QUICK else {100_000: 3, 1_000_000: 1}
"""How many SKUs, and how often each case is measured."""


@contextmanager
def a_ledger(path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{path}", ScaledClock())
    migrate(database)
    try:
        yield database
    finally:
        database.close()


def _installation() -> Installation:
    settings = OFFICE.installation("harbour", ScaledClock().now() - timedelta(days=1))
    settings["back_office"]["options"] = {**OFFICE.options, "calls_per_minute": 10_000_000}
    os.environ.update({**MARKETS["virtualstock"].environment, **OFFICE.environment})
    return Installation.model_validate(settings)


async def product(database: Database, transport: httpx.AsyncBaseTransport) -> int:
    """Pull, gate and file one whole scan; return how many rows it believed."""
    installation = _installation()
    connectors = open_connectors(installation, surroundings(database, transport))
    run = Run(installation, STOCK, database, connectors, run_id="bench", slice_seconds=3600)
    intake = STOCK.intakes[0]
    while (chunk := await pull_chunk(run, intake)) is not None:
        await file(run, await judge(run, chunk))
    assert not run.troubles, run.troubles
    scanned = next(news.detail for news in run.news.lines if news.what == "scanned")
    return int(scanned.split()[0])


def one_pair(pages: Path, size: int, database: Database, *, floor_first: bool) -> tuple[float, float]:
    """Read the same pages with both; return seconds of product and floor."""
    took = {}
    for who in ("floor", "product") if floor_first else ("product", "floor"):
        began = time.perf_counter()
        if who == "floor":
            rows = len(stock_pages.floor(Replay(pages), BASE_URL))
        else:
            rows = asyncio.run(product(database, Replay(pages)))
        took[who] = time.perf_counter() - began
        assert rows == size, (who, rows)
    return took["product"], took["floor"]


def measure(size: int, times: int) -> dict[float, list[tuple[float, float]]]:
    """Scan what has changed since the scan before, by each share in turn."""
    took: dict[float, list[tuple[float, float]]] = {share: [] for share in CASES}
    with tempfile.TemporaryDirectory() as place, a_ledger(Path(place) / "ledger.sqlite") as database:
        pages, changes = Path(place) / "pages", []
        stock_pages.write(pages, size)
        asyncio.run(product(database, Replay(pages)))
        for number in range(times):
            for share in CASES:
                changes.append(share)
                stock_pages.write(pages, size, changes)
                took[share].append(one_pair(pages, size, database, floor_first=bool(number % 2)))
    return took


def main() -> None:
    rows, bars = [], []
    for size, times in SIZES.items():
        for share, pairs in measure(size, times).items():
            name = f"{size:,} SKUs, {share:.0%} changed"
            rows += [[name, f"{took:.2f}", f"{floor:.2f}", f"{took / floor:.2f}"] for took, floor in pairs]
            bars.append(Bar(f"{name}: the product's time by the floor's", median_ratio(pairs), CASES[share]))
    Report(
        "The stock diff",
        "`python -m tests.benchmarks.stock`. Pull, gate and file of one whole scan into a SQLite ledger on disk that trusts"
        f" the scan before it, against a floor that only parses the same pages of {stock_pages.PAGE:,} rows into a dict"
        " (`stock_pages.floor`). What is then to be published is not in it: no SKU is listed. Interleaved pairs; medians.",
        ("Scan", "product, s", "floor, s", "ratio"),
        rows,
        bars,
    ).tell()


if __name__ == "__main__":
    main()
