"""The same trade with the Prefect server and the ledger on a real PostgreSQL."""

import os
from pathlib import Path

import pytest

from tests.e2e.conftest import started
from tests.e2e.system_postgresql import programs, server


def test_orders_arrive_once_with_everything_on_postgresql(tmp_path: Path) -> None:
    if programs() is None:
        message = "THE SERVER ON POSTGRESQL WAS NOT TESTED: install postgresql (apt-get install postgresql)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with (
        server(tmp_path / "postgresql", "prefect", "ledger") as address,
        started(
            tmp_path / "stack",
            LEDGER_URL=f"postgresql+psycopg://{address}/ledger",
            PREFECT_API_DATABASE_CONNECTION_URL=f"postgresql+asyncpg://{address}/prefect",
        ) as stack,
    ):
        references = stack.world.buy("harbour", 10)
        assert stack.run("items-harbour")["state_type"] == "COMPLETED"
        stack.run_until("orders-harbour", lambda: len(stack.world.acknowledged("harbour")) == len(references))
        assert sorted(stack.world.taken("harbour")) == sorted(references)
        assert not list(stack.folder.rglob("*.sqlite")), "the ledger was kept in a file all the same"
        assert not list(stack.folder.rglob("*.db")), "the server kept a file all the same"
