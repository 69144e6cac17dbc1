from datetime import UTC, date, datetime, timedelta

import pytest

from domain.deadlines import URGENT_BEFORE, dispatch_deadline, is_urgent, is_working_day


# The bank holidays of England and Wales as gov.uk published them for 2026.
@pytest.mark.parametrize(
    "day",
    [
        date(2026, 1, 1),
        date(2026, 4, 3),
        date(2026, 4, 6),
        date(2026, 5, 4),
        date(2026, 5, 25),
        date(2026, 8, 31),
        date(2026, 12, 25),
        date(2026, 12, 28),  # Boxing Day is a Saturday: the Monday stands in for it
        date(2026, 3, 7),
        date(2026, 3, 8),
    ],
)
def test_a_day_off_is_no_working_day(day: date) -> None:
    assert not is_working_day(day)


@pytest.mark.parametrize("day", [date(2026, 3, 2), date(2026, 12, 24), date(2026, 1, 2), date(2026, 3, 17)])
def test_other_weekdays_are_working_days(day: date) -> None:
    assert is_working_day(day)


@pytest.mark.parametrize(
    ("placed_at", "working_days", "deadline"),
    [
        ("2026-03-02T13:59:59+00:00", 2, "2026-03-04T23:59:59+00:00"),  # before the cut-off: from today
        ("2026-03-02T14:00:00+00:00", 2, "2026-03-05T23:59:59+00:00"),  # at the cut-off: from tomorrow
        ("2026-03-06T15:00:00+00:00", 1, "2026-03-10T23:59:59+00:00"),  # over a weekend
        ("2026-03-07T09:00:00+00:00", 1, "2026-03-10T23:59:59+00:00"),  # placed on a Saturday
        ("2026-04-02T09:00:00+01:00", 1, "2026-04-07T22:59:59+00:00"),  # over Easter
        ("2026-03-27T09:00:00+00:00", 1, "2026-03-30T22:59:59+00:00"),  # the clocks went forward on the 29th
        ("2026-06-01T13:30:00+00:00", 0, "2026-06-02T22:59:59+00:00"),  # half past two in London: after the cut-off
        ("2026-06-01T12:30:00+00:00", 0, "2026-06-01T22:59:59+00:00"),
        ("2026-10-23T09:00:00+01:00", 1, "2026-10-26T23:59:59+00:00"),  # the clocks went back on the 25th
        ("2026-05-31T23:30:00+00:00", 0, "2026-06-01T22:59:59+00:00"),  # Sunday in UTC is Monday in London
        ("2026-12-24T15:00:00+00:00", 0, "2026-12-29T23:59:59+00:00"),
    ],
)
def test_the_deadline_ends_a_working_day_in_london(placed_at: str, working_days: int, deadline: str) -> None:
    placed = datetime.fromisoformat(placed_at)
    found = dispatch_deadline(placed, working_days, 14)
    assert found == datetime.fromisoformat(deadline)
    assert found.tzinfo is UTC


def test_what_is_near_its_deadline_or_past_it_is_urgent() -> None:
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    moments = (None, now + URGENT_BEFORE + timedelta(seconds=1), now + URGENT_BEFORE, now - timedelta(days=2))
    assert [is_urgent(one, now) for one in moments] == [False, False, True, True]
