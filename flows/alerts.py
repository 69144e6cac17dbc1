"""Send the alerts that are still owed, and look after what no run looks after."""

from typing import Any

from prefect import flow
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks import alerts as owed
from tasks.installations import all_installations
from tasks.opened import opened_ledger


@flow(name="alerts", persist_result=False)
async def alerts() -> State[Any]:
    """Send what is owed to Slack; with a dead Slack, or none, it stays owed and is told here."""
    with opened_ledger() as database:
        told = await owed.send_owed(database, all_installations())
    await acreate_markdown_artifact(told, key="alerts", description="What Slack was told, and what is still owed")
    return Completed(message=told)
