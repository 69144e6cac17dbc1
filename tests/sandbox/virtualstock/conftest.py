"""A fresh pretend The Edge for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.sandbox.virtualstock.edge import Edge


@pytest.fixture
async def edge() -> AsyncIterator[Edge]:
    edge = Edge()
    yield edge
    await edge.client.aclose()
