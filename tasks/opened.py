"""Open a run inside a flow: configuration, ledger, connectors; and at its end, what it means for causes and alerts."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from prefect.runtime import flow_run

from domain.answers import SystemTrouble
from ledger.database import Database
from ledger.schema import migrate
from tasks import alerts
from tasks.installations import all_installations
from tasks.installations import installation as installation_named
from tasks.loops import Loop
from tasks.run import Run, clock_from_environment, ledger_url, running


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
                except SystemTrouble as trouble:
                    with run.transaction() as tx:
                        alerts.open_down_cause(tx, trouble.account, f"{trouble.what} {trouble.advice}")
                    raise
                finally:
                    _close_disproved(run)
        finally:
            await alerts.send_owed(database, all_installations())


def _close_disproved(run: Run) -> None:
    with run.transaction() as tx:
        for account in run.reached:
            alerts.close_down_cause(tx, account)
