"""A ledger that cannot be used says so, says what to do, and keeps what was committed."""

import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from domain.records import Kind
from ledger import journal, messages
from ledger.database import Database, LedgerUnusable
from ledger.rows import insert_all, table
from ledger.schema import migrate
from ledger.tables import Event, Watermark
from tests.doubles import ManualClock
from tests.ledger.making import begin, owed

ADVICE = "Check the disk's space and the database server"


def fill(database: Database) -> None:
    for number in range(2000):
        with begin(database) as tx:
            journal.write(tx, [("", "item", f"{number}-{n}", "read", "x" * 400) for n in range(50)])


def test_a_full_disk_is_told_and_nothing_committed_is_lost(tmp_path: Path, clock: ManualClock) -> None:
    database = Database(f"sqlite:///{tmp_path}/ledger.sqlite", clock)
    migrate(database)
    with begin(database) as tx:
        messages.owe(tx, [owed("order-1")])
        pages = tx.value(text("PRAGMA page_count"))
        tx.connection.execute(text(f"PRAGMA max_page_count = {pages + 20}"))
    with pytest.raises(LedgerUnusable, match=r"disk is full.*" + ADVICE):
        fill(database)
    with begin(database) as tx:
        assert messages.id_of(tx, Kind.SALES_ORDER, "order-1") is not None
        written = tx.value(select(func.count()).select_from(table(Event)))
        assert written % 50 == 0  # whole transactions only
    database.close()


def write_where_it_is_forbidden(database: Database) -> None:
    with begin(database) as tx:
        tx.connection.execute(text("SET TRANSACTION READ ONLY" if tx.is_postgresql else "PRAGMA query_only = 1"))
        journal.write(tx, [("", "item", "k", "read", "Ada Sample")])


def test_a_database_that_may_only_be_read_is_told_without_statement_and_values(url: str, clock: ManualClock) -> None:
    database = Database(url, clock)
    with pytest.raises(LedgerUnusable, match=r"(?i)read.?only.*" + ADVICE) as told:
        write_where_it_is_forbidden(database)
    assert "Ada Sample" not in str(told.value)
    assert "VALUES" not in str(told.value)
    database.close()


def test_a_file_that_is_no_database_is_told(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"this was a ledger once" * 500)
    database = Database(f"sqlite:///{tmp_path}/ledger.sqlite", clock)
    with pytest.raises(LedgerUnusable, match="not a database"), begin(database):
        pass


@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/at/all/ledger.sqlite", "postgresql+psycopg://nobody@/nothing?host=/nowhere"]
)
def test_a_ledger_that_is_not_there_is_told(url: str, clock: ManualClock) -> None:
    database = Database(url, clock)
    with pytest.raises(LedgerUnusable, match=ADVICE), begin(database):
        pass


def test_a_mistake_of_ours_is_no_unusable_ledger(database: Database) -> None:
    row = {"installation": "towels", "feed": "orders"}
    with pytest.raises(IntegrityError), begin(database) as tx:
        insert_all(tx, Watermark, [row, row])
    with begin(database) as tx:
        assert journal.watermark(tx, "orders") is None


def repeat(database: Database) -> None:
    row = {"installation": "towels", "feed": "Ada Sample", "cursor": "12 Secret Lane"}
    with begin(database) as tx:
        insert_all(tx, Watermark, [row, row])


def misread(database: Database) -> None:
    with begin(database) as tx:
        number = "CAST(:words AS integer)" if tx.is_postgresql else "json_extract(:words, :words)"
        tx.rows(text(f"SELECT {number}"), {"words": "Ada Sample"})


@pytest.mark.parametrize(
    ("mistake", "told"),
    [(repeat, "pk_watermark|watermark.feed"), (misread, "22P02|malformed JSON"), (write_where_it_is_forbidden, ADVICE)],
)
def test_no_trouble_quotes_the_values(database: Database, mistake: Callable[[Database], None], told: str) -> None:
    with pytest.raises((DBAPIError, LedgerUnusable), match=told) as trouble:
        mistake(database)
    whole = "".join(traceback.format_exception(trouble.value))
    assert "Ada Sample" not in whole
    assert "12 Secret Lane" not in whole


def break_off(database: Database) -> None:
    with begin(database) as tx:
        messages.owe(tx, [owed("order-1")])
        raise RuntimeError("in the middle")


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    with pytest.raises(RuntimeError, match="in the middle"):
        break_off(database)
    with begin(database) as tx:
        assert messages.id_of(tx, Kind.SALES_ORDER, "order-1") is None


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(Exception, match="without a zone"), begin(database) as tx:
        journal.set_watermark(tx, "orders", None, tx.now.replace(tzinfo=None), None)
