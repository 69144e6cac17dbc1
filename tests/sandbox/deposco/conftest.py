import pytest

from tests.sandbox.deposco.desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()
