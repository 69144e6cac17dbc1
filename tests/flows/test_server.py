"""The server's event loop never waits for a cursor that the collector frees: see flows/server.py."""

import gc
import threading
from collections.abc import Iterator

import pytest

from flows.server import collect_elsewhere


class Cycle:
    """Garbage that only the collector finds; it tells in which thread it was freed."""

    def __init__(self, freed_in: list[str], done: threading.Event) -> None:
        self.me, self.freed_in, self.done = self, freed_in, done

    def __del__(self) -> None:
        self.freed_in.append(threading.current_thread().name)
        self.done.set()


@pytest.fixture
def collector() -> Iterator[threading.Thread]:
    ends = threading.Event()
    thread = collect_elsewhere(ends, 0.05)
    yield thread
    ends.set()
    thread.join()
    gc.enable()


def test_garbage_of_the_main_thread_is_freed_in_another(collector: threading.Thread) -> None:
    freed_in: list[str] = []
    done = threading.Event()
    Cycle(freed_in, done)
    kept: list[list[object]] = [[] for _ in range(200_000)]  # enough to make this thread collect, if it did
    assert done.wait(10)
    assert freed_in == [collector.name]
    assert len(kept) == 200_000
