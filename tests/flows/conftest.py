"""Flows in this process against a Prefect server of the tests' own, and two sellers' systems on real ports."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.clock import ScaledClock
from ledger.database import Database
from tests.migrated import migrated
from tests.served import Sellers, sellers


@pytest.fixture(scope="session", autouse=True)
def prefect_server() -> Iterator[None]:
    from prefect.testing.utilities import prefect_test_harness  # it brings the whole server: not for who only collects

    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sellers]:
    """Give a fresh world, and point the environment of this process at it and at a fresh ledger."""
    for name in os.environ:
        if name.startswith(("HARBOUR_", "MEADOW_", "SLACK_", "INSTALLATIONS")):
            monkeypatch.delenv(name)
    with sellers() as served:
        for name, value in served.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("LEDGER_URL", f"sqlite:///{tmp_path / 'ledger.sqlite'}")
        served.enrol()
        yield served


@pytest.fixture
def ledger(world: Sellers, tmp_path: Path) -> Iterator[Database]:
    url = migrated(tmp_path)
    assert url == os.environ["LEDGER_URL"]
    database = Database(url, ScaledClock(world.clock.scale, world.clock.epoch, world.clock.started))
    yield database
    database.close()
