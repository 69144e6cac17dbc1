"""How long a step waits before it is tried again."""

from datetime import UTC, datetime

from domain.clock import ScaledClock
from tasks.steps import RETRY_SECONDS, waits


def test_on_the_machines_own_clock_a_step_waits_as_long_as_is_written() -> None:
    assert waits(ScaledClock()) == list(RETRY_SECONDS)


def test_on_a_faster_clock_it_waits_as_long_of_that_clock() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    assert waits(ScaledClock(200.0, now, now)) == [0.01, 0.05]
