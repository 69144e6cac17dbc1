"""Take a cause: say who looks after it."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks import operators
from tasks.opened import opened_ledger
from tasks.reporting import show


@flow(name="take", persist_result=False)
async def take(installation: str, cause: int, by: str, note: str = "") -> State[Any]:
    """Say that you look after a cause, so that nobody else is called for it.

    Nothing is released or sent by it. Whoever takes it later has it then.

    Args:
        installation: Which installation.
        cause: The number of the cause, as the alert shows it.
        by: Who you are. It is shown in the alert and kept in the journal.
        note: What you are going to do. It is kept in the journal.
    """
    with opened_ledger() as database, database.transaction(installation) as tx:
        plan = operators.take(tx, cause=cause, by=by, note=note)
    return await show(plan, f"take-{installation}")
