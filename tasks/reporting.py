"""Report: what a run did, record by record, as artifacts; and the state that says so at a glance."""

from typing import Any

from prefect.artifacts import acreate_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from domain.installation import Mode
from ledger import levels, messages, stories
from tasks.faults import SoftwareFault
from tasks.operators import Plan
from tasks.run import Run
from tasks.telling import Told

_MOST_ROWS = 1000
DEGRADED = "Degraded"


async def report(run: Run) -> State[Any]:
    """Publish the run's tables and return its state: `Degraded` when it newly held something.

    Raises `SoftwareFault` where our own code broke, or the trouble of the first system that was found in one: everything else had its turn.
    """
    name = run.installation.name
    await publish_table(f"{run.loop.name}-{name}", lines_of(run.news), f"{run.loop.name}, {name}: what this run did")
    if run.results:
        await publish_table(
            f"gate-{run.loop.name}-{name}", run.results, f"{run.loop.name}, {name}: what the gate judged"
        )
    if run.mode is Mode.OBSERVE:
        await publish_table(
            f"would-send-{run.loop.name}-{name}", _would_send(run), "Observe mode: what would be sent, and is not"
        )
    if run.held_in_all:
        with run.transaction() as tx:
            await publish_table(f"holds-{name}", stories.open_causes(tx), f"{name}: what waits, and for whom")
    if run.faults:
        raise SoftwareFault(
            f"{'; '.join(dict.fromkeys(run.faults))}. All else had its turn; send this to those who maintain it."
        )
    if run.troubles:
        raise run.troubles[0]
    counted = run.news.counts.most_common(8)
    told = ", ".join(f"{count} {kind} {what}" for (kind, what), count in counted) or "nothing new"
    return Completed(name=DEGRADED if run.held_in_all else None, message=told)


async def show(plan: Plan, key: str) -> State[Any]:
    """Publish what an operator's action would do, or did."""
    said = plan.title if plan.done else f"{plan.title} - not done yet: run it again with dry_run off"
    await publish_table(key, plan.rows or [{"result": "nothing matches"}], said)
    return Completed(message=said)


def lines_of(news: Told) -> list[dict[str, str]]:
    """Return the lines of what a run did; and of what is beyond them, how many of each kind."""
    shown = [(n.order_key, n.kind, n.what, n.key, n.detail) for n in news.lines]
    shown += [("", kind, what, "", f"and {more:,} more") for (kind, what), more in news.more.items()]
    names = ("order", "kind", "what", "key", "detail")
    return [dict(zip(names, map(str, row), strict=True)) for row in shown]


def _would_send(run: Run) -> list[dict[str, Any]]:
    with run.transaction() as tx:
        rows = [row for route in run.loop.routes for row in messages.open_of(tx, route.kind, _MOST_ROWS)]
        shown = [{"order": row.order_key, "kind": row.kind, "due": str(row.due_at)} for row in rows]
        owed = levels.owed_count(tx)
    return [*shown, *([{"order": "", "kind": "availability", "due": f"{owed} levels"}] if owed else [])]


async def publish_table(key: str, rows: list[dict[str, Any]], description: str) -> None:
    """Publish rows as a table; nothing where there are none."""
    if rows:
        await acreate_table_artifact(table=rows, key=key.replace("_", "-").lower(), description=description)
