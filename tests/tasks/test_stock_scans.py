"""A stock scan through the gate: what changes nothing is not judged, and what was held is."""

from collections.abc import Mapping
from typing import Any

from connectors.roles import FeedShape
from domain.counts import Counts, StockPage
from domain.installation import Installation, Side
from domain.records import Deducts, Item, Received, Reject, StockLevel
from ledger import holds, inbox, items, levels, scans
from ledger.database import Database
from ledger.rows import table
from ledger.stock_tables import Level
from tasks.filing import file
from tasks.filing_rejects import file_rejects
from tasks.judge import judge
from tasks.loops import STOCK
from tasks.pull import Pulled, pull_chunk
from tasks.run import Run, Walk
from tests.stateful.offices import OFFICES

INTAKE = STOCK.intakes[0]
TOO_MANY = 10_000_001


class Office:
    """A back office with a stock feed that can map its originals again."""

    shape = FeedShape.SNAPSHOT
    absent_is_zero = True
    keeps: Mapping[str, Any] = {"sku": True, "units": True}

    @property
    def stock_feed(self) -> "Office":
        return self

    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        return Received(level(raw["sku"], raw["units"]), raw)


def level(sku: str, units: int, pool: str = "main") -> StockLevel:
    return StockLevel(sku=sku, pool=pool, quantity=units, deducts=Deducts.ON_ACCEPTANCE)


def a_run(database: Database, name: str = "run") -> Run:
    settings = OFFICES["magento"].installation("harbour", database.clock.now())
    connectors: Any = {Side.BACK_OFFICE: Office()}
    run = Run(Installation.model_validate(settings), STOCK, database, connectors, run_id=name)
    run.walks[INTAKE.name] = Walk(finished=True, began_at=run.clock.now())
    return run


def pulled(
    run: Run, *shown: StockLevel, last: bool = True, follows: str | None = None, cursor: str | None = None
) -> Pulled:
    page = StockPage(Counts.of(shown), [], began_at=run.clock.now(), cursor=cursor, complete=last)
    return Pulled(INTAKE, page, last=last, follows=follows)


async def scanned(database: Database, *shown: StockLevel) -> Run:
    """File one whole scan."""
    run = a_run(database)
    await file(run, await judge(run, pulled(run, *shown)))
    return run


def trusted(database: Database, *skus: str) -> dict[str, int]:
    with database.transaction("harbour") as tx:
        found = scans.counts(tx, skus, (), tx.now, tx.now)
        return {sku: sum(one.units.values()) for sku, one in found.items()}


def held(database: Database) -> list[tuple[str, str]]:
    with database.transaction("harbour") as tx:
        return sorted((one.type, one.subject_id) for one in holds.open_holds(tx))


def judged_rows(run: Run) -> set[int]:
    return {row["checked"] for row in run.results}


async def test_only_what_differs_is_judged_and_all_of_that_is(database: Database) -> None:
    many = [level(f"SKU-{number}", 5) for number in range(50)]
    assert judged_rows(await scanned(database, *many)) == {50}
    assert judged_rows(await scanned(database, *many)) == set()
    run = await scanned(database, level("SKU-0", 6), level("SKU-1", TOO_MANY), level("NEW ", 1), *many[2:])
    assert judged_rows(run) == {3}
    assert held(database) == [("quantity", "SKU-1"), ("sku_form", "NEW ")]
    assert trusted(database, "SKU-0", "SKU-1", "SKU-2", "NEW ") == {"SKU-0": 6, "SKU-1": 0, "SKU-2": 5}


async def test_a_held_count_that_is_again_as_it_was_trusted_lets_go_of_its_hold(database: Database) -> None:
    others = [level(f"SKU-{number}", 5) for number in range(50)]
    await scanned(database, level("A", 0), *others)
    await scanned(database, level("A", TOO_MANY), *others)
    assert held(database) == [("quantity", "A")]
    run = await scanned(database, level("A", 0), *others)
    assert judged_rows(run) == {1}
    assert held(database) == []


async def test_a_count_that_stays_wrong_stays_held_once(database: Database) -> None:
    others = [level(f"SKU-{number}", 5) for number in range(50)]
    for _ in range(3):
        run = await scanned(database, level("A", TOO_MANY), level("A", 3, "shop"), *others)
        assert held(database) == [("quantity", "A")]
    assert run.held == 0


async def test_a_comparison_with_what_is_no_longer_trusted_is_not_filed(database: Database) -> None:
    await scanned(database, level("A", 5), level("B", 5))
    slow = a_run(database, "slow")
    judged = await judge(slow, pulled(slow, level("A", 5), level("B", 5)))
    database.clock.move(60)  # type: ignore[attr-defined] # a ManualClock
    await scanned(database, level("A", 1), level("B", 5))
    await file(slow, judged)
    assert [news.what for news in slow.news.lines] == ["left"]
    assert trusted(database, "A", "B") == {"A": 1, "B": 5}


async def test_a_chunk_that_another_worker_filed_is_not_filed_again(database: Database) -> None:
    await scanned(database, level("A", 5), level("B", 5))
    first, second = a_run(database), a_run(database, "second")
    of_first = await judge(first, pulled(first, level("A", 6), last=False, cursor="2"))
    of_second = await judge(second, pulled(second, level("A", 7), last=False, cursor="2"))
    await file(first, of_first)
    await file(second, of_second)
    assert [news.what for news in second.news.lines] == ["left"]
    await file(first, await judge(first, pulled(first, level("B", 5), follows="2")))
    assert trusted(database, "A", "B") == {"A": 6, "B": 5}


async def test_a_row_that_was_released_only_says_whether_it_can_be_read(database: Database) -> None:
    await scanned(database, level("A", 5))
    run = a_run(database)
    with run.transaction() as tx:
        reject = Reject("A", {"sku": "A", "units": 9}, "it could not be read")
        file_rejects(run, tx, INTAKE, {"A": reject})
        inbox.set_gate(tx, [int(one.subject_id) for one in holds.open_holds(tx)], inbox.WAITING)
        scans.fold(tx, scans.Running(tx.now), scans.compare(tx, None, Counts.of([level("A", 5)])), "page 2")
    run.walks.clear()
    chunk = await pull_chunk(run, INTAKE)
    assert chunk is not None
    assert chunk.released
    await file(run, await judge(run, chunk))
    assert held(database) == []
    assert trusted(database, "A") == {"A": 5}
    with run.transaction() as tx:
        assert (scans.running(tx) or scans.Running(tx.now)).cursor == "page 2"


async def test_a_listed_sku_is_worked_out_again_only_when_its_count_changed(database: Database) -> None:
    run = a_run(database)
    with run.transaction() as tx:
        items.store(tx, Side.BACK_OFFICE, [Item(sku=sku, external_id=sku) for sku in "ABC"])
        items.store(tx, Side.MARKETPLACE, [Item(sku=sku, stock_number=sku, external_id=sku) for sku in "ABC"])
        levels.enrol(tx)
    await scanned(database, level("A", 5), level("B", 5), level("C", 5))
    told = (await scanned(database, level("A", 5), level("B", 4), level("C", 5))).news.lines
    assert [news.detail for news in told if news.what == "scanned"] == ["3 rows, 1 levels changed"]
    with run.transaction() as tx:
        assert {row.sku: row.wanted for row in tx.rows(table(Level).select())} == {"A": 5, "B": 4, "C": 5}
