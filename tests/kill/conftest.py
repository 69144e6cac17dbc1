"""A process of its own for what forks."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.warm import warm


@pytest.fixture(scope="module")
def apart() -> Iterator[ProcessPoolExecutor]:
    """Give a process of one thread to each campaign: it forks, and whoever forks must have no other thread."""
    with ProcessPoolExecutor(1, mp_context=warm(), max_tasks_per_child=1) as executor:
        yield executor
