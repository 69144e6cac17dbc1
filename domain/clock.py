"""The clock that every part is handed; nothing reads the machine's time by itself."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Business time. Deadlines, budgets and ages count in it."""

    def now(self) -> datetime:
        """Return the present, aware, in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait this many seconds of this clock."""
        ...

    def machine(self, seconds: float) -> timedelta:
        """Return how far this clock moves while the machine works for `seconds`.

        Leases, slices and call deadlines bound the machine, not the business: they are written
        as `clock.now() + clock.machine(60)` and stay a minute of the machine on every clock.
        """
        ...


@dataclass(frozen=True)
class ScaledClock:
    """A clock that showed `epoch` when the machine showed `started` and runs `scale` times faster.

    With the default scale of 1 it is the machine's own clock. Other scales are for the demo and
    for training, where a day of trade passes in minutes.
    """

    scale: float = 1.0
    epoch: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    started: datetime = datetime(2000, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the present on this clock."""
        return self.epoch + (datetime.now(UTC) - self.started) * self.scale

    async def sleep(self, seconds: float) -> None:
        """Wait this many seconds of this clock."""
        await asyncio.sleep(seconds / self.scale)

    def machine(self, seconds: float) -> timedelta:
        """Return how far this clock moves while the machine works for `seconds`."""
        return timedelta(seconds=seconds * self.scale)
