from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from ledger.database import Database
from ledger.schema import METADATA, create, migrate
from tests.doubles import ManualClock
from tests.warm import warm


def test_migrations_make_exactly_the_tables_of_the_models(database: Database) -> None:
    with database.transaction("schema") as tx:
        context = MigrationContext.configure(tx.connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []


def test_tables_created_at_once_equal_the_migrated_ones(empty_url: str, clock: ManualClock) -> None:
    database = Database(empty_url, clock)
    create(database)
    with database.transaction("schema") as tx:
        assert compare_metadata(MigrationContext.configure(tx.connection), METADATA) == []
    database.close()


def test_migrating_again_changes_nothing(database: Database) -> None:
    assert migrate(database) == migrate(database)


def test_workers_that_start_together_migrate_once(empty_url: str) -> None:
    with warm().Pool(4) as pool:
        revisions = pool.map(_migrated, [empty_url] * 4, chunksize=1)
    database = Database(empty_url, ManualClock())
    with database.transaction("schema") as tx:
        assert set(revisions) == {tx.value(text("SELECT version_num FROM alembic_version"))}
        assert tx.value(text("SELECT count(*) FROM alembic_version")) == 1
    database.close()


def _migrated(url: str) -> str:
    database = Database(url, ManualClock())
    try:
        return migrate(database)
    finally:
        database.close()
