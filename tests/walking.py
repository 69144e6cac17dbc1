"""One run of a loop as its flow walks it, without Prefect."""

from tasks.carriers import compare_carriers
from tasks.confirm import confirm
from tasks.filing import file
from tasks.judge import judge
from tasks.loops import DISPATCH, ITEMS
from tasks.picking import look_after_picking
from tasks.pull import pull
from tasks.push import push
from tasks.run import Run


async def walked(run: Run) -> None:
    """Take every step of a run in its order."""
    if run.loop is DISPATCH:
        await compare_carriers(run)
    await confirm(run)
    if run.loop is DISPATCH:
        await look_after_picking(run)
    async for chunk in pull(run):
        await file(run, await judge(run, chunk))
    if run.loop is not ITEMS:
        await push(run)
