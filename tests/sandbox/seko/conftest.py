import pytest

from tests.sandbox.seko.desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()
