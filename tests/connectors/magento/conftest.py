import pytest

from tests.connectors.magento.harness import Harness
from tests.connectors.magento.selling import stocked


@pytest.fixture
def harness() -> Harness:
    return stocked(Harness())
