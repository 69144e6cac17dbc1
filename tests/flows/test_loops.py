"""What a flow run shows: its state, its tasks, its artifacts; what it leaves behind when it fails."""

import inspect
import json
from typing import Any

import pytest
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterId,
)
from prefect.client.schemas.objects import FlowRun, State, TaskRun

from flows.dispatch import dispatch
from flows.items import items
from flows.orders import orders
from flows.stock import stock
from flows.trends import trends
from ledger import stories
from ledger.database import Database
from ledger.figures import figures
from sandbox.kit import Fault
from tests.served import ACCOUNTS, Sellers

LOOPS: tuple[Flow[..., Any], ...] = (orders, stock, dispatch, items)
ORDER_LIST = r"/restapi/v4/orders/"


async def ended(flow: Any, installation: str = "harbour") -> State[Any]:
    state: State[Any] = await flow(installation=installation, return_state=True)
    return state


async def task_runs(state: State[Any]) -> list[TaskRun]:
    run_id = state.state_details.flow_run_id
    assert run_id is not None
    async with get_client() as client:
        return await client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run_id])))


def open_causes(ledger: Database) -> list[dict[str, str]]:
    with ledger.transaction("harbour") as tx:
        return stories.open_causes(tx)


async def test_a_good_run_is_completed_and_makes_few_tasks_for_many_orders(world: Sellers) -> None:
    assert (await ended(items)).name == "Completed"
    world.buy("harbour", 250)
    state = await ended(orders)
    assert (state.type.value, state.name) == ("COMPLETED", "Completed")
    assert "250 sales_order filed" in (state.message or "").replace("Kind.SALES_ORDER", "sales_order").lower()
    assert 3 <= len(await task_runs(state)) <= 20


async def test_a_run_that_holds_something_is_completed_and_named_degraded(world: Sellers, ledger: Database) -> None:
    await ended(items)
    account = ACCOUNTS["harbour"]
    world.marketplace.add_product(account, stock_number="79999", sku="UNKNOWN-1", ean="5012345678900", free_stock=5)
    reference = world.marketplace.buy(account, "UNKNOWN-1", 1)
    state = await ended(orders)
    assert (state.type.value, state.name) == ("COMPLETED", "Degraded")
    with ledger.transaction("harbour") as tx:
        assert figures(tx).orders == {reference: "held"}
    assert (await ended(orders)).name == "Completed", "nothing is newly held"


async def test_a_system_that_is_down_for_a_moment_costs_a_retry_of_the_step_and_no_run(world: Sellers) -> None:
    await ended(items)
    world.buy("harbour", 1)
    world.marketplace.faults.append(Fault(kind="html", method="GET", path=ORDER_LIST, status=503, times=1))
    state = await ended(orders)
    assert state.type.value == "COMPLETED"
    tried = {run.name.split("-")[0]: run.run_count for run in await task_runs(state) if run.run_count > 1}
    assert tried == {"pull": 2}


async def test_a_failed_run_leaves_a_cause_and_the_next_good_run_closes_it(world: Sellers, ledger: Database) -> None:
    await ended(items)
    world.marketplace.faults.append(Fault(kind="status", method="GET", path=ORDER_LIST, status=401, times=100))
    state = await ended(orders)
    assert state.type.value == "FAILED"
    told = " ".join(cause["what"] for cause in open_causes(ledger))
    assert "orders" in told
    assert world.slack.messages(), "support was told"
    world.marketplace.faults.clear()
    assert (await ended(orders)).type.value == "COMPLETED"
    assert open_causes(ledger) == []


async def test_the_trends_are_tables_of_what_the_loops_did(world: Sellers) -> None:
    await ended(items)
    await ended(orders)  # it goes live
    world.buy("harbour", 3)
    await ended(orders)
    state: State[Any] = await trends(return_state=True)
    assert state.type.value == "COMPLETED"
    run_id = state.state_details.flow_run_id
    assert run_id is not None
    async with get_client() as client:
        of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run_id]))
        shown = {one.key: json.loads(str(one.data)) for one in await client.read_artifacts(artifact_filter=of_run)}
    assert shown["week-harbour"][0]["orders in the back office"] == 3
    assert shown["stock-harbour"][0]["for too long"] == 0
    assert sum(row["calls so far"] for row in shown["limits"]) >= 6


async def test_trends_that_fail_are_told_and_closed_by_the_next_that_do_not(
    world: Sellers, ledger: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_CHANNEL", "C1")  # it is of no installation, which could name one
    with monkeypatch.context() as broken:
        broken.setattr("tasks.trends.week", lambda _tx: 1 / 0)
        state: State[Any] = await trends(return_state=True)
    assert state.type.value == "FAILED"
    with ledger.transaction("") as tx:
        assert ["trends" in cause["what"] for cause in stories.open_causes(tx)] == [True]
    assert world.slack.messages(), "support was told"
    await trends(return_state=True)
    with ledger.transaction("") as tx:
        assert stories.open_causes(tx) == []


async def test_wrong_configuration_fails_the_run_with_every_variable_at_fault(
    world: Sellers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HARBOUR_VIRTUALSTOCK_USERNAME")
    monkeypatch.delenv("HARBOUR_MAGENTO_ACCESS_TOKEN")
    state = await ended(orders)
    assert state.type.value == "FAILED"
    assert "HARBOUR_VIRTUALSTOCK_USERNAME" in (state.message or "")
    assert "ACCESS_TOKEN" in (state.message or "")
    assert "password-of" not in (state.message or "")


@pytest.mark.parametrize("flow", LOOPS, ids=lambda flow: flow.name)
def test_hooks_have_the_parameter_names_by_which_a_worker_calls_them(flow: Flow[..., Any]) -> None:
    hooks = [*flow.on_failure_hooks, *flow.on_crashed_hooks, *flow.on_completion_hooks]
    assert flow.on_failure_hooks
    assert flow.on_crashed_hooks
    for hook in hooks:
        assert list(inspect.signature(hook).parameters) == ["flow", "flow_run", "state"]


async def test_a_crash_told_by_the_worker_leaves_a_cause(world: Sellers, ledger: Database) -> None:
    hook: Any = orders.on_crashed_hooks[0]
    run = FlowRun(flow_id="0f0e0d0c-0000-4000-8000-000000000001", parameters={"installation": "harbour"})
    await hook(flow=orders, flow_run=run, state=State(type="CRASHED", name="Crashed"))
    [cause] = open_causes(ledger)
    assert "orders" in cause["what"]
    assert "Crashed" in cause["detail"]
