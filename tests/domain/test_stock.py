from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.records import Deducts
from domain.stock import Falling, Pace, available_to_sell, looks_whole, zeroes_that_wait

UNITS = st.integers(0, 10_000)
COUNTS = st.dictionaries(st.sampled_from(Deducts), UNITS)


@given(COUNTS, COUNTS, UNITS)
def test_never_more_is_offered_than_any_count_allows(
    counts: dict[Deducts, int], in_flight: dict[Deducts, int], buffer: int
) -> None:
    offered, why = available_to_sell(counts, in_flight, buffer)
    assert offered >= 0
    assert why.endswith(f"{offered}")
    for way, count in counts.items():
        assert offered <= max(0, count - in_flight.get(way, 0) - buffer)
    if not counts:
        assert offered == 0


def test_the_sum_is_told() -> None:
    assert available_to_sell({Deducts.ON_ACCEPTANCE: 10}, {Deducts.ON_ACCEPTANCE: 3}, 2) == (
        5,
        "10 counted - 3 in flight (on_acceptance) - 2 buffer = 5",
    )


def test_of_several_counts_of_the_same_goods_the_safest_rules() -> None:
    counts = {Deducts.ON_ACCEPTANCE: 10, Deducts.ON_DISPATCH: 12}
    assert available_to_sell(counts, {Deducts.ON_DISPATCH: 5}, 0)[0] == 7


@pytest.mark.parametrize(
    ("rows", "trusted", "whole"),
    [
        (0, 0, False),
        (1, 0, True),
        (100, 100, True),
        (96, 100, True),
        (95, 100, True),
        (94, 100, False),
        (106, 100, False),
        (3, 4, True),
        (0, 4, False),
        (0, 1, False),
    ],
)
def test_a_scan_is_believed_only_with_about_the_rows_of_the_last(rows: int, trusted: int, *, whole: bool) -> None:
    assert looks_whole(rows, trusted) is whole


@given(st.lists(st.integers(1, 500), min_size=1, max_size=120), st.integers(0, 5000), st.integers(0, 100_000))
def test_the_excess_of_a_mass_drop_waits_and_a_single_zero_never_does(
    drops: list[int], other_skus: int, other_units: int
) -> None:
    falling = [Falling(f"SKU-{n}", units) for n, units in enumerate(drops)]
    skus, units = len(drops) + other_skus, sum(drops) + other_units
    waiting = zeroes_that_wait(falling, skus, units)
    passing = [drop for drop in falling if drop.sku not in waiting]
    assert passing
    assert len(passing) <= max(20, int(skus * 0.02))
    assert len(passing) == 1 or sum(drop.units for drop in passing) <= units * 0.2
    if waiting:  # the smallest pass first
        assert max(drop.units for drop in passing) <= min(drop.units for drop in falling if drop.sku in waiting)
    if len(drops) <= 20 and sum(drops) <= units * 0.2:
        assert not waiting


def test_a_small_catalogue_of_small_stock_may_empty_one_by_one() -> None:
    assert zeroes_that_wait([Falling("A", 40)], positive_skus=1, positive_units=40) == frozenset()
    assert zeroes_that_wait([Falling("A", 40), Falling("B", 1)], 2, 41) == {"A"}


def test_a_pace_doubles_up_to_its_longest() -> None:
    pace = Pace(timedelta(seconds=30), timedelta(minutes=3))
    assert [pace.after(tries).total_seconds() for tries in (0, 1, 2, 3, 10_000)] == [30, 60, 120, 180, 180]
