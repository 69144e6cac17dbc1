"""Look at the live accounts of an installation, changing nothing: what is confirmed, and what is still assumed."""

import asyncio
import os
import sys
from typing import Any

from prefect import flow
from prefect.artifacts import acreate_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks import probe as looked
from tasks.installations import WrongConfiguration
from tasks.installations import installation as installation_named
from tasks.opened import opened_ledger

_LONGEST_SECONDS = 20.0


@flow(name="probe", persist_result=False)
async def probe(installation: str) -> State[Any]:
    """Read a little from both accounts and say what was seen. Only reads are made: it is safe on a live account.

    Args:
        installation: Which installation.
    """
    lines = await _looked(installation)
    await _publish(installation, lines)
    return Completed(message=looked.told(lines).splitlines()[0])


async def _looked(installation: str) -> list[looked.Line]:
    with opened_ledger() as database:
        return await looked.probe(installation_named(installation), database)


async def _publish(installation: str, lines: list[looked.Line]) -> None:
    await acreate_table_artifact(
        table=[line._asdict() for line in lines],
        key=f"probe-{installation.replace('_', '-')}",
        description="Only reads were made. What is confirmed, and what is still assumed",
    )


async def _answered(installation: str) -> str:
    """Return the report, and publish it where there is a Prefect server."""
    lines = await _looked(installation)
    told = looked.told(lines)
    if not os.environ.get("PREFECT_API_URL"):
        return told
    try:
        async with asyncio.timeout(_LONGEST_SECONDS):
            await _publish(installation, lines)
    except Exception as trouble:  # noqa: BLE001 - the report is what was asked for
        return f"{told}\nPrefect did not take the report ({type(trouble).__name__}); it stands here only."
    return f"{told}\nPublished in Prefect as the artifact probe-{installation.replace('_', '-')}."


def main() -> None:
    """Print the report of the installation that the command names; faults of its configuration are told as text."""
    try:
        print(asyncio.run(_answered(sys.argv[1])))  # noqa: T201 - a command's answer
    except (WrongConfiguration, ValueError) as fault:
        sys.exit(str(fault))


if __name__ == "__main__":
    main()
