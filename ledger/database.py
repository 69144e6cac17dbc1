"""One database, SQLite or PostgreSQL, with the same transactions on both.

A transaction is serial within its scope (an installation, a budget): SQLite takes the write lock
at its beginning, PostgreSQL an advisory lock on the scope. So what a transaction has read is
still true when it writes.
"""

import hashlib
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine, Executable, create_engine, event, text
from sqlalchemy.exc import DatabaseError, DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import StaticPool

from domain.clock import Clock

_OUR_MISTAKES = (DataError, IntegrityError, NotSupportedError, ProgrammingError)  # no person can mend these
DATABASE_TROUBLES = (DatabaseError, PoolTimeout, sqlite3.DatabaseError)
"""What the database raises within a transaction; outside it, most of that is `LedgerUnusable`."""
_LOCK_SECONDS = 30
_SILENT: dict[str, Any] = {"hide_parameters": True}  # they are records with personal data, and tracebacks are logged
_PATIENCE = (
    "-c lock_timeout=30s -c idle_in_transaction_session_timeout=60s"  # a stopped worker must not block the others
)


class LedgerUnusable(Exception):
    """The ledger cannot be read or written; nothing was done after its last commit. A person must act."""


class Transaction:
    """One local transaction: a connection, the moment, whose it is, and the run that does it."""

    def __init__(self, connection: Connection, now: datetime, installation: str, run_id: str) -> None:
        self.connection, self.now, self.installation, self.run_id = connection, now, installation, run_id
        self._given = {"mine": installation, "now": now}

    def rows(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> list[Any]:
        """Run a statement and return its rows."""
        return list(self._execute(statement, parameters).all())

    def one(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Any | None:
        """Run a statement and return its first row, or None."""
        return self._execute(statement, parameters).first()

    def value(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Any:
        """Run a statement and return the first value of its first row, or None."""
        return self._execute(statement, parameters).scalar()

    def run(self, statement: Executable, parameters: Mapping[str, Any] | list[dict[str, Any]] | None = None) -> int:
        """Run a statement (for each of a list of parameters) and return how many rows it touched."""
        if isinstance(parameters, list):
            each = [{**self._given, **row} for row in parameters]
            return self.connection.execute(statement, each).rowcount if each else 0
        return self._execute(statement, parameters).rowcount

    def _execute(self, statement: Executable, parameters: Mapping[str, Any] | None) -> CursorResult[Any]:
        """Run a statement; beside its parameters it may name `MINE` and `NOW`."""
        return self.connection.execute(statement, {**self._given, **(parameters or {})})

    @property
    def is_postgresql(self) -> bool:
        """Tell which dialect is spoken."""
        return self.connection.dialect.name == "postgresql"


class Database:
    """The ledger's database. `url` is a SQLAlchemy address; `sqlite://` keeps it in memory."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.clock = clock
        self.engine = _engine(url)
        self._hasty = self.engine if _is_in_memory(url) or not _is_sqlite(url) else _engine(url, synchronous="NORMAL")

    @contextmanager
    def transaction(
        self, installation: str, run_id: str = "", scope: str | None = None, *, durable: bool = True
    ) -> Iterator[Transaction]:
        """Open a transaction that is serial within `scope` (by default the installation).

        One that is not `durable` may be undone by a loss of power until the next durable one; it
        does not wait for the disk.

        Raises `LedgerUnusable` when the database refuses (full disk, lost file, no server).
        """
        try:
            with (self.engine if durable else self._hasty).begin() as connection:
                if connection.dialect.name == "postgresql":
                    if not durable:
                        connection.execute(text("SET LOCAL synchronous_commit = off"))
                    key = int.from_bytes(hashlib.sha256((scope or installation).encode()).digest()[:8], signed=True)
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
                else:  # by the driver: a listener for it would cost every statement a tenth of its time
                    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment] # it is SQLite's
                    driver.execute("BEGIN IMMEDIATE")  # a deferred one loses the race when it turns to writing
                yield Transaction(connection, self.clock.now(), installation, run_id)
        except _OUR_MISTAKES as mistake:
            raise _without_values(mistake) from None
        except DATABASE_TROUBLES as trouble:
            raise LedgerUnusable(
                _advice(trouble)
            ) from None  # what the driver says may quote the values: it would be logged

    def close(self) -> None:
        """Let the connections go."""
        self.engine.dispose()
        self._hasty.dispose()


def _advice(trouble: Exception) -> str:
    cause = str(trouble.orig if isinstance(trouble, DBAPIError) else trouble).splitlines()[0]
    return (
        f"Ledger: {cause}. Nothing after the last commit is lost or done. "
        "Check the disk's space and the database server (LEDGER_URL), then run again."
    )


def _without_values(mistake: DBAPIError) -> DBAPIError:
    """Return the exception anew, with what the driver says of the place, and without the values that it quotes."""
    driver = mistake.orig
    told = f"{type(driver).__name__}: {driver}"
    if (place := getattr(driver, "diag", None)) is not None:
        named = (place.table_name, place.column_name, place.constraint_name)
        told = f"{type(driver).__name__} {place.sqlstate or ''} {'.'.join(filter(None, named))}".strip()
    return type(mistake)(mistake.statement, None, Exception(told), hide_parameters=True)


def _is_sqlite(url: str) -> bool:
    return url.startswith("sqlite")


def _is_in_memory(url: str) -> bool:
    return url in {"sqlite://", "sqlite:///:memory:"}


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Turn to the write-ahead log: of workers that make the file together SQLite refuses some at once, whatever the time-out."""
    ends = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as refusal:
            if refusal.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > ends:
                raise
            time.sleep(0.01)
        else:
            return


def _engine(url: str, synchronous: str = "FULL") -> Engine:
    if not _is_sqlite(url):
        patience = {"connect_timeout": 10, "options": _PATIENCE}
        engine = create_engine(url, pool_size=5, max_overflow=5, pool_pre_ping=True, connect_args=patience, **_SILENT)
        engine.dialect.use_insertmanyvalues_wo_returning = True  # many rows a statement: a third faster, measured
        return engine
    engine = create_engine(
        url,
        connect_args={"timeout": _LOCK_SECONDS, "check_same_thread": False},
        **_SILENT,
        **({"poolclass": StaticPool} if _is_in_memory(url) else {}),
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # a transaction begins in words, not at the first change
        _log_ahead(connection)
        for pragma in (
            *(f"synchronous={synchronous}", "foreign_keys=ON", f"busy_timeout={_LOCK_SECONDS * 1000}"),
            "wal_autocheckpoint=4000",  # pages, 16 MB: a chunk of a thousand orders would be copied back at each commit
        ):
            connection.execute(f"PRAGMA {pragma}")

    return engine
