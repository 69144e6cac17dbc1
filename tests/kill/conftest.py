"""A process of its own for what forks."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.kill.processes import HEAVY


@pytest.fixture(scope="module")
def apart() -> Iterator[ProcessPoolExecutor]:
    """Give a process of one thread to each campaign: it forks, and whoever forks must have no other thread."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(HEAVY))
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as executor:
        yield executor
