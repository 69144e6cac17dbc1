"""The overlap of a log: what shows late, or was written by a clock behind ours, is found; and not all is read each time."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from connectors.overlap import NEAR, Overlap

FAR = timedelta(minutes=10)
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Log:
    """Rows as (time written on it, moment from which it shows), and walks through them by our clock."""

    def __init__(self, behind: timedelta) -> None:
        self.behind, self.rows = behind, list[tuple[datetime, datetime]]()
        self.found_at: dict[tuple[datetime, datetime], datetime] = {}
        self.read = 0
        self.overlap = Overlap.since(START - timedelta(days=1), FAR)

    def write(self, at: datetime, late: timedelta = timedelta(0)) -> None:
        self.rows.append((at - self.behind, at + late))

    def walk(self, now: datetime) -> None:
        overlap = Overlap.held(self.overlap.fields(), FAR).begun(now)
        start = overlap.start(now)
        shown = [row for row in self.rows if row[0] >= start and row[1] <= now]
        self.read += len(shown)
        for row in shown:
            self.found_at.setdefault(row, now)
        self.overlap = overlap.shown((stamp for stamp, _ in shown), now).after(now)


def walked(log: Log, chance: random.Random, minutes: int) -> list[datetime]:
    """Walk each minute or so, and now and then after a long pause, past the last row."""
    walks, now = [], START
    while now < START + timedelta(minutes=minutes):
        now += timedelta(seconds=chance.choice((20, 60, 60, 60, 61, 200, 1_500)))
        log.walk(now)
        walks.append(now)
    return walks


@pytest.mark.parametrize("seed", range(40))
def test_what_shows_late_is_found_by_the_next_walk_that_goes_far_and_what_shows_soon_by_the_next(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test
    behind = timedelta(seconds=chance.choice((-40, 0, 0, 5, 90, 240)))
    log = Log(behind)
    for _ in range(300):
        late = timedelta(seconds=chance.choice((0, 0, 1, 30, 59, 200, 350)))
        log.write(START + timedelta(seconds=chance.uniform(0, 7_200)), late)
    walks = walked(log, chance, 200)
    for row in log.rows:
        stamp, shows_at = row
        first = next(walk for walk in walks if walk >= shows_at)
        if shows_at - stamp <= NEAR + behind:
            assert log.found_at[row] == first
        else:
            assert log.found_at[row] - first <= FAR + timedelta(seconds=1_500), "the next far walk, and one pause"


def test_a_busy_hour_is_not_brought_ten_times_over() -> None:
    log = Log(timedelta(0))
    for second in range(3_600):
        log.write(START + timedelta(seconds=second))
    for minute in range(61):
        log.walk(START + timedelta(minutes=minute))
    assert len(log.found_at) == 3_600
    assert log.read < 4.1 * 3_600, "two minutes of it each minute, and twenty of it each ten"


def test_a_time_to_come_does_not_prove_that_the_vendors_clock_is_right() -> None:
    overlap = Overlap.since(START, FAR).shown([START + timedelta(hours=1)], START)
    assert overlap.behind == FAR


def test_a_clock_that_was_set_back_has_to_show_itself_anew_to_the_next_walk_that_goes_far() -> None:
    overlap = Overlap.since(START - FAR, FAR).begun(START).shown([START], START).after(START)
    assert overlap.behind == timedelta(0)
    assert overlap.begun(START + FAR).behind == FAR
