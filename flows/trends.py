"""Publish each day how the last week went."""

from datetime import timedelta
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.reports import completed, failed
from tasks import trends as last_days
from tasks.installations import all_installations
from tasks.opened import opened_ledger
from tasks.reporting import publish_table


@flow(name="trends", persist_result=False, on_failure=[failed], on_crashed=[failed], on_completion=[completed])
async def trends() -> State[Any]:
    """Publish, for each installation, the last seven days, where its orders stand, what is nearest to its deadline, and what stock waits; and all calls."""
    installations = all_installations()
    with opened_ledger() as database:
        for name, installation in installations.items():
            late_after = timedelta(minutes=installation.stock.late_after_minutes)
            with database.transaction(name, "trends") as tx:
                week, deadlines, stock = last_days.week(tx), last_days.deadlines(tx), last_days.stock(tx, late_after)
                where = last_days.where(tx)
            await publish_table(f"week-{name}", week, f"{name}: the last days, today first")
            await publish_table(f"deadlines-{name}", deadlines, f"{name}: what is nearest to its deadline")
            await publish_table(f"where-{name}", where, f"{name}: where its open orders stand")
            await publish_table(f"stock-{name}", stock, f"{name}: stock that waits to be shown")
        with database.transaction("trends") as tx:
            calls = last_days.limits(tx)
    await publish_table("limits", calls, "Calls to every account, and how many it refused for their number")
    return Completed(message=f"{len(installations)} installations")
