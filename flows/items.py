"""SKU, EAN and stock number are kept current from both sides."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.reports import REPORTS
from tasks.loops import ITEMS
from tasks.opened import opened
from tasks.reporting import report
from tasks.steps import file, gate, keep_called, pull


@flow(name="items", **REPORTS)
async def items(installation: str) -> State[Any]:
    """Read the item master and the listings; release what waited for a SKU; look whether vendors still call us."""
    async with opened(installation, ITEMS) as run:
        for account in run.accounts():
            async for chunk in pull(account):
                await file(account, await gate(account, chunk))
        await keep_called(run)
        return await report(run)
