"""Orders of two installations through real processes, one of which is killed in the middle."""

import time
from collections import Counter

from deployments.demo.orchestrator import FINAL
from tests.e2e.conftest import Stack

ORDERS = 40


def test_every_order_arrives_once_although_the_worker_is_killed_in_the_middle(stack: Stack) -> None:
    bought = {name: stack.world.buy(name, ORDERS) for name in ("harbour", "meadow")}
    for name in bought:
        assert stack.run(f"items-{name}")["state_type"] == "COMPLETED"
    kill_in_the_middle(stack, "harbour")
    for name, references in bought.items():
        stack.run_until(
            f"orders-{name}",
            lambda name=name, wanted=frozenset(references): wanted <= set(stack.world.acknowledged(name)),  # type: ignore[misc] # mypy does not infer a lambda's defaults
        )
        taken = Counter(stack.world.taken(name))
        assert set(references) <= set(taken)
        assert set(taken.values()) == {1}


def kill_in_the_middle(stack: Stack, name: str) -> None:
    """Kill the worker once the back office has some of the orders and not all of them."""
    interrupted, before = 0, len(stack.world.taken(name))
    for _ in range(10):
        run_id = stack.orchestrator.run(f"orders-{name}")
        while stack.orchestrator.states([run_id])[run_id]["state_type"] not in FINAL:
            if 0 < len(stack.world.taken(name)) - before < ORDERS:
                stack.restart_worker()
                stack.orchestrator.crash(run_id)
                interrupted = len(stack.world.taken(name)) - before
                break
            time.sleep(0.02)
        if interrupted:
            break
    assert 0 < interrupted < ORDERS


def test_a_run_leaves_its_table_and_a_state_that_says_what_it_did(stack: Stack) -> None:
    [reference] = stack.world.buy("harbour", 1)
    runs = stack.run_until("orders-harbour", lambda: reference in stack.world.acknowledged("harbour"))
    found = stack.orchestrator.ask("POST", "/artifacts/filter", {"artifacts": {"key": {"any_": ["orders-harbour"]}}})
    ours = [artifact for artifact in found if artifact["flow_run_id"] in {run["id"] for run in runs}]
    assert any(reference in str(artifact["data"]) for artifact in ours)
    assert all(run["state_type"] == "COMPLETED" for run in runs)


def test_a_run_makes_few_task_runs_however_many_orders_there_are(stack: Stack) -> None:
    runs = stack.orchestrator.ask("POST", "/flow_runs/filter", {"limit": 200})
    assert runs
    for run in runs:
        tasks = stack.orchestrator.ask(
            "POST", "/task_runs/count", {"task_runs": {"flow_run_id": {"any_": [run["id"]]}}}
        )
        assert tasks <= 20, run["name"]


def test_deploying_again_asks_nothing_and_adds_nothing(stack: Stack) -> None:
    before = {one["name"]: one["id"] for one in stack.orchestrator.ask("POST", "/deployments/filter", {})}
    stack.orchestrator.deploy()
    stack.orchestrator.pause_schedules()
    assert {one["name"]: one["id"] for one in stack.orchestrator.ask("POST", "/deployments/filter", {})} == before
