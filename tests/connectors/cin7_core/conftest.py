from collections.abc import Iterator

import pytest

from tests.connectors.cin7_core.harness import SECRETS, Harness
from tests.connectors.making import PERSONAL


@pytest.fixture
def harness() -> Harness:
    harness = Harness()
    harness.put_item("MUG-1", 10)
    harness.put_item("BOWL-1", 10)
    return harness


@pytest.fixture(autouse=True)
def _nothing_leaks(harness: Harness, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert not any(secret in caplog.text for secret in (*PERSONAL, *SECRETS))
