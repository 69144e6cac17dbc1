"""What most tests of the steps begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import schema
from ledger.database import Database
from tasks.confirm import go_live
from tasks.loops import ORDERS
from tasks.run import Run
from tests.connectors.slack.harness import Workspace, workspace
from tests.doubles import ManualClock
from tests.migrated import migrated
from tests.tasks.depots import Depots
from tests.tasks.making import Office, Shop, installation, know, run_of
from tests.tasks.shipping import World


@pytest.fixture
def place() -> Iterator[Workspace]:
    """Serve a pretend Slack on a real port."""
    with workspace() as served:
        yield served


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database(clock: ManualClock) -> Iterator[Database]:
    opened = Database("sqlite://", clock)
    schema.create(opened)
    yield opened
    opened.close()


@pytest.fixture
def run(database: Database, clock: ManualClock) -> Run:
    """Return a live run of the orders that knows the SKU "A"."""
    run = run_of(database, ORDERS, Shop(), Office(), installation(clock))
    go_live(run)
    know(run, "A")
    return run


@pytest.fixture
def depots(tmp_path: Path) -> Iterator[Depots]:
    opened = Depots(migrated(tmp_path))
    yield opened
    opened.database.close()


@pytest.fixture
def world(database: Database, clock: ManualClock) -> World:
    return World(database, clock)
