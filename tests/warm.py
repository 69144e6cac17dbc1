"""Processes that begin warm: forked from a server of one thread that has imported what takes long, and has done nothing else."""

from multiprocessing import get_context
from multiprocessing.context import ForkServerContext

HEAVY = (
    "great_expectations",
    "httpcore",
    "anyio._backends._asyncio",
    "uvicorn.protocols.http.auto",
    "uvicorn.lifespan.off",
    "alembic.command",
    "tests.kill.cases",
    "tests.ledger.workers",
)
"""Modules that are imported once. A test process has one such server, so this list is for all who fork from it."""


def warm() -> ForkServerContext:
    """Return the context to start such processes with: milliseconds where a fresh one takes seconds."""
    context = get_context("forkserver")
    context.set_forkserver_preload(list(HEAVY))
    return context
