"""Stock of the back office becomes what John Lewis offers."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.reports import REPORTS
from tasks.loops import STOCK
from tasks.opened import opened
from tasks.reporting import report
from tasks.steps import confirm, file, gate, pull, push


@flow(name="stock", **REPORTS)
async def stock(installation: str) -> State[Any]:
    """Scan the stock, believe it when it is whole, and publish what changed."""
    async with opened(installation, STOCK) as run:
        await confirm(run)
        async for chunk in pull(run):
            await file(run, await gate(run, chunk))
        await push(run)
        return await report(run)
