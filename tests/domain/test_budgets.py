from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.budgets import Bucket, Lane, Limit

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@given(
    st.integers(1, 120),
    st.integers(1, 40),
    st.sampled_from([10.0, 60.0, 1800.0]),
    st.lists(st.tuples(st.integers(0, 3000), st.sampled_from(Lane)), min_size=1, max_size=300),
)
def test_no_rolling_window_sees_more_calls_than_the_limit(
    calls: int, burst: int, seconds: float, asked: list[tuple[int, Lane]]
) -> None:
    limit = Limit(calls, burst, seconds=seconds)
    bucket, now, taken = Bucket(float(limit.burst), START), START, list[datetime]()
    for wait_ms, lane in asked:
        now += timedelta(milliseconds=wait_ms * seconds / 60)
        bucket, again_at = bucket.take(limit, lane, now)
        if again_at is None:
            taken.append(now)
        else:
            assert again_at > now
    for first in taken:
        assert sum(first <= moment < first + timedelta(seconds=seconds) for moment in taken) <= calls


@given(st.integers(1, 120), st.integers(1, 40), st.sampled_from(Lane))
def test_who_comes_back_when_told_is_served(calls: int, burst: int, lane: Lane) -> None:
    limit = Limit(calls, burst)
    bucket, again_at = Bucket(0.0, START).take(limit, lane, START)
    assert again_at is not None
    assert bucket.take(limit, lane, again_at)[1] is None


@pytest.mark.parametrize(("lane", "left"), [(Lane.URGENT, 0), (Lane.NORMAL, 1), (Lane.BULK, 2)])
def test_a_lane_leaves_its_floor_behind(lane: Lane, left: int) -> None:
    limit, bucket, taken = Limit(60, burst=4), Bucket(4.0, START), 0
    while True:
        bucket, again_at = bucket.take(limit, lane, START)
        if again_at is not None:
            break
        taken += 1
    assert taken == 4 - left


def test_an_endless_backlog_leaves_a_permit_for_the_urgent() -> None:
    limit, bucket, now = Limit(60, burst=4), Bucket(4.0, START), START
    for _ in range(200):
        now += timedelta(milliseconds=100)
        bucket, _ = bucket.take(limit, Lane.BULK, now)
        assert bucket.take(limit, Lane.URGENT, now)[1] is None


def test_a_closed_budget_serves_nobody_until_its_time() -> None:
    until = START + timedelta(seconds=90)
    closed = Bucket(4.0, START, closed_until=until)
    limit = Limit(60)
    assert closed.take(limit, Lane.URGENT, START) == (closed, until)
    assert closed.take(limit, Lane.URGENT, until)[1] is None


def test_a_clock_that_went_back_gives_no_permits() -> None:
    limit = Limit(60)
    bucket, again_at = Bucket(0.0, START).take(limit, Lane.URGENT, START - timedelta(hours=1))
    assert again_at is not None
    assert bucket.at == START


def test_a_burst_is_never_more_than_the_limit() -> None:
    assert Limit(2, burst=10).burst == 2


@pytest.mark.parametrize(("calls", "burst", "seconds"), [(0, 4, 60.0), (-1, 4, 60.0), (60, 0, 60.0), (60, 4, 0.0)])
def test_a_limit_that_permits_nothing_is_refused(calls: int, burst: int, seconds: float) -> None:
    with pytest.raises(ValueError, match="permits no call"):
        Limit(calls, burst, seconds=seconds)
