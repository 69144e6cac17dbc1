"""Release what is held: by order, by cause, or by message."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks import operators
from tasks.opened import opened_ledger
from tasks.reporting import show


@flow(name="release", persist_result=False)
async def release(
    installation: str,
    order: str = "",
    cause: int = 0,
    message: int = 0,
    reason: str = "",
    by: str = "",
    dry_run: bool = True,  # noqa: FBT001, FBT002 - a tick box of the form
) -> State[Any]:
    """Put what is held back before its gate, with today's facts.

    Args:
        installation: Which installation.
        order: A Customer Order Number or order key; or
        cause: the number of a cause, as the alert shows it; or
        message: the number of one message.
        reason: Why. It is kept in the journal.
        by: Who you are. It is kept in the journal.
        dry_run: Only show what would be released.
    """
    with opened_ledger() as database, database.transaction(installation) as tx:
        plan = operators.release(tx, order=order, cause=cause, message=message, reason=reason, by=by, dry_run=dry_run)
    return await show(plan, f"release-{installation}")
