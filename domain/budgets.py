"""Call budgets: every account allows few calls in a time, shared by all workers, with lanes.

A budget is a bucket of permits that refills steadily. A lane is a floor: the permits that a call
in it must leave behind, so that the most urgent calls always find one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Protocol


class Lane(IntEnum):
    """How urgent a call is. Lower goes first."""

    URGENT = 0
    NORMAL = 1
    BULK = 2

    @classmethod
    def of(cls, *, urgent: bool) -> "Lane":
        """Return the lane of what is sent."""
        return cls.URGENT if urgent else cls.NORMAL


@dataclass(frozen=True)
class Limit:
    """How many calls one account, or one group of its operations, allows in `seconds` (a minute).

    `burst` permits may be spent at once (never more than `calls`); the refill is so much slower
    than `calls` in `seconds` that no window of that length, wherever it begins, sees more: a burst at
    its begin, and then what comes back before its end. Under a steady load it sees `burst` - 1 fewer,
    which is the margin for calls that arrive closer together than they left.
    """

    calls: int
    burst: int = 4
    group: str = ""
    seconds: float = 60.0

    def __post_init__(self) -> None:
        """Refuse a limit that permits nothing; keep the burst within it."""
        if self.calls < 1 or self.burst < 1 or self.seconds <= 0:
            raise ValueError(
                f"a limit of {self.calls} calls in {self.seconds} s, {self.burst} at once, permits no call"
            )
        object.__setattr__(self, "burst", min(self.burst, self.calls))

    @property
    def refill_per_second(self) -> float:
        """Return how many permits come back in a second."""
        return (self.calls - self.burst + 1) / self.seconds

    def floor(self, lane: Lane) -> int:
        """Return how many permits a call in this lane must leave behind."""
        if lane is Lane.URGENT or self.burst < 2:
            return 0
        return 1 if lane is Lane.NORMAL else max(1, self.burst // 2)


@dataclass(frozen=True)
class Bucket:
    """The permits of one budget at one moment."""

    permits: float
    at: datetime
    closed_until: datetime | None = None

    def take(self, limit: Limit, lane: Lane, now: datetime) -> tuple["Bucket", datetime | None]:
        """Take one permit: return the bucket after it, and None, or when to ask again."""
        if self.closed_until is not None and now < self.closed_until:
            return self, self.closed_until
        passed = max(0.0, (now - self.at).total_seconds())
        permits = min(float(limit.burst), self.permits + passed * limit.refill_per_second)
        missing = limit.floor(lane) + 1 - permits
        if missing > 1e-9:
            wait = timedelta(seconds=missing / limit.refill_per_second + 0.001)
            return Bucket(permits, max(now, self.at)), now + wait
        return Bucket(permits - 1, max(now, self.at)), None


class Budgets(Protocol):
    """The budgets of all accounts, shared by every worker."""

    def take(self, account: str, limit: Limit, lane: Lane) -> datetime | None:
        """Take one permit of this account's budget: None, or when to ask again."""
        ...

    def close(self, account: str, limit: Limit, until: datetime) -> None:
        """Let nobody call before `until`: the vendor said so."""
        ...


class Archive(Protocol):
    """Where the original of an answer is kept for evidence; nothing of it is shown."""

    def keep(self, account: str, route: str, body: bytes) -> str:
        """Keep it and return the short name under which a person can ask for it."""
        ...
