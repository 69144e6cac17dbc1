"""The schema: brought up to date at start, under a lock, so that workers may start together."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

import ledger.stock_tables  # noqa: F401 - its tables are in the metadata once it is imported
from ledger.database import Database
from ledger.tables import Table

METADATA = Table.metadata
"""Every table of the ledger."""
NEWEST = "0008"
_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(database: Database) -> str:
    """Apply the migrations that are missing and return the revision; costs one query when none is."""
    with database.transaction("schema") as tx:
        if _revision(tx.connection) == NEWEST:
            return NEWEST
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "head")
        return NEWEST


def create(database: Database) -> None:
    """Create every table at once, for tests and simulations; a test holds this equal to the migrations."""
    with database.transaction("schema") as tx:
        METADATA.create_all(tx.connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)
