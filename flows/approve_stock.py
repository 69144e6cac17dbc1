"""Approve a mass drop to zero that waits."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks import operators
from tasks.opened import opened_ledger
from tasks.reporting import show


@flow(name="approve_stock", persist_result=False)
async def approve_stock(
    installation: str,
    by: str,
    dry_run: bool = True,  # noqa: FBT001, FBT002 - a tick box of the form
) -> State[Any]:
    """Let the drops to zero that wait pass with the next stock scan.

    Args:
        installation: Which installation.
        by: Who you are.
        dry_run: Only show which SKUs would be published as zero.
    """
    with opened_ledger() as database, database.transaction(installation) as tx:
        plan = operators.approve_stock(tx, by=by, dry_run=dry_run)
    return await show(plan, f"approve-stock-{installation}")
