import pytest

from tests.connectors.virtualstock_files.harness import Harness


@pytest.fixture
def edge() -> Harness:
    return Harness()


@pytest.fixture
def slow() -> Harness:
    return Harness(takes_after=10**9)  # it takes nothing by itself
