"""Doubles that every connector's tests share: a clock moved by hand, budgets, an archive that only keeps."""

from datetime import UTC, datetime, timedelta

from domain.budgets import Bucket, Lane, Limit


class ManualClock:
    """A clock that stands still until it is moved, or until somebody sleeps on it."""

    def __init__(self, now: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def move(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    def reach(self, at: datetime) -> None:
        """Move to a moment that is still to come; one that is past changes nothing."""
        self._now = max(self._now, at)

    async def sleep(self, seconds: float) -> None:
        self.move(seconds)

    def machine(self, seconds: float) -> timedelta:
        return timedelta(seconds=seconds)


class OpenBudgets:
    """Budgets that permit every call, count the calls by lane, and remember what was closed."""

    def __init__(self) -> None:
        self.taken: list[Lane] = []
        self.closed: list[tuple[str, datetime]] = []

    def take(self, account: str, limit: Limit, lane: Lane) -> datetime | None:
        self.taken.append(lane)
        return None

    def close(self, account: str, limit: Limit, until: datetime) -> None:
        self.closed.append((account, until))


class BucketBudgets:
    """True budgets, in memory: one bucket an account and limit group."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def take(self, account: str, limit: Limit, lane: Lane) -> datetime | None:
        key = (account, limit.group)
        before = self._buckets.get(key, Bucket(float(limit.burst), self._clock.now()))
        self._buckets[key], again_at = before.take(limit, lane, self._clock.now())
        return again_at

    def close(self, account: str, limit: Limit, until: datetime) -> None:
        key = (account, limit.group)
        before = self._buckets.get(key, Bucket(float(limit.burst), self._clock.now()))
        self._buckets[key] = Bucket(before.permits, before.at, until)


class KeptArchive:
    """An archive in memory."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str, bytes]] = []

    def keep(self, account: str, route: str, body: bytes) -> str:
        self.kept.append((account, route, body))
        return f"evidence-{len(self.kept)}"
