"""Stock in a place that the installation names nowhere counts as nothing, and somebody hears of it."""

from collections.abc import Mapping
from typing import Any

from domain.counts import Counts, StockPage
from domain.installation import Installation, Side
from domain.records import Deducts, StockLevel
from ledger import holds, scans
from ledger.database import Database
from tasks.filing import file
from tasks.judge import judge
from tasks.loops import STOCK
from tasks.pull import Pulled
from tasks.run import Run, Walk
from tests.stateful.offices import OFFICES


class Office:
    """A back office whose stock feed is only asked what absence means."""

    absent_is_zero = True
    keeps: Mapping[str, Any] = {}

    @property
    def stock_feed(self) -> "Office":
        return self


async def scanned(database: Database, counts: dict[tuple[str, str], int], **policy: Any) -> dict[str, int]:
    """File one whole scan, and return the units that count by SKU."""
    settings = OFFICES["magento"].installation("harbour", database.clock.now())
    settings["stock"] = {"age_limit_minutes": 30, **policy}
    connectors: Any = {Side.BACK_OFFICE: Office()}
    run = Run(Installation.model_validate(settings), STOCK, database, connectors, run_id="run-1")
    intake = STOCK.intakes[0]
    run.walks[intake.name] = Walk(finished=True, began_at=run.clock.now())
    shown = Counts.of(
        StockLevel(sku=sku, pool=pool, quantity=units, deducts=Deducts.ON_ACCEPTANCE)
        for (sku, pool), units in counts.items()
    )
    page = StockPage(shown, [], began_at=run.clock.now(), complete=True)
    await file(run, await judge(run, Pulled(intake, page, last=True)))
    with run.transaction() as tx:
        skus = [sku for sku, _ in counts]
        found = scans.counts(tx, skus, run.installation.stock.pools, tx.now, tx.now)
        return {sku: one.units[Deducts.ON_ACCEPTANCE] for sku, one in found.items()}


def held(database: Database) -> list[tuple[str, str]]:
    with database.transaction("harbour") as tx:
        return [(one.type, one.subject_id) for one in holds.open_holds(tx)]


COUNTS = {("MUG-1", "MK1"): 5, ("MUG-1", "RETAIL1"): 7, ("JUG-1", "ANNEX"): 3}


async def test_an_unmapped_place_counts_nothing_and_is_reported_until_it_is_named(database: Database) -> None:
    for _ in range(2):
        assert await scanned(database, COUNTS, pools=["MK1"], other_pools=["RETAIL1"]) == {"MUG-1": 5}
        assert held(database) == [("unmapped_location", "ANNEX")]
    assert await scanned(database, COUNTS, pools=["MK1", "ANNEX"]) == {"MUG-1": 5, "JUG-1": 3}
    assert held(database) == [("unmapped_location", "RETAIL1")]
    await scanned(database, COUNTS, pools=["MK1"], other_pools=["RETAIL1", "ANNEX"])
    assert held(database) == []


async def test_where_every_pool_counts_none_is_unmapped(database: Database) -> None:
    assert await scanned(database, COUNTS) == {"MUG-1": 12, "JUG-1": 3}
    assert held(database) == []
