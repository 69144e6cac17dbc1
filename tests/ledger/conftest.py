"""A migrated ledger on each database: a SQLite file, and a real PostgreSQL."""

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.database import Database
from tests.doubles import ManualClock
from tests.migrated import brought_up_to_date, migrated
from tests.postgresql import address_of, create_database, emptied, new_database, postgresql_url

_TEMPLATE = "migrated_ledger"
_spare: list[str] = []
"""Databases of PostgreSQL that a test is done with: to empty one takes a fraction of what a new one takes."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with nothing in it."""
    return f"sqlite:///{tmp_path}/ledger.sqlite" if request.param == "sqlite" else postgresql_url()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a migrated ledger."""
    if request.param == "sqlite":
        yield migrated(tmp_path)
        return
    name = _spare.pop() if _spare else new_database(_migrated_template())
    yield address_of(name)
    if emptied(name):
        _spare.append(name)


@pytest.fixture
def database(url: str, clock: ManualClock) -> Iterator[Database]:
    opened = Database(url, clock)
    yield opened
    opened.close()


@functools.cache
def _migrated_template() -> str:
    create_database(_TEMPLATE)
    brought_up_to_date(address_of(_TEMPLATE))
    return _TEMPLATE
