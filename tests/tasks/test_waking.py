"""A storm of pushes wakes a loop at once and then once in a while, and never misses the last one."""

import asyncio
import logging

import pytest

from tasks.waking import AT_MOST_EVERY_SECONDS, Waker
from tests.stateful.virtual import VirtualLoop
from tests.stateful.virtual import run as run_virtually


def test_a_storm_is_a_run_now_and_one_in_each_interval_and_the_last_push_is_followed_by_one() -> None:
    told: list[tuple[float, str, str]] = []
    event_loop = VirtualLoop()

    async def tell(installation: str, loop: str) -> None:
        told.append((round(event_loop.time()), installation, loop))

    async def storm() -> float:
        waker = Waker(tell)
        for _ in range(1000):
            waker.wake("harbour", ["dispatch"])
            await asyncio.sleep(0.3)
        last = event_loop.time()
        waker.wake("meadow", ["dispatch", "stock"])
        await asyncio.sleep(2 * AT_MOST_EVERY_SECONDS)
        return last

    last = run_virtually(storm(), event_loop)
    harbour = [at for at, installation, _ in told if installation == "harbour"]
    assert harbour == [0, 60, 120, 180, 240, 300]
    assert harbour[-1] >= round(last), "the run that follows the last push"
    assert {(name, loop) for _, name, loop in told if name == "meadow"} == {("meadow", "dispatch"), ("meadow", "stock")}


async def test_a_word_that_does_not_get_through_is_told_in_the_log_and_harms_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tries = asyncio.Event()

    async def fails(installation: str, loop: str) -> None:
        tries.set()
        raise ConnectionError("the address of Prefect")

    caplog.set_level(logging.WARNING)
    waker = Waker(fails, every_seconds=0.0)
    waker.wake("harbour", ["dispatch"])
    await tries.wait()
    await waker.close()
    assert ["its schedule finds it" in line for line in caplog.messages] == [True]


async def test_what_is_still_to_be_said_is_said_before_the_end() -> None:
    told: list[str] = []
    first = asyncio.Event()

    async def tell(installation: str, loop: str) -> None:
        told.append(loop)
        first.set()

    waker = Waker(tell)
    waker.wake("harbour", ["dispatch"])
    await first.wait()
    waker.wake("harbour", ["dispatch"])
    await waker.close()
    assert told == ["dispatch", "dispatch"]
