import pytest

from tests.sandbox.magento.shop import Shop


@pytest.fixture
def shop() -> Shop:
    return Shop()
