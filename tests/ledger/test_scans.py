import tracemalloc
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from domain.records import Deducts, StockLevel
from ledger import levels, scans
from ledger.database import Database, Transaction
from ledger.rows import table
from ledger.stock_tables import StockChange, StockCount
from tests.doubles import ManualClock
from tests.ledger.making import begin, count, list_skus
from tests.scanning import AGE_LIMIT, Scanned, finish, fold, scan

HUNDRED = [count(f"SKU-{n:03}", 10) for n in range(100)]


def trusted_units(tx: Transaction, *skus: str, pools: tuple[str, ...] = ()) -> dict[str, dict[Deducts, int]]:
    found = scans.counts(tx, skus, pools, tx.now, tx.now - AGE_LIMIT)
    return {sku: counted.units for sku, counted in found.items()}


def total(tx: Transaction) -> int:
    return int(tx.value(select(func.sum(table(StockCount).c.quantity))) or 0)


def test_a_scan_is_believed_from_when_it_began(database: Database, clock: ManualClock) -> None:
    began_at = clock.now() - timedelta(minutes=7)
    with begin(database) as tx:
        assert scans.trusted(tx) == (None, 0)
        finished = scan(tx, [count("A", 5), count("B", 0)], began_at=began_at)
        assert finished.changed == {"A", "B"}
        assert scans.trusted(tx) == (began_at, 2)
        assert scans.running(tx) is None
        assert trusted_units(tx, "A", "B", "C") == {"A": {Deducts.ON_ACCEPTANCE: 5}, "B": {Deducts.ON_ACCEPTANCE: 0}}


def test_only_what_changed_is_told(database: Database) -> None:
    with begin(database) as tx:
        scan(tx, [count("A", 5), count("B", 6), count("C", 7)])
        assert scan(tx, [count("A", 5), count("B", 1), count("C", 7), count("D", 2)]).changed == {"B", "D"}
        assert total(tx) == 15


def test_counts_of_one_key_within_a_page_are_summed(database: Database) -> None:
    with begin(database) as tx:
        scan(tx, [count("A", 5), count("A", 6), count("A", 7, pool="shop"), count("A", 9, deducts=Deducts.NEVER)])
        assert trusted_units(tx, "A") == {"A": {Deducts.ON_ACCEPTANCE: 18, Deducts.NEVER: 9}}
        assert trusted_units(tx, "A", pools=("main",)) == {"A": {Deducts.ON_ACCEPTANCE: 11, Deducts.NEVER: 9}}


def test_a_pool_that_does_not_count_is_no_count_of_nothing(database: Database) -> None:
    with begin(database) as tx:
        scan(tx, [count("A", 5), count("A", 7, pool="shop", deducts=Deducts.ON_DISPATCH)])
        assert trusted_units(tx, "A", pools=("main",)) == {"A": {Deducts.ON_ACCEPTANCE: 5}}


def test_the_later_page_rules_where_a_count_comes_twice(database: Database) -> None:
    with begin(database) as tx:
        scan(tx, [count("A", 5), count("B", 1)])
        running = scans.Running(tx.now)
        fold(tx, running, [count("A", 9)], "2")
        fold(tx, running, [count("B", 1), count("A", 5)], None)
        running.rows = 2
        finish(tx, running)
        assert total(tx) == 6


def test_a_scan_goes_on_in_another_process_page_by_page(database: Database, url: str, clock: ManualClock) -> None:
    with begin(database) as tx:
        scan(tx, HUNDRED)
    clock.move(600)
    began_at = clock.now()
    for page in range(4):
        other = Database(url, clock)
        with begin(other) as tx:
            running = scans.running(tx) or scans.Running(began_at)
            assert running.rows == page * 25
            assert running.cursor == (f"page {page}" if page else None)
            fold(tx, running, [count(c.sku, 11) for c in HUNDRED[page * 25 : page * 25 + 25]], f"page {page + 1}")
            assert total(tx) == 1000  # nothing is believed yet
        other.close()
        clock.move(60)
    with begin(database) as tx:
        whole = scans.running(tx)
        assert whole is not None
        finished = finish(tx, whole, absent_is_zero=True)
        assert len(finished.changed) == 100
        assert total(tx) == 1100
        assert scans.trusted(tx) == (began_at, 100)


@pytest.mark.parametrize(
    ("rows", "complete", "why"),
    [
        (100, False, "did not prove"),
        (94, True, "94 rows, the last one had 100"),
        (106, True, "106 rows"),
        (0, True, "0 rows"),
    ],
)
def test_a_scan_that_is_not_whole_changes_nothing(database: Database, rows: int, why: str, *, complete: bool) -> None:
    pages = [count(f"SKU-{n:03}", 1) for n in range(rows)]
    with begin(database) as tx:
        scan(tx, HUNDRED, began_at=tx.now - timedelta(minutes=5))
        former = scans.trusted(tx)
        refused = scan(tx, pages, complete=complete, absent_is_zero=True)
        assert why in refused.refused
        assert (refused.changed, total(tx), scans.trusted(tx)) == (frozenset(), 1000, former)
        assert scans.running(tx) is None
        assert tx.value(select(func.count()).select_from(table(StockChange))) == 0
        assert scan(tx, HUNDRED).refused == ""


def test_a_first_scan_with_nothing_in_it_is_refused(database: Database) -> None:
    with begin(database) as tx:
        assert scan(tx, [], absent_is_zero=True).refused
        assert scans.trusted(tx) == (None, 0)


def test_absent_is_zero_where_the_source_says_so(database: Database) -> None:
    with begin(database) as tx:
        scan(tx, HUNDRED)
        assert scan(tx, HUNDRED[:96], absent_is_zero=True).changed == {c.sku for c in HUNDRED[96:]}
        assert trusted_units(tx, "SKU-099") == {"SKU-099": {Deducts.ON_ACCEPTANCE: 0}}
        assert scan(tx, HUNDRED, absent_is_zero=True).changed == {c.sku for c in HUNDRED[96:]}


def test_where_zeroes_are_left_out_the_number_of_rows_refuses_nothing(database: Database) -> None:
    def finished(tx: Transaction, counts: list[StockLevel]) -> Scanned:
        return scan(tx, counts, absent_is_zero=True, omits_zeroes=True)

    with begin(database) as tx:
        scan(tx, HUNDRED)
        assert finished(tx, HUNDRED[:60]).changed == {c.sku for c in HUNDRED[60:]}
        assert finished(tx, HUNDRED).changed == {c.sku for c in HUNDRED[60:]}
        assert finished(tx, []).refused == "0 rows, the last one had 100"


def test_absent_is_unknown_elsewhere_and_nothing_past_the_age_limit(database: Database, clock: ManualClock) -> None:
    gone = "SKU-099"
    with begin(database) as tx:
        scan(tx, HUNDRED)
    clock.move(AGE_LIMIT.total_seconds() / 2)
    with begin(database) as tx:
        assert scan(tx, HUNDRED[:99]).changed == frozenset()
        assert trusted_units(tx, gone)[gone] == {Deducts.ON_ACCEPTANCE: 10}
    clock.move(AGE_LIMIT.total_seconds() / 2)
    with begin(database) as tx:
        assert scan(tx, HUNDRED[:99]).changed == {gone}
        assert trusted_units(tx, gone)[gone] == {Deducts.ON_ACCEPTANCE: 0}
    clock.move(60)
    with begin(database) as tx:
        assert scan(tx, HUNDRED).changed == {gone}  # it is back, with the number that it had
    clock.move(AGE_LIMIT.total_seconds() * 2)
    with begin(database) as tx:
        assert scan(tx, HUNDRED).changed == frozenset()
        assert trusted_units(tx, gone)[gone] == {Deducts.ON_ACCEPTANCE: 10}


def emptied(number: int) -> list[StockLevel]:
    return [count(c.sku, 0 if n < number else 10) for n, c in enumerate(HUNDRED)]


@pytest.fixture
def stocked(database: Database) -> Database:
    """A hundred listed SKUs with ten each."""
    with begin(database) as tx:
        list_skus(tx, *(c.sku for c in HUNDRED))
        scan(tx, HUNDRED)
    return database


@pytest.mark.parametrize(("drops", "waits"), [(1, 0), (20, 0), (21, 1), (60, 40), (100, 80)])
def test_the_excess_of_a_mass_drop_waits(stocked: Database, drops: int, waits: int) -> None:
    with begin(stocked) as tx:
        finished = scan(tx, emptied(drops))
        assert len(finished.waiting) == waits
        assert len(finished.changed) == drops - waits
        assert total(tx) == 1000 - 10 * (drops - waits)
        assert {row.sku for row in levels.waiting_zeroes(tx)} == finished.waiting


def test_what_is_not_listed_does_not_widen_the_limit(database: Database) -> None:
    shelves = [count(f"UNLISTED-{n:04}", 10) for n in range(3000)]
    with begin(database) as tx:
        list_skus(tx, *(c.sku for c in HUNDRED))
        scan(tx, [*HUNDRED, *shelves])
        assert len(scan(tx, [*emptied(100), *shelves]).waiting) == 80


def test_a_second_scan_that_agrees_passes(stocked: Database, clock: ManualClock) -> None:
    with begin(stocked) as tx:
        assert len(scan(tx, emptied(60)).waiting) == 40
    clock.move(300)
    with begin(stocked) as tx:
        second = scan(tx, emptied(60))
        assert (len(second.waiting), len(second.changed), total(tx)) == (0, 40, 400)
        assert levels.waiting_zeroes(tx) == []


def test_a_second_scan_that_disagrees_ends_the_waiting(stocked: Database, clock: ManualClock) -> None:
    with begin(stocked) as tx:
        scan(tx, emptied(60))
    clock.move(300)
    with begin(stocked) as tx:
        scan(tx, HUNDRED)
        assert (total(tx), levels.waiting_zeroes(tx)) == (1000, [])
    clock.move(300)
    with begin(stocked) as tx:
        assert len(scan(tx, emptied(60)).waiting) == 40  # it is new again


def test_a_scan_that_began_no_later_does_not_agree(stocked: Database) -> None:
    with begin(stocked) as tx:
        scan(tx, emptied(60))
        # what waits goes on waiting: a scan of the same passing fault lets no more of them go
        assert len(scan(tx, emptied(60)).waiting) == 40


def test_a_person_lets_it_pass(stocked: Database) -> None:
    with begin(stocked) as tx:
        assert len(scan(tx, emptied(60)).waiting) == 40
        assert levels.approve_zeroes(tx) == 40
        assert (len(scan(tx, emptied(60)).waiting), total(tx)) == (0, 400)
        assert levels.approve_zeroes(tx) == 0


def test_known_rows_keep_their_ids_over_many_scans(database: Database) -> None:
    with begin(database) as tx:
        for quantity in range(20):
            scan(tx, [count(c.sku, quantity + 1) for c in HUNDRED])
        scan(tx, [*HUNDRED, count("NEW", 1)])
        assert tx.value(select(func.max(table(StockCount).c.id))) <= 130


def test_a_scan_costs_little_memory(database: Database) -> None:
    rows = 20_000
    with begin(database) as tx:
        scan(tx, [count(f"SKU-{n:06}", 5) for n in range(rows)])
    running = scans.Running(database.clock.now())
    with begin(database) as tx:
        tracemalloc.start()
        for start in range(0, rows, 1000):
            page = [count(f"SKU-{n:06}", 6 if n % 100 == 0 else 5) for n in range(start, start + 1000)]
            fold(tx, running, page, None)
        del page
        finish(tx, running)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert len(running.seen.bits) <= rows // 8 + 1
    assert peak < 8_000_000  # a page and its comparison; all the rows at once take 15 MB


def test_a_count_that_is_not_renewed_keeps_the_moment_at_which_it_was_true(
    stocked: Database, clock: ManualClock
) -> None:
    counted_at = clock.now()
    clock.move(300)
    with begin(stocked) as tx:
        waiting = next(iter(scan(tx, emptied(60)[:99]).waiting))
        found = scans.counts(tx, [waiting, "SKU-099", "SKU-098"], (), tx.now, tx.now - AGE_LIMIT)
        assert found[waiting].as_of == found["SKU-099"].as_of == counted_at
        assert found["SKU-098"].as_of == tx.now


def test_an_abandoned_scan_leaves_nothing(stocked: Database) -> None:
    with begin(stocked) as tx:
        fold(tx, scans.Running(tx.now), [count("SKU-001", 99)], "2")
        scans.abandon(tx)
        assert scans.running(tx) is None
        assert tx.value(select(func.count()).select_from(table(StockChange))) == 0
        assert total(tx) == 1000


def test_two_installations_do_not_see_each_others_stock(database: Database) -> None:
    with begin(database) as tx:
        scan(tx, HUNDRED)
    with database.transaction("pillows") as tx:
        assert scans.trusted(tx) == (None, 0)
        scan(tx, [count("SKU-001", 1)])
        assert trusted_units(tx, "SKU-001", "SKU-002") == {"SKU-001": {Deducts.ON_ACCEPTANCE: 1}}
    with begin(database) as tx:
        assert trusted_units(tx, "SKU-001") == {"SKU-001": {Deducts.ON_ACCEPTANCE: 10}}
