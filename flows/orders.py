"""Sales become sales orders in the back office, and are acknowledged to John Lewis."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.reports import REPORTS
from tasks.loops import ORDERS
from tasks.opened import opened
from tasks.reporting import report
from tasks.steps import confirm, file, gate, pull, push


@flow(name="orders", **REPORTS)
async def orders(installation: str) -> State[Any]:
    """Pull new orders and cancellations, create what is owed, acknowledge what is taken."""
    async with opened(installation, ORDERS) as run:
        for account in run.accounts():
            await confirm(account)
            async for chunk in pull(account):
                await file(account, await gate(account, chunk))
            await push(account)
        return await report(run)
