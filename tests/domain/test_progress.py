"""What a cancelled pick list asks for, by what was noted before."""

from collections.abc import Sequence

import pytest

from domain.progress import IN_WORK, REQUEUED, VOIDED, Move, Progress, Stage, Verdict, judge

ONCE = (IN_WORK, VOIDED, REQUEUED)


@pytest.mark.parametrize(
    ("stage", "can_requeue", "notes", "verdict"),
    [
        (Stage.WAITING, True, (), Verdict(Move.MEND)),
        (Stage.IN_WORK, False, (), Verdict(Move.MEND, (IN_WORK,))),
        (Stage.IN_WORK, False, (IN_WORK,), Verdict(Move.MEND)),
        (Stage.IN_WORK, False, ONCE, Verdict(Move.MEND, (IN_WORK,))),
        (Stage.ASIDE, True, (), Verdict(Move.REQUEUE, (VOIDED,))),
        (Stage.ASIDE, True, (IN_WORK,), Verdict(Move.REQUEUE, (VOIDED,))),
        (Stage.ASIDE, True, (IN_WORK, VOIDED), Verdict(Move.REQUEUE)),  # the answer was lost, or a worker died
        (Stage.ASIDE, False, (IN_WORK,), Verdict(Move.HOLD, (VOIDED,))),
        (Stage.ASIDE, True, ONCE, Verdict(Move.HOLD_REPEATED, (VOIDED,))),
        (Stage.ASIDE, True, (*ONCE, IN_WORK), Verdict(Move.HOLD_REPEATED, (VOIDED,))),
        (Stage.WAITING, True, (IN_WORK,), Verdict(Move.NONE, (VOIDED, REQUEUED))),  # it fell back by itself
        (Stage.WAITING, True, (*ONCE, IN_WORK), Verdict(Move.HOLD_REPEATED, (VOIDED, REQUEUED))),
        (Stage.WAITING, True, (VOIDED,), Verdict(Move.MEND, (REQUEUED,))),  # somebody put it back
        (Stage.WAITING, True, (*ONCE, VOIDED), Verdict(Move.NONE, (REQUEUED,))),
        (Stage.FINISHED, False, (*ONCE, VOIDED), Verdict(Move.MEND)),
        (Stage.SHORT, True, (IN_WORK,), Verdict(Move.HOLD_SHORT)),
        (Stage.CANCELLED, False, (), Verdict(Move.HOLD_CANCELLED)),
        (Stage.UNHEARD_OF, False, (), Verdict(Move.HOLD_UNHEARD_OF)),
    ],
)
def test_each_stage_asks_for_its_move(
    stage: Stage, notes: Sequence[str], verdict: Verdict, *, can_requeue: bool
) -> None:
    assert judge(Progress("k", stage, can_requeue), notes) == verdict
