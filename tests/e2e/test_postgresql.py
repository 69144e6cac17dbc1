"""The same trade with the Prefect server and the ledger on a real PostgreSQL."""

from pathlib import Path

from tests.e2e.conftest import started
from tests.postgresql import postgresql_url


def test_orders_arrive_once_with_everything_on_postgresql(tmp_path: Path) -> None:
    prefect_database = postgresql_url().replace("+psycopg:", "+asyncpg:")
    with started(tmp_path, LEDGER_URL=postgresql_url(), PREFECT_API_DATABASE_CONNECTION_URL=prefect_database) as stack:
        references = stack.world.buy("harbour", 10)
        assert stack.run("items-harbour")["state_type"] == "COMPLETED"
        stack.run_until("orders-harbour", lambda: len(stack.world.acknowledged("harbour")) == len(references))
        assert sorted(stack.world.taken("harbour")) == sorted(references)
        assert not list(tmp_path.rglob("*.sqlite")), "something was kept in a file all the same"
        assert not list((tmp_path / "prefect").glob("*.db"))
