"""Move an installation's marketplace to another road or another account, with orders in flight."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks import moving
from tasks.installations import installation as installation_named
from tasks.opened import opened_ledger
from tasks.reporting import show


@flow(name="move", persist_result=False)
async def move(
    installation: str,
    by: str = "",
    reason: str = "",
    dry_run: bool = True,  # noqa: FBT001, FBT002 - a tick box of the form
) -> State[Any]:
    """Move the marketplace to where the installation's file says it is; without a move, say what is open where it was.

    Args:
        installation: Which installation. Its file names the new road or account already, and its loops are paused.
        by: Who you are. It is kept in the journal.
        reason: Why. It is kept in the journal.
        dry_run: Only show what is in flight and what would become of it.
    """
    settings = installation_named(installation)
    with opened_ledger() as database, database.transaction(installation) as tx:
        plan = moving.move(tx, settings, by=by, reason=reason, dry_run=dry_run)
    return await show(plan, f"move-{installation}")
