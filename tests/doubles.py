"""Doubles for what connectors are handed: a clock moved by hand, open budgets, an archive in memory."""

from datetime import UTC, datetime, timedelta

from domain.budgets import Bucket, Lane, Limit


class ManualClock:
    """Stands still until it is moved; sleeping moves it."""

    def __init__(self, now: datetime = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)) -> None:
        self._now = now
        self.slept = 0.0

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.move(seconds)

    def machine(self, seconds: float) -> timedelta:
        return timedelta(seconds=seconds)

    def move(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


class OpenBudgets:
    """Always permits until it is closed, and remembers who asked in which lane."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Limit, Lane]] = []
        self.closed: list[tuple[str, Limit, datetime]] = []
        self.spent_until: datetime | None = None

    def take(self, account: str, limit: Limit, lane: Lane) -> datetime | None:
        if self.spent_until is None:
            self.taken.append((account, limit, lane))
        return self.spent_until

    def close(self, account: str, limit: Limit, until: datetime) -> None:
        self.closed.append((account, limit, until))


class CountingBudgets:
    """Real buckets in memory, one an account and limit group."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def take(self, account: str, limit: Limit, lane: Lane) -> datetime | None:
        now, key = self._clock.now(), (account, limit.group)
        bucket = self._buckets.get(key, Bucket(limit.burst, now))
        self._buckets[key], at = bucket.take(limit, lane, now)
        return at

    def close(self, account: str, limit: Limit, until: datetime) -> None:
        bucket = self._buckets.get((account, limit.group), Bucket(limit.burst, self._clock.now()))
        self._buckets[account, limit.group] = Bucket(bucket.permits, bucket.at, until)


class KeptArchive:
    """Keeps originals in a list and names them by their place in it."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str, bytes]] = []

    def keep(self, account: str, route: str, body: bytes) -> str:
        self.kept.append((account, route, body))
        return f"evidence-{len(self.kept)}"
