"""Send the alerts that are still owed, and look after what no run looks after."""

from typing import Any

from prefect import flow
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks import alerts as owed
from tasks.installations import all_installations
from tasks.opened import opened_ledger
from tasks.watching import watch


@flow(name="alerts", persist_result=False)
async def alerts() -> State[Any]:
    """Look for silent loops, near deadlines, causes that nobody takes and data past its time; send what is owed to Slack.

    With a dead Slack, or none, it stays owed and is told here.
    """
    installations = all_installations()
    with opened_ledger() as database:
        seen = []
        for installation in installations.values():
            with database.transaction(installation.name, "watch") as tx:
                seen.append(watch(tx, installation))
        told = "\n\n".join([await owed.send_owed(database, installations), *seen])
    await acreate_markdown_artifact(told, key="alerts", description="What Slack was told, and what is still owed")
    return Completed(message=told[:500])
