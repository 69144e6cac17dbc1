"""What every loop's flow has in common: it fails loudly, and its next good run says so too."""

from typing import Any

from prefect import Flow
from prefect.client.schemas.objects import FlowRun, State

from tasks.failures import finished_well, stopped


async def failed(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Write the failure as a cause, and alert. Prefect calls hooks by these very parameter names."""
    await stopped(flow.name, flow_run.parameters, str(flow_run.id), state.name or "Failed")


async def completed(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:  # noqa: ARG001 - Prefect's names
    """Close the cause of an earlier failure of the same flow."""
    await finished_well(flow.name, flow_run.parameters)


REPORTS: dict[str, Any] = {
    "on_failure": [failed],
    "on_crashed": [failed],
    "on_completion": [completed],
    "persist_result": False,
    "flow_run_name": "{installation}",
}
