import pytest

from tests.sandbox.cin7_core.desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()
