"""What the back office shipped is confirmed to John Lewis, with its exact carrier code."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.reports import REPORTS
from tasks.loops import DISPATCH
from tasks.opened import opened
from tasks.reporting import report
from tasks.steps import compare_carriers, confirm, file, gate, look_after_picking, pull, push


@flow(name="dispatch", **REPORTS)
async def dispatch(installation: str) -> State[Any]:
    """See that open orders are picked; read their shipments and confirm them."""
    async with opened(installation, DISPATCH) as run:
        for account in run.accounts():
            await compare_carriers(account)
            await confirm(account)
            await look_after_picking(account)
            async for chunk in pull(account):
                await file(account, await gate(account, chunk))
            await push(account)
        return await report(run)
