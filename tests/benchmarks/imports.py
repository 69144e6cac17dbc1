"""Import of orders through the real steps, against the least program that does it: python -m tests.benchmarks.imports"""

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from domain.clock import ScaledClock
from domain.installation import Installation, Side
from domain.records import Deducts, Item, Kind, StockLevel
from ledger import items, levels
from ledger.database import Database
from ledger.schema import migrate
from sandbox.virtualstock import Account, Virtualstock
from tasks.confirm import go_live
from tasks.filing import file
from tasks.judge import judge
from tasks.loops import ORDERS
from tasks.pull import pull
from tasks.run import Run, open_connectors, surroundings
from tests.benchmarks.bars import QUICK, Bar, Report, median_ratio
from tests.benchmarks.floor_import import import_orders as floor
from tests.benchmarks.recorded import Recording, Replay
from tests.scanning import scan
from tests.stateful.markets import MARKETS
from tests.stateful.offices import OFFICES

HOW_MANY, PAIRS, SEED, SKUS, PAGE = (2_000 if QUICK else 10_000), (3 if QUICK else 5), 1, 2_000, 100
BASE_URL = "http://" + MARKETS["virtualstock"].host


def sku(number: int) -> str:
    return f"SKU-{number:05}"


def ean(number: int) -> str:
    digits = f"50{number:010d}"
    return digits + str(-sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits)) % 10)


def an_installation() -> Installation:
    """Return an installation whose marketplace account may call as often as the machine can."""
    settings = OFFICES["magento"].installation("harbour", ScaledClock().now() - timedelta(days=1))
    settings["marketplace"]["options"]["calls_per_minute"] = 10_000_000
    os.environ.update({**MARKETS["virtualstock"].environment, **OFFICES["magento"].environment})
    return Installation.model_validate(settings)


def a_marketplace(orders: int) -> Virtualstock:
    """Return the pretend marketplace with so many new orders, of one to three lines each."""
    chance = random.Random(SEED)  # noqa: S311 - a bench
    edge = Virtualstock(
        ScaledClock(),
        seed=SEED,
        accounts=[Account("harbour", "user", "edge-password")],
        calls_per_minute=10_000_000,
    )
    products = edge.state.supplier("harbour").products
    for number in range(SKUS):
        edge.add_product(
            "harbour", stock_number=str(20_000_000 + number), sku=sku(number), ean=ean(number), free_stock=1_000_000
        )
    assert products.by_sku(sku(0)).free_stock == 1_000_000
    for number in range(orders):
        basket = {sku(one): chance.randint(1, 3) for one in chance.sample(range(SKUS), chance.choice((1, 1, 1, 2, 3)))}
        customer = {"full_name": f"Person {number}", "line_1": f"{number} Some Road", "postal_code": "AN1 1AN"}
        edge.buy_basket("harbour", basket, customer)
    return edge


async def record(orders: int, folder: Path) -> None:
    """Let the connector read the order queues of the pretend marketplace once, and keep every answer."""
    edge: Any = a_marketplace(orders)
    transport = Recording(httpx.ASGITransport(app=edge.app), folder)
    with a_ledger(folder / "recording.sqlite") as database:
        run = a_run(database, transport)
        async for _ in pull(run):
            pass


@contextmanager
def a_ledger(path: Path) -> Iterator[Database]:
    """Open a new ledger in which the catalogue and its stock are known."""
    database = Database(f"sqlite:///{path}", ScaledClock())
    migrate(database)
    with database.transaction("harbour") as tx:
        items.store(tx, Side.BACK_OFFICE, [Item(sku=sku(n), ean=ean(n), external_id=str(n)) for n in range(SKUS)])
        listings = [Item(sku=sku(n), stock_number=str(20_000_000 + n), external_id=str(n)) for n in range(SKUS)]
        items.store(tx, Side.MARKETPLACE, listings)
        levels.enrol(tx)
        ways = Deducts.ON_ACCEPTANCE
        counts = [StockLevel(sku=sku(n), pool="main", quantity=100_000, deducts=ways) for n in range(SKUS)]
        scan(tx, counts)
        for skus in levels.listed_skus(tx):
            levels.recompute(tx, skus, an_installation().stock)
    try:
        yield database
    finally:
        database.close()


def a_run(database: Database, transport: httpx.AsyncBaseTransport) -> Run:
    """Return an orders run with all the time in the world."""
    installation = an_installation()
    connectors = open_connectors(installation, surroundings(database, transport))
    return Run(installation, ORDERS, database, connectors, run_id="bench", slice_seconds=3600)


async def product(database: Database, transport: httpx.AsyncBaseTransport) -> int:
    """Pull, gate and file everything that waits; return how many orders were filed."""
    run = a_run(database, transport)
    go_live(run)
    async for chunk in pull(run):
        await file(run, await judge(run, chunk))
    assert not run.troubles, run.troubles
    assert run.held == 0, run.held
    return run.news.counts[Kind.SALES_ORDER, "filed"]


def one_pair(folder: Path, number: int) -> tuple[float, float]:
    """Import with the product and with the floor, in turns first; return orders a second of each."""
    rates = {}
    for who in ("floor", "product") if number % 2 else ("product", "floor"):
        with tempfile.TemporaryDirectory() as place:
            if who == "floor":
                began = time.perf_counter()
                filed = floor(Replay(folder), BASE_URL, Path(place) / "floor.sqlite")
            else:
                with a_ledger(Path(place) / "ledger.sqlite") as database:
                    began = time.perf_counter()
                    filed = asyncio.run(product(database, Replay(folder)))
        rates[who] = filed / (time.perf_counter() - began)
        assert filed == HOW_MANY, (who, filed)
    return rates["product"], rates["floor"]


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        asyncio.run(record(HOW_MANY, folder))
        one_pair(folder, 0)  # the first import of a process loads the gate's library
        pairs = [one_pair(folder, number) for number in range(PAIRS)]
    ratio = median_ratio(pairs)
    Report(
        f"Import of {HOW_MANY:,} orders",
        f"`python -m tests.benchmarks.imports`. Pull, gate and file of the orders loop, into a new SQLite ledger on disk"
        f" (synchronous=FULL), against `tests/benchmarks/floor_import.py` (httpx and sqlite3). Both read the same"
        f" recorded pages of {PAGE} orders (1 to 3 lines, {SKUS:,} SKUs, seed {SEED}) and commit every 1,000 orders;"
        f" {PAIRS} interleaved pairs after one that warms up. Bars are ratios: the median over the pairs.",
        ("Pair", "product, orders/s", "floor, orders/s", "ratio"),
        [[str(n), f"{p:,.0f}", f"{f:,.0f}", f"{p / f:.3f}"] for n, (p, f) in enumerate(pairs, 1)],
        [Bar("the product's rate by the floor's", ratio, 0.33, at_least=True, hoped=0.5)],
    ).tell()


if __name__ == "__main__":
    main()
