"""Stock goes out of a large catalogue, to marketplaces that keep nothing: what grows in this process is ours."""

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from domain.installation import Installation
from ledger import journal, levels
from ledger.database import Database
from ledger.schema import migrate
from tasks.confirm import confirm
from tasks.loops import STOCK
from tasks.push import push
from tasks.run import Run, open_connectors, surroundings
from tests.benchmarks.catalogue import change, list_all, sku_of
from tests.directory import Directory
from tests.stateful.markets import MARKETS, NAME
from tests.stateful.offices import OFFICES
from tests.stateful.virtual import EPOCH, VirtualClock, VirtualLoop

EVERY_SECONDS, TAKEN_SECONDS, MOST_RUNS = 60, 30, 2_000
_CHUNK = 20_000


class _Takes(httpx.AsyncBaseTransport):
    """Takes every stock file and every number, and says so; it keeps nothing."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as the vendor would that has worked all off."""
        await request.aread()
        answer: dict[str, object]
        path, answer, status = request.url.path, {"access": "a", "refresh": "b"}, 200
        if path.endswith("/stock/imports"):
            answer, status = {"import_id": f"{hash(request.content) % 10**9}"}, 201
        elif path.endswith("/status"):
            answer = {"import_id": "1", "status": "COMPLETE", "has_error_report": False}
        elif request.method == "PATCH":
            answer = json.loads(request.content)
        stream = httpx.ByteStream(json.dumps(answer).encode())
        return httpx.Response(status, headers={"content-type": "application/json"}, stream=stream)


def _installation(market: str, place: Path) -> Installation:
    kind, joined = MARKETS[market], OFFICES["magento"]
    listings = {"HARBOUR_VIRTUALSTOCK_FILES_LISTINGS": str(place / "listings.csv")}
    os.environ.update({**kind.environment, **joined.environment, **listings})
    return Installation.model_validate(kind.joined(joined.installation(NAME, EPOCH)))


@contextmanager
def _a_ledger(place: Path, loop: VirtualLoop) -> Iterator[Database]:
    database = Database(f"sqlite:///{place / 'ledger.sqlite'}", VirtualClock(loop))
    migrate(database)
    try:
        yield database
    finally:
        database.close()


def prepare(place: Path, size: int) -> None:
    """Write a ledger in which so many SKUs are listed, and all have changed."""
    with _a_ledger(place, VirtualLoop()) as database:
        with database.transaction(NAME) as tx:
            list_all(tx, size, ["9"] * size)
        for start in range(0, size, _CHUNK):
            with database.transaction(NAME) as tx:
                change(tx, [sku_of(number) for number in range(start, min(size, start + _CHUNK))])


def send(place: Path, market: str) -> None:
    """Send all that a ledger owes, run by run, each with its own connectors."""
    loop = VirtualLoop()
    with _a_ledger(place, loop) as database:
        loop.run_until_complete(_send(database, _installation(market, place), place / "server", loop))
    loop.close()


async def _send(database: Database, installation: Installation, server: Path, loop: VirtualLoop) -> None:
    folder = server / "live" / "inventory"
    (folder / "errors").mkdir(parents=True)
    for number in range(MOST_RUNS):
        with database.transaction(NAME) as tx:
            journal.set_watermark(tx, "marketplace:sales_order", None, tx.now, tx.now)
        around = surroundings(database, _Takes(), Directory(server))
        connectors = open_connectors(installation, around)
        run = Run(installation, STOCK, database, connectors, run_id=f"bench-{number}")
        await confirm(run)
        await push(run)
        assert not run.troubles, run.troubles
        for connector in connectors.values():
            await connector.close()
        await asyncio.sleep(TAKEN_SECONDS)
        for path in folder.glob("*.csv"):
            path.unlink()
        with database.transaction(NAME) as tx:
            if not levels.is_owed(tx):
                return
        await asyncio.sleep(EVERY_SECONDS - TAKEN_SECONDS)
    raise RuntimeError(f"not all is sent after {MOST_RUNS} runs")
