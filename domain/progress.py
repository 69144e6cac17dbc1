"""Where an open order stands in the warehouse, and what a cancelled pick list asks for. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

IN_WORK, VOIDED, REQUEUED = "in work", "voided", "requeued"
"""What is noted of an order, one word after the other, so that a return to the start can be told from a start."""

MOST_VOIDS = 1
"""A pick list that is cancelled more often than this is not a slip: a person looks."""


class Stage(StrEnum):
    """Where an order stands. WAITING: in the queue. ASIDE: in no queue, so nobody will pick it."""

    WAITING = "waiting"
    IN_WORK = "in_work"
    ASIDE = "aside"
    SHORT = "short"
    CANCELLED = "cancelled"
    UNHEARD_OF = "unheard_of"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Progress:
    """What the back office shows of one open order. `can_requeue`: its queue can be asked to take it back."""

    key: str
    stage: Stage
    can_requeue: bool = False


class Move(StrEnum):
    """What follows. MEND: what was held for it is over. HOLD: only the warehouse can take it up again."""

    NONE = "none"
    MEND = "mend"
    REQUEUE = "requeue"
    HOLD = "hold"
    HOLD_REPEATED = "hold_repeated"
    HOLD_SHORT = "hold_short"
    HOLD_CANCELLED = "hold_cancelled"
    HOLD_UNHEARD_OF = "hold_unheard_of"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to note of an order now, and what follows."""

    move: Move
    notes: tuple[str, ...] = ()


def judge(progress: Progress, notes: Sequence[str]) -> Verdict:
    """Return what an order's stage asks for, by what was noted of it before.

    An order that was in work and waits again has had its pick list cancelled as well, and is in the
    queue already. What was noted as voided and still stands aside is the same cancelled list.
    """
    last = notes[-1] if notes else ""
    match progress.stage:
        case Stage.IN_WORK:
            return Verdict(Move.MEND, () if last == IN_WORK else (IN_WORK,))
        case Stage.WAITING:
            return _waiting(last, notes)
        case Stage.ASIDE:
            return _aside(progress, last, notes)
    return Verdict(_AT_ONCE[progress.stage])


_AT_ONCE = {
    Stage.FINISHED: Move.MEND,
    Stage.SHORT: Move.HOLD_SHORT,
    Stage.CANCELLED: Move.HOLD_CANCELLED,
    Stage.UNHEARD_OF: Move.HOLD_UNHEARD_OF,
}


def _aside(progress: Progress, last: str, notes: Sequence[str]) -> Verdict:
    is_new = last != VOIDED
    once = Move.REQUEUE if progress.can_requeue else Move.HOLD
    move = Move.HOLD_REPEATED if notes.count(VOIDED) + is_new > MOST_VOIDS else once
    return Verdict(move, (VOIDED,) if is_new else ())


def _waiting(last: str, notes: Sequence[str]) -> Verdict:
    voids = notes.count(VOIDED)
    if last == IN_WORK:
        move = Move.HOLD_REPEATED if voids + 1 > MOST_VOIDS else Move.NONE
        return Verdict(move, (VOIDED, REQUEUED))
    mended = Move.MEND if voids <= MOST_VOIDS else Move.NONE  # a repeated one is over when it is in work
    return Verdict(mended, (REQUEUED,) if last == VOIDED else ())
