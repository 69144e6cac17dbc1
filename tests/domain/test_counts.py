from datetime import UTC, datetime

from domain.counts import Counts, StockPage
from domain.records import Deducts, Reject, StockLevel

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def level(sku: str, quantity: int, pool: str = "main", deducts: Deducts = Deducts.NEVER) -> StockLevel:
    return StockLevel(sku=sku, pool=pool, quantity=quantity, deducts=deducts)


def test_counts_give_back_the_records_that_they_are() -> None:
    levels = [level("A", 5), level("B", 0), level("A", 7, "shop"), level("A", -2, deducts=Deducts.ON_DISPATCH)]
    counts = Counts.of(levels)
    assert list(counts.levels()) == levels
    assert len(counts) == 4
    assert counts.keys == [one.key for one in levels]
    assert list(zip(counts.skus, counts.quantities, strict=True)) == [("A", 5), ("B", 0), ("A", 7), ("A", -2)]


def test_what_is_counted_twice_is_summed_within_a_page_and_over_pages() -> None:
    whole = Counts.of([level("A", 5), level("A", 6), level("B", 1)])
    whole.join(Counts.of([level("C", 2)]))
    whole.join(Counts.of([level("A", 1), level("D", 3), level("A", 4, "shop")]))
    assert {one.key: one.quantity for one in whole.levels()} == {
        level("A", 0).key: 12,
        level("B", 0).key: 1,
        level("C", 0).key: 2,
        level("D", 0).key: 3,
        level("A", 0, "shop").key: 4,
    }


def test_counts_are_left_out_by_their_key() -> None:
    counts = Counts.of([level("A", 5), level("B", 1), level("A", 7, "shop")])
    assert list(counts.without({level("A", 0).key}).levels()) == [level("B", 1), level("A", 7, "shop")]
    assert list(counts.without({level("A", 0, "shop").key}).places) == [("main", Deducts.NEVER)]
    assert counts.without(()) is counts


def test_a_page_of_counts_is_as_long_as_its_counts_and_rejects() -> None:
    page = StockPage(Counts.of([level("A", 5), level("B", 1)]), [Reject("C", {}, "why")], began_at=NOW)
    assert (len(page), page.received) == (3, [])
