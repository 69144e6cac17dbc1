"""One clock for every process of a case: the machine's pace, and what the case moves it on by."""

import asyncio
import multiprocessing
import time
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class SharedClock:
    """Shared by the processes that are forked after `part`. Who sleeps on it moves it on for all."""

    def __init__(self) -> None:
        self._began, self._moved = time.monotonic(), multiprocessing.Value("d", 0.0)

    def part(self) -> None:
        """Go on from the present moment, unseen by the processes that shared it so far."""
        self._moved = multiprocessing.Value("d", self._moved.value)

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=time.monotonic() - self._began + self._moved.value)

    def move(self, seconds: float) -> None:
        with self._moved.get_lock():
            self._moved.value += seconds

    async def sleep(self, seconds: float) -> None:
        self.move(seconds)
        await asyncio.sleep(0)

    def machine(self, seconds: float) -> timedelta:
        return timedelta(seconds=seconds)
