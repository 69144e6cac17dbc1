"""Print what the ledger costs: python -m tests.benchmarks.ledger [sqlite|postgresql] [orders|scan ...]"""

import asyncio
import cProfile
import pstats
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from connectors.roles import FeedShape
from domain.clock import ScaledClock
from domain.installation import Installation, Side
from domain.records import Address, Deducts, Item, Kind, OrderLine, Page, Received, SalesOrder, StockLevel
from ledger import inbox, items, levels, messages, scans
from ledger.database import Database
from ledger.schema import migrate
from tasks.filing import file
from tasks.judge import Judged
from tasks.loops import INTAKES, ORDERS
from tasks.pull import Pulled
from tasks.run import Run, Walk
from tests.postgresql import postgresql_url
from tests.scanning import finish, fold
from tests.scanning import scan as believe

CHUNK = 1000
SKUS = [f"SKU-{number:05}" for number in range(2000)]
KEEPS = {"id": True, "reference": True, "placed": True, "lines": {"id": True, "sku": True, "quantity": True}}
INTAKE = INTAKES[Side.MARKETPLACE, Kind.SALES_ORDER]


def say(text: str) -> None:
    print(text, flush=True)


def memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def open_ledger(kind: str) -> Database:
    url = postgresql_url() if kind == "postgresql" else f"sqlite:///{tempfile.mkdtemp()}/ledger.sqlite"
    database = Database(url, ScaledClock())
    migrate(database)
    return database


def order(number: int, now: Any) -> Received:
    lines = tuple(
        OrderLine(line=str(n), sku=SKUS[(number * 7 + n) % len(SKUS)], ean=None, stock_number=f"81{n}", quantity=1 + n)
        for n in range(2)
    )
    address = Address(
        name=f"Person {number}", street=("1 Some Road",), city="Anytown", postcode="AN1 1AN", country="GB"
    )
    key = f"K{number:06}"
    record = SalesOrder(
        key=key, reference=f"R{key}", external_id=f"X{key}", placed_at=now, lines=lines, ship_to=address
    )
    raw = record.model_dump(mode="json") | {"id": key}
    return Received(record, raw)


def a_run(database: Database) -> Run:
    accounts = {"marketplace": {"system": "a", "account": "a"}, "back_office": {"system": "b", "account": "b"}}
    installation = Installation.model_validate({"name": "bench", "product_master": "back_office", **accounts})
    feed = SimpleNamespace(keeps=KEEPS, shape=FeedShape.LOG)
    connectors: Any = {Side.MARKETPLACE: SimpleNamespace(**{INTAKE.feed: feed})}
    run = Run(installation, ORDERS, database, connectors, run_id="bench")
    run.walks[INTAKE.name] = Walk()
    return run


def import_orders(database: Database, how_many: int) -> None:
    """File orders chunk by chunk as the orders loop does, from the look for what is new to the journal."""
    run, clock = a_run(database), database.clock
    with run.transaction() as tx:
        items.store(tx, Side.BACK_OFFICE, [Item(sku=sku, external_id=sku) for sku in SKUS])
        items.store(tx, Side.MARKETPLACE, [Item(sku=sku, stock_number=sku, external_id=sku) for sku in SKUS])
        levels.enrol(tx)
        counts = [StockLevel(sku=sku, pool="main", quantity=500, deducts=Deducts.ON_ACCEPTANCE) for sku in SKUS]
        believe(tx, counts)
    chunks = [[order(number, clock.now()) for number in range(s, s + CHUNK)] for s in range(0, how_many, CHUNK)]
    for name in ("new", "seen again"):
        spent = 0.0
        filed = 0
        for chunk in chunks:
            began = time.perf_counter()
            prints = {one.record.key: one.record.fingerprint() for one in chunk}
            with run.transaction() as tx:
                unseen = inbox.unseen(tx, Side.MARKETPLACE, Kind.SALES_ORDER, prints)
            fresh = [one for one in chunk if one.record.key in unseen]
            filed += len(fresh)
            asyncio.run(file(run, Judged(Pulled(INTAKE, Page(chunk, [], began_at=clock.now())), fresh)))
            spent += time.perf_counter() - began
        say(f"{how_many} orders {name}: {filed} filed, {spent:.2f} s, {how_many / spent:.0f} orders/s")
    began, claimed = time.perf_counter(), 0
    for _ in range(50):
        with run.transaction() as tx:
            batch = messages.claim(tx, Kind.SALES_ORDER, 20, timedelta(minutes=2), looking=True)
        with run.transaction() as tx:
            claimed += sum(messages.close(tx, one, "done", "seen") for one in batch)
    say(f"claimed and closed {claimed} of {how_many}: {(time.perf_counter() - began) * 1000 / 50:.1f} ms a batch of 20")


def pages(rows: int, changed_every: int) -> Iterator[list[StockLevel]]:
    for start in range(0, rows, CHUNK):
        yield [
            StockLevel(
                sku=f"SKU-{number:07}",
                pool="main",
                quantity=6 if changed_every and number % changed_every == 0 else 5,
                deducts=Deducts.ON_ACCEPTANCE,
            )
            for number in range(start, min(rows, start + CHUNK))
        ]


def scan(database: Database, rows: int) -> None:
    for name, changed_every in (("first", 0), ("1 % changed", 100), ("1 % back", 0)):
        before, folding = memory(), 0.0
        running = scans.Running(database.clock.now())
        for page in pages(rows, changed_every):
            began = time.perf_counter()
            with database.transaction("bench") as tx:
                fold(tx, running, page, "next")
            folding += time.perf_counter() - began
        began = time.perf_counter()
        with database.transaction("bench") as tx:
            done = finish(tx, running)
        say(
            f"scan of {rows} rows, {name}: fold {folding:.2f} s ({rows / folding:.0f} rows/s), "
            f"finish {time.perf_counter() - began:.2f} s, {len(done.changed)} changed, "
            f"peak memory {memory():.0f} MB (+{memory() - before:.0f})"
        )


def main(kind: str, what: str, size: int, profiled: str = "") -> None:
    database = open_ledger(kind)
    profile = cProfile.Profile()
    if profiled:
        profile.enable()
    say(f"-- {kind}")
    (import_orders if what == "orders" else scan)(database, size)
    if profiled:
        profile.disable()
        pstats.Stats(profile).sort_stats(profiled).print_stats(28)
    database.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
