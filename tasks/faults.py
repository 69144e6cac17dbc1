"""Our own code that fails on a record: that record waits by itself, a person is told, and the others go on."""

import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from domain.answers import NotNow, SystemTrouble
from domain.faults import told_of
from expectations.gate import GateBroken
from ledger.database import LedgerUnusable
from tasks.installations import WrongConfiguration
from tasks.run import Run

T = TypeVar("T")
R = TypeVar("R")
_STOP = (SystemTrouble, NotNow, GateBroken, LedgerUnusable, WrongConfiguration, MemoryError)
_log = logging.getLogger(__name__)


class SoftwareFault(RuntimeError):
    """A run did all else, and met a fault of this software on the way: somebody has to look."""


def is_fault(trouble: BaseException) -> bool:
    """Tell whether our own code broke; a system in trouble, a spent budget or an unusable ledger is no fault of it."""
    return isinstance(trouble, Exception) and not isinstance(trouble, _STOP)


def note_fault(run: Run, fault: Exception) -> str:
    """Let the run end as failed, once all else has had its turn; return what is told of the fault."""
    told = told_of(fault)
    _log.error("%s, %s: %s\n%s", run.loop.name, run.installation.name, told, _frames(fault))
    run.faults.append(told)
    return told


async def apart(
    run: Run, many: Sequence[T], act: Callable[[Sequence[T]], Awaitable[Mapping[str, R]]]
) -> tuple[dict[str, R], list[tuple[T, str]]]:
    """Act on all at once; where our own code breaks, on halves, until what it fails on stands alone.

    Return the answers, and each of those with what is told of the fault. Once one was found, a system
    in trouble or a spent budget ends the search: the others have no answer yet.
    """
    answers: dict[str, R] = {}
    failed: list[tuple[T, str]] = []
    waiting = [many] if many else []
    while waiting:
        some = waiting.pop(0)
        try:
            answers |= await act(some)
        except Exception as trouble:
            if not is_fault(trouble):
                if failed:
                    break
                raise
            if len(some) > 1:
                waiting[:0] = [some[: len(some) // 2], some[len(some) // 2 :]]
            else:
                failed.append((some[0], note_fault(run, trouble)))
    return answers, failed


def _frames(fault: Exception) -> str:
    """Return where it broke, line by line of our code, without a value."""
    return "".join(traceback.format_tb(fault.__traceback__))
