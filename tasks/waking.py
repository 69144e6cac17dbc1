"""Wake the loops that have news, debounced: a storm of pushes is a run now and one a minute, not a run each.

A word that does not reach Prefect is not said again: the loop's schedule finds the same work.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from tasks import prefect_api

AT_MOST_EVERY_SECONDS = 60.0  # longer than a slice, so that woken runs never queue up behind each other
_LONGEST_SECONDS = 15.0
_log = logging.getLogger(__name__)


class Waker:
    """Tells Prefect of news: at once, and then at most once in `every_seconds` for each loop of each installation."""

    def __init__(
        self,
        tell: Callable[[str, str], Awaitable[None]] = prefect_api.tell_of_news,
        every_seconds: float = AT_MOST_EVERY_SECONDS,
    ) -> None:
        self._tell, self._every_seconds = tell, every_seconds
        self._told_at: dict[tuple[str, str], float] = {}
        self._waiting: set[tuple[str, str]] = set()
        self._under_way: set[asyncio.Task[None]] = set()

    def wake(self, installation: str, loops: Iterable[str]) -> None:
        """See to it that each loop runs after this moment; returns at once."""
        for loop in loops:
            if (installation, loop) in self._waiting:
                continue
            self._waiting.add((installation, loop))
            task = asyncio.create_task(self._later(installation, loop))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        """Say at once what was still to be said."""
        self._every_seconds = 0.0
        waiting, self._waiting = self._waiting, set()
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*(self._say(*one) for one in waiting))

    async def _later(self, installation: str, loop: str) -> None:
        key, now = (installation, loop), asyncio.get_running_loop().time()
        await asyncio.sleep(max(0.0, self._told_at.get(key, now - self._every_seconds) + self._every_seconds - now))
        self._told_at[key] = asyncio.get_running_loop().time()
        self._waiting.discard(key)  # what comes from now on may be missed by the run that this starts
        await self._say(installation, loop)

    async def _say(self, installation: str, loop: str) -> None:
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                await self._tell(installation, loop)
        except Exception as trouble:  # noqa: BLE001 - the push is kept; a run that starts later finds it
            kind = type(trouble).__name__
            _log.warning(
                "Prefect was not told of news for %s, %s (%s); its schedule finds it", loop, installation, kind
            )
