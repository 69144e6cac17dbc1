"""The whole story of a number."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks import operators
from tasks.opened import opened_ledger
from tasks.reporting import show


@flow(name="timeline", persist_result=False)
async def timeline(installation: str, number: str) -> State[Any]:
    """Show everything that is known of an order, shipment or product.

    Args:
        installation: Which installation.
        number: A John Lewis number, back-office number, tracking number, SKU or EAN.
    """
    with opened_ledger() as database, database.transaction(installation) as tx:
        plan = operators.timeline(tx, number)
    return await show(plan, f"timeline-{installation}")
