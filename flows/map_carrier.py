"""Map a carrier of the back office to the exact code of John Lewis."""

from datetime import date
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks import operators
from tasks.opened import opened_ledger
from tasks.reporting import show


@flow(name="map_carrier", persist_result=False)
async def map_carrier(
    installation: str,
    carrier: str,
    code: str,
    owner: str,
    review_on: date,
    by: str,
    service: str = "",
    dry_run: bool = True,  # noqa: FBT001, FBT002 - a tick box of the form
) -> State[Any]:
    """Map a carrier, and let every dispatch go that waited for it.

    Args:
        installation: Which installation.
        carrier: The carrier exactly as the back office writes it.
        code: The exact code of John Lewis; it must be on the account's list.
        owner: Who answers for this line of the mapping.
        review_on: When it is looked at again.
        by: Who you are.
        service: The service exactly as the back office writes it; empty: any service.
        dry_run: Only show what would be released.
    """
    with opened_ledger() as database, database.transaction(installation) as tx:
        plan = operators.map_carrier(
            tx,
            carrier=carrier,
            service=service,
            code=code,
            owner=owner,
            review_on=review_on.isoformat(),
            by=by,
            dry_run=dry_run,
        )
    return await show(plan, f"map-carrier-{installation}")
