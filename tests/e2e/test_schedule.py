"""The schedules of prefect.yaml: the server makes runs from them by itself, and a worker runs them."""

import time

from tests.e2e.conftest import Stack


def test_the_server_starts_runs_by_the_schedule(stack: Stack) -> None:
    """A server whose scheduler is broken answers every question well, and nothing arrives."""
    deployment = stack.orchestrator.ask("GET", "/deployments/name/alerts/alerts")["id"]
    stack.orchestrator.ask("PATCH", f"/deployments/{deployment}", {"paused": False})
    try:
        ends = time.monotonic() + 180
        while not (ended := _by_schedule(stack, deployment)):
            assert time.monotonic() < ends, f"no run was made and ended: {stack.orchestrator.last_words()}"
            time.sleep(0.5)
    finally:
        stack.orchestrator.ask("PATCH", f"/deployments/{deployment}", {"paused": True})
    assert {run["state_type"] for run in ended} == {"COMPLETED"}


def _by_schedule(stack: Stack, deployment: str) -> list[dict[str, object]]:
    """Return the runs of a deployment that nobody asked for and that are over."""
    only = {
        "flow_runs": {"state": {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED"]}}},
        "deployments": {"id": {"any_": [deployment]}},
    }
    found: list[dict[str, object]] = stack.orchestrator.ask("POST", "/flow_runs/filter", only)
    return [run for run in found if run["auto_scheduled"]]
