"""Open a run inside a flow: configuration, ledger, connectors; and at its end, what it means for causes and alerts."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from prefect.runtime import flow_run

from ledger.database import Database, LedgerUnusable
from ledger.schema import migrate
from tasks import alerts
from tasks.installations import WrongConfiguration, all_installations
from tasks.installations import installation as installation_named
from tasks.loops import Loop
from tasks.run import Run, clock_from_environment, ledger_url, running

_log = logging.getLogger(__name__)


@contextmanager
def opened_ledger() -> Iterator[Database]:
    """Open the ledger that the environment names, with its schema up to date."""
    database = Database(ledger_url(), clock_from_environment())
    try:
        migrate(database)
        yield database
    finally:
        database.close()


@asynccontextmanager
async def opened(installation: str, loop: Loop) -> AsyncIterator[Run]:
    """Open a run of a loop. Raises `WrongConfiguration` or `ValueError` with every fault of the configuration.

    When it ends well, causes that it disproved are closed; when a system is in trouble, that is
    one cause on the account. Either way the alerts that are owed go out; a dead Slack stops nothing.
    """
    settings = installation_named(installation)
    with opened_ledger() as database:
        try:
            async with running(settings, loop, database, str(flow_run.id or "")) as run:
                try:
                    yield run
                finally:
                    _write_causes(run)
        finally:
            await _send_alerts(database)


def _write_causes(run: Run) -> None:
    down = {trouble.account: trouble for trouble in run.troubles}
    with run.transaction() as tx:
        for account in run.reached - set(down):
            alerts.close_down_cause(tx, account)
        for account, trouble in down.items():
            alerts.open_down_cause(tx, account, f"{trouble.what} {trouble.advice}")


async def _send_alerts(database: Database) -> None:
    """Send what is owed; what stops this must not hide how the run itself ended."""
    try:
        await alerts.send_owed(database, all_installations())
    except (LedgerUnusable, WrongConfiguration):
        _log.exception("Alerts stay owed")
