"""A PostgreSQL of the machine's own packages: Prefect's schema needs pg_trgm, which the Python package has not."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from deployments.demo.processes import Children, free_port, wait_for_port


def programs() -> Path | None:
    """Return the folder of `initdb` and `postgres`, or None where PostgreSQL is not installed."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders else None


@contextmanager
def server(folder: Path, *databases: str) -> Iterator[str]:
    """Serve a fresh cluster with these databases; give `user@host:port`, which needs no password."""
    bin_ = programs()
    assert bin_ is not None
    data = Path(tempfile.mkdtemp(prefix="pg-"))  # not below a folder that only root may enter
    user = _user_that_may_serve(data)
    try:
        command = [str(bin_ / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync"]
        subprocess.run(command, user=user, check=True, capture_output=True, cwd=data)  # noqa: S603
        port = free_port()
        as_user = ["setpriv", f"--reuid={user}", "--clear-groups", "--"] if user is not None else []
        settings = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "listen_addresses=127.0.0.1")
        options = [part for setting in settings for part in ("-c", setting)]
        with Children(folder, os.environ) as children:
            postgres = children.start(
                *("postgresql", *as_user, str(bin_ / "postgres"), "-D", str(data), "-k", str(data)),
                *("-p", str(port), *options),
            )
            wait_for_port(port, postgres)
            with psycopg.connect(f"host=127.0.0.1 port={port} user=postgres", autocommit=True) as connection:
                for name in databases:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            yield f"postgres@127.0.0.1:{port}"
    finally:
        shutil.rmtree(data, ignore_errors=True)


def _user_that_may_serve(data: Path) -> int | None:
    """Return whom to become when we are root, whom PostgreSQL refuses; the data are theirs then."""
    if os.getuid() != 0:
        return None
    account = pwd.getpwnam("postgres")
    os.chown(data, account.pw_uid, account.pw_gid)
    return account.pw_uid
