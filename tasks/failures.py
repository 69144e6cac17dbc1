"""What a failed or crashed run leaves behind: a cause with the link to the run, until a run of the flow ends well."""

import logging
from typing import Any

from ledger.database import LedgerUnusable
from tasks import alerts
from tasks.installations import WrongConfiguration, all_installations
from tasks.opened import opened_ledger

_log = logging.getLogger(__name__)


async def stopped(flow: str, parameters: dict[str, Any], run_id: str, what: str) -> None:
    """Write the cause of a failed run and alert. Without a ledger it can only be logged, and Prefect's page shows it."""
    installation = str(parameters.get("installation", ""))
    try:
        with opened_ledger() as database:
            with database.transaction(installation, run_id) as tx:
                alerts.open_run_cause(tx, flow, installation, run_id, what)
            await alerts.send_owed(database, _installations())
    except LedgerUnusable:
        _log.exception("The failure of %s, %s could not be written to the ledger", flow, installation)


async def finished_well(flow: str, parameters: dict[str, Any]) -> None:
    """Close the cause of an earlier failure of this flow; what is owed to Slack goes out with the next alerts."""
    installation = str(parameters.get("installation", ""))
    with opened_ledger() as database, database.transaction(installation) as tx:
        alerts.close_run_cause(tx, flow, installation)


def _installations() -> dict[str, Any]:
    try:
        return dict(all_installations())
    except WrongConfiguration:
        return {}  # it may be the very failure that is to be told
