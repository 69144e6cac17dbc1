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
from tests.stateful.offices import EDGE_ENVIRONMENT, OFFICES

OFFICE = OFFICES["cin7_core"]
BASE_URL = f"http://{OFFICE.host}"
CASES = {0.01: 1.5, 0.1: 2.5, 1.0: 3.0}
SIZES = {20_000: 2} if QUICK else {100_000: 3, 1_000_000: 1}


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
    os.environ.update({**EDGE_ENVIRONMENT, **OFFICE.environment})
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
    scanned = next(news.detail for news in run.news if news.what == "scanned")
    return int(scanned.split()[0])


def measure(size: int, share: float, pairs: int, folder: Path, database: Database) -> list[tuple[float, float]]:
    """Scan to and fro between what is trusted and what differs from it; return seconds of product and floor."""
    changed = folder / f"changed-{share}"
    stock_pages.write(changed, size, share)
    took = []
    for pages in (changed, folder / "trusted") * pairs:
        began = time.perf_counter()
        assert len(stock_pages.floor(Replay(pages), BASE_URL)) == size
        floor = time.perf_counter() - began
        began = time.perf_counter()
        assert asyncio.run(product(database, Replay(pages))) == size
        took.append((time.perf_counter() - began, floor))
    return took


def main() -> None:
    rows, bars = [], []
    for size, pairs in SIZES.items():
        with tempfile.TemporaryDirectory() as place, a_ledger(Path(place) / "ledger.sqlite") as database:
            stock_pages.write(Path(place) / "trusted", size, 0.0)
            asyncio.run(product(database, Replay(Path(place) / "trusted")))
            for share, limit in CASES.items():
                took = measure(size, share, pairs, Path(place), database)
                ratio, name = median_ratio(took), f"{size:,} SKUs, {share:.0%} changed"
                product_took, floor_took = sorted(took)[len(took) // 2]
                rows.append([name, f"{product_took:.2f}", f"{floor_took:.2f}"])
                bars.append(Bar(f"{name}: the product's time by the floor's", ratio, limit))
    Report(
        "The stock diff",
        "`python -m tests.benchmarks.stock`. Pull, gate and file of one whole scan into a SQLite ledger on disk that trusts"
        f" another scan of the same SKUs, against a floor that only parses the same pages of {stock_pages.PAGE:,} rows"
        " into a dict (`stock_pages.floor`). What is then to be published is not in it: no SKU is listed. Interleaved pairs,"
        f" to and fro ({', '.join(f'{2 * pairs} of {size:,}' for size, pairs in SIZES.items())}); medians.",
        ("Scan", "product, s", "floor, s"),
        rows,
        bars,
    ).tell()


if __name__ == "__main__":
    main()
