"""A cause through the flows: alerts calls the next owner, the form takes it, and the alert says by whom."""

import json
from datetime import timedelta
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import State
from sqlalchemy import update

from flows.alerts import alerts
from flows.take import take
from ledger import holds, taking
from ledger.database import Database
from ledger.rows import table
from ledger.tables import Cause
from tests.served import Sellers


async def table_of(state: State[Any]) -> list[dict[str, str]]:
    run_id = state.state_details.flow_run_id
    assert run_id is not None
    async with get_client() as client:
        of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run_id]))
        [artifact] = await client.read_artifacts(artifact_filter=of_run)
    rows: list[dict[str, str]] = json.loads(str(artifact.data))
    return rows


def shown(world: Sellers) -> str:
    return json.dumps(world.slack.messages("jl-harbour")[0].blocks)


async def test_the_next_owner_is_called_and_the_form_stops_it(world: Sellers, ledger: Database) -> None:
    new = holds.NewHold("unknown_sku", "product data", holds.ORDER, "o-1", "SKU MUG-9", order_key="o-1")
    with ledger.transaction("harbour") as tx:
        holds.open_hold(tx, new)
    await alerts(return_state=True)
    with ledger.transaction("harbour") as tx:
        tx.run(update(table(Cause)).values(told_at=tx.now - timedelta(minutes=61)))
    state: State[Any] = await alerts(return_state=True)
    assert "1 escalated" in (state.message or "")
    parent, reply = world.slack.messages("jl-harbour")
    assert (reply.thread_ts, reply.broadcast) == (parent.ts, True)
    assert reply.text.startswith("*operations*: harbour: SKU not in the back office. 1 order")

    state = await take(installation="harbour", cause=1, by="Sam", note="asks the shop", return_state=True)
    assert (state.name, state.message) == ("Completed", "Sam took cause no. 1")
    [row] = await table_of(state)
    assert (row["cause"], row["detail"]) == ("1", "SKU MUG-9")
    with ledger.transaction("harbour") as tx:
        tx.run(update(table(Cause)).values(told_at=tx.now - timedelta(minutes=61)))
    await alerts(return_state=True)
    assert "*Taken by*\\nSam at " in shown(world)
    assert len(world.slack.messages("jl-harbour")) == 2


async def test_a_cause_that_is_closed_cannot_be_taken(world: Sellers, ledger: Database) -> None:
    with ledger.transaction("harbour") as tx:
        holds.open_cause_once(tx, signature="s", type_="loop_silent", owner="operations", title="Loop", detail="d")
        holds.close_cause(tx, "s")
    state: State[Any] = await take(installation="harbour", cause=1, by="Sam", return_state=True)
    assert state.type.value == "FAILED"
    assert "Cause no. 1 was closed at" in (state.message or "")
    with ledger.transaction("harbour") as tx:
        cause = taking.cause(tx, 1)
        assert cause is not None
        assert cause.taken_by == ""
