import pytest

from tests.connectors.virtualstock_files.harness import Harness


@pytest.fixture
def edge() -> Harness:
    return Harness()
