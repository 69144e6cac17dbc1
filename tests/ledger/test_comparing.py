import pytest
from sqlalchemy import func, select

from domain.counts import Counts
from domain.records import Deducts, StockLevel
from ledger import scans
from ledger.comparing import Compared, _comparison, _parameters
from ledger.database import Database, Transaction
from ledger.rows import table
from ledger.seen import Seen
from ledger.stock_tables import StockCount
from tests.ledger.making import begin, count
from tests.scanning import fold, scan

ODD_BUT_GOOD = ['A"B', "A\\B", "A'B", "A/B", "A B", "a", "A", "%", "[]", "{}", "null", "1", "-1", "A" * 300]
NEVER_A_SKU = ["é", "A\u200b", "A\x00B", "A\nB", "A\x7f", "\ud800", "\U0001f600"]


def compared(tx: Transaction, *levels: StockLevel, again: tuple[str, ...] = ()) -> Compared:
    return scans.compare(tx, scans.running(tx), Counts.of(levels), again)


def changed(found: Compared) -> dict[str, int]:
    return {level.sku: level.quantity for level in found.changed.levels()}


def skus_of(tx: Transaction, ids: list[int]) -> set[str]:
    counts = table(StockCount)
    return {row.sku for row in tx.rows(select(counts.c.sku, counts.c.id)) if row.id in ids}


def test_only_what_differs_comes_out(database: Database) -> None:
    with begin(database) as tx:
        scan(tx, [count("A", 5), count("B", 0), count("C", -3), count("B", 9, pool="shop")])
        found = compared(tx, count("A", 5), count("B", 1), count("C", -3), count("B", 9, pool="shop"), count("D", 0))
        assert changed(found) == {"B": 1, "D": 0}
        assert (len(found.same), skus_of(tx, found.same)) == (3, {"A", "B", "C"})
        assert [list(ids) for ids in found.ids.values()] == [["B"]]
        assert found.trusted_at == tx.now


def test_a_count_is_one_of_its_pool_its_way_and_its_installation(database: Database) -> None:
    with begin(database) as tx:
        scan(tx, [count("A", 5)])
        assert changed(compared(tx, count("A", 5, pool="shop"))) == {"A": 5}
        assert changed(compared(tx, count("A", 5, deducts=Deducts.NEVER))) == {"A": 5}
    with database.transaction("pillows") as tx:
        assert changed(compared(tx, count("A", 5))) == {"A": 5}


def test_nothing_is_trusted_at_first(database: Database) -> None:
    with begin(database) as tx:
        found = compared(tx, count("A", 5))
        assert (changed(found), found.same, found.trusted_at) == ({"A": 5}, [], None)


def test_skus_are_compared_character_for_character(database: Database) -> None:
    levels = [count(sku, number) for number, sku in enumerate(ODD_BUT_GOOD)]
    with begin(database) as tx:
        assert changed(compared(tx, *levels)) == {level.sku: level.quantity for level in levels}
        scan(tx, levels)
        found = compared(tx, *levels, *(count(f"{sku} ", 1) for sku in ODD_BUT_GOOD))
        assert skus_of(tx, found.same) == set(ODD_BUT_GOOD)
        assert set(changed(found)) == {f"{sku} " for sku in ODD_BUT_GOOD}


@pytest.mark.parametrize("sku", NEVER_A_SKU, ids=ascii)
def test_what_no_database_could_hold_is_left_to_the_gate(database: Database, sku: str) -> None:
    with begin(database) as tx:
        scan(tx, [count("A", 5), count("A\\", 6)])
        counts = Counts()
        counts.at("main", Deducts.ON_ACCEPTANCE).update({"A": 5, sku: 7, "A\\": 6})
        found = scans.compare(tx, None, counts)
        assert found.changed.places == {("main", Deducts.ON_ACCEPTANCE): {sku: 7}}
        assert skus_of(tx, found.same) == {"A", "A\\"}


def test_a_number_beyond_belief_differs_and_breaks_nothing(database: Database) -> None:
    with begin(database) as tx:
        scan(tx, [count("A", 5), count("B", 6)])
        assert changed(compared(tx, count("A", 10**15), count("B", 6))) == {"A": 10**15}


def test_what_is_to_be_looked_at_again_counts_as_changed(database: Database) -> None:
    with begin(database) as tx:
        scan(tx, [count("A", 5), count("B", 6)])
        found = compared(tx, count("A", 5), count("B", 6), count("NEW", 1), again=("B", "NEW", "ELSEWHERE"))
        assert changed(found) == {"B": 6, "NEW": 1}
        assert skus_of(tx, found.same) == {"A"}


def test_what_a_scan_shows_twice_is_changed_the_second_time(database: Database) -> None:
    with begin(database) as tx:
        scan(tx, [count("A", 5), count("B", 6)])
        running = scans.Running(tx.now)
        fold(tx, running, [count("A", 5)], "2")
        found = compared(tx, count("A", 5), count("B", 6))
        assert changed(found) == {"A": 5}
        assert skus_of(tx, found.same) == {"B"}


def test_what_is_held_is_not_seen(database: Database) -> None:
    with begin(database) as tx:
        scan(tx, [count("A", 5), count("B", 6)])
        running = scans.Running(tx.now)
        found = compared(tx, count("A", 7), count("B", 6))
        scans.fold(tx, running, found, None, {count("A", 7).key})
        assert (running.rows, skus_of(tx, [row for row in range(100) if row in running.seen])) == (1, {"B"})
        assert tx.value(select(func.count()).select_from(table(StockCount))) == 2


def test_seen_is_a_set_that_grows_with_the_largest_id() -> None:
    seen = Seen()
    seen.add([])
    seen.add([3, 8, 8, 1000])
    seen.add([0])
    assert [number for number in range(1100) if number in seen] == [0, 3, 8, 1000]
    assert seen.among([8, 9, 5000, 1000]) == [8, 1000]
    assert (seen.count(), seen.count(0, 8), seen.count(8, 1000), seen.count(1000)) == (4, 2, 1, 1)
    assert len(Seen(bytes(seen.bits)).bits) == 126


def test_each_count_is_one_look_into_the_index_of_a_table_that_was_never_analysed(database: Database) -> None:
    with begin(database) as tx:
        scan(tx, [count(f"SKU-{number:04}", 5) for number in range(2000)])
        given = _parameters(tx, ("main", Deducts.ON_ACCEPTANCE), '{"SKU-0001": 5}')
        statement = _comparison(tx.is_postgresql).params(given)
        written = statement.compile(dialect=tx.connection.dialect, compile_kwargs={"literal_binds": True})
        explain = "EXPLAIN" if tx.is_postgresql else "EXPLAIN QUERY PLAN"
        plan = [str(row) for row in tx.connection.exec_driver_sql(f"{explain} {written}")]
        look = "(sku)::text = anon" if tx.is_postgresql else "sku=?"
        assert any("stock_count" in line for line in plan)
        assert any(look in line and ("Index Cond" in line or "USING INDEX" in line) for line in plan), plan
