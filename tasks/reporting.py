"""Report: what a run did, record by record, as artifacts; and the state that says so at a glance."""

from collections import Counter
from typing import Any

from prefect.artifacts import acreate_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from domain.installation import Mode
from ledger import levels, messages, stories
from tasks.operators import Plan
from tasks.run import Run

_MOST_ROWS = 1000
DEGRADED = "Degraded"


async def report(run: Run) -> State[Any]:
    """Publish the run's tables and return its state: `Degraded` when it newly held something.

    Raises the trouble of the first system that was found in one: everything else had its turn.
    """
    name = run.installation.name
    rows = [
        {"order": n.order_key, "kind": str(n.kind), "what": n.what, "key": n.key, "detail": n.detail}
        for n in run.news[:_MOST_ROWS]
    ]
    if rows:
        await _table(f"{run.loop.name}-{name}", rows, f"{run.loop.name}, {name}: what this run did")
    if run.results:
        await _table(f"gate-{run.loop.name}-{name}", run.results, f"{run.loop.name}, {name}: what the gate judged")
    if run.mode is Mode.OBSERVE:
        await _table(
            f"would-send-{run.loop.name}-{name}", _would_send(run), "Observe mode: what would be sent, and is not"
        )
    if run.held_in_all:
        with run.transaction() as tx:
            await _table(f"holds-{name}", stories.open_causes(tx), f"{name}: what waits, and for whom")
    if run.troubles:
        raise run.troubles[0]
    counted = Counter(f"{n.kind} {n.what}" for n in run.news)
    told = ", ".join(f"{count} {what}" for what, count in counted.most_common(8)) or "nothing new"
    return Completed(name=DEGRADED if run.held_in_all else None, message=told)


async def show(plan: Plan, key: str) -> State[Any]:
    """Publish what an operator's action would do, or did."""
    said = plan.title if plan.done else f"{plan.title} - not done yet: run it again with dry_run off"
    await _table(key, plan.rows or [{"result": "nothing matches"}], said)
    return Completed(message=said)


def _would_send(run: Run) -> list[dict[str, Any]]:
    with run.transaction() as tx:
        rows = [row for route in run.loop.routes for row in messages.open_of(tx, route.kind, _MOST_ROWS)]
        shown = [{"order": row.order_key, "kind": row.kind, "due": str(row.due_at)} for row in rows]
        owed = levels.owed_count(tx)
    return [*shown, *([{"order": "", "kind": "availability", "due": f"{owed} levels"}] if owed else [])]


async def _table(key: str, rows: list[dict[str, Any]], description: str) -> None:
    if rows:
        await acreate_table_artifact(table=rows, key=key.replace("_", "-").lower(), description=description)
