from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import text

import ledger.migrations
from domain.orders import LineLife
from ledger import orders
from ledger.database import Database
from ledger.schema import METADATA, create, migrate
from tests.doubles import ManualClock
from tests.ledger.making import begin, save_order
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


def test_workers_that_make_the_file_together_are_all_let_in(tmp_path: Path) -> None:
    with warm().Pool(4) as pool:
        for number in range(50):  # one of the four is refused in each twelfth or so, where nobody tries again
            pool.map(_opened, [f"sqlite:///{tmp_path / str(number)}.sqlite"] * 4, chunksize=1)


def _opened(url: str) -> None:
    database = Database(url, ManualClock())
    with database.transaction("schema"):
        pass
    database.close()


def _migrated(url: str) -> str:
    database = Database(url, ManualClock())
    try:
        return migrate(database)
    finally:
        database.close()


def test_orders_that_were_final_and_did_not_say_so_are_final_from_the_migration_on(database: Database) -> None:
    with begin(database) as tx:
        save_order(tx, "cancelled", LineLife("1", "MUG", 2, cancelled=1, dispatched=1))
        save_order(tx, "open", LineLife("1", "MUG", 2, cancelled=1), LineLife("2", "JUG", 1, dispatched=1))
        save_order(tx, "no lines yet")
    with database.transaction("schema") as tx:
        config = Config()
        config.set_main_option("script_location", str(Path(ledger.migrations.__file__).parent))
        config.attributes["connection"] = tx.connection
        command.downgrade(config, "0005")
        command.upgrade(config, "head")
        assert compare_metadata(MigrationContext.configure(tx.connection), METADATA) == []
    with begin(database) as tx:
        known = orders.known(tx, ["cancelled", "open", "no lines yet"])
        assert [key for key, one in known.items() if one.final_at is not None] == ["cancelled"]
