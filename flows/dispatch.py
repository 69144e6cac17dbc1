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
        await compare_carriers(run)
        await confirm(run)
        await look_after_picking(run)
        async for chunk in pull(run):
            await file(run, await gate(run, chunk))
        await push(run)
        return await report(run)
