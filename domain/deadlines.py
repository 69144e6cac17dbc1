"""Working days and cut-offs: when something must have happened at the latest."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

LONDON = ZoneInfo("Europe/London")
URGENT_BEFORE = timedelta(hours=1)
"""What is owed so near to its deadline takes a permit before all else: in an hour a call that failed can be made again some times."""


def is_urgent(deadline_at: datetime | None, now: datetime) -> bool:
    """Tell whether what is owed is near its deadline, or past it."""
    return deadline_at is not None and deadline_at - now <= URGENT_BEFORE


@lru_cache(maxsize=8)
def _bank_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=year))


def is_working_day(day: date) -> bool:
    """Tell whether a day is Monday to Friday and no bank holiday in England."""
    return day.weekday() < 5 and day not in _bank_holidays(day.year)


def dispatch_deadline(placed_at: datetime, working_days: int, cut_off_hour: int) -> datetime:
    """Return the end of the working day by which an order must be dispatched.

    An order after the cut-off, or on a day off, counts from the next working day.
    """
    local = placed_at.astimezone(LONDON)
    day = local.date()
    if local.hour >= cut_off_hour or not is_working_day(day):
        day = _next_working_day(day)
    for _ in range(working_days):
        day = _next_working_day(day)
    return datetime.combine(day, time(23, 59, 59), LONDON).astimezone(UTC)


def _next_working_day(day: date) -> date:
    day += timedelta(days=1)
    while not is_working_day(day):
        day += timedelta(days=1)
    return day
