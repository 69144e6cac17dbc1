import pytest

from tests.connectors.virtualstock.harness import Harness


@pytest.fixture
def edge() -> Harness:
    return Harness()
