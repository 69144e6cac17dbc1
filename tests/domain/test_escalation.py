"""Who is told next of a cause that nobody takes, and when."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.escalation import is_due, next_owner, time_to_take

TOLD_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(minutes=60)
CHAIN = ("operations", "head of operations")


@pytest.mark.parametrize(
    ("owner", "escalated_to", "chain", "told_next"),
    [
        ("warehouse", "", CHAIN, "operations"),
        ("warehouse", "operations", CHAIN, "head of operations"),
        ("warehouse", "head of operations", CHAIN, ""),
        ("operations", "", CHAIN, "head of operations"),
        ("operations", "head of operations", CHAIN, ""),
        ("operations", "", ("operations",), "operations"),
        ("operations", "operations", ("operations",), ""),
        ("head of operations", "", CHAIN, "head of operations"),
        ("warehouse", "", (), ""),
        ("operations", "operations", (), ""),
        ("warehouse", "who left the file", CHAIN, "operations"),
    ],
)
def test_who_is_told_next(owner: str, escalated_to: str, chain: tuple[str, ...], told_next: str) -> None:
    assert next_owner(owner, escalated_to, chain) == told_next


@pytest.mark.parametrize("owner", ["warehouse", *CHAIN])
def test_a_chain_comes_to_its_end(owner: str) -> None:
    told: list[str] = []
    while name := next_owner(owner, told[-1] if told else "", CHAIN):
        told.append(name)
    assert told[-1] == "head of operations"
    assert len(told) == len(set(told))


@pytest.mark.parametrize(
    ("deadline_in", "minutes"),
    [
        (None, 60),
        (timedelta(days=2), 60),
        (timedelta(minutes=121), 60),
        (timedelta(minutes=60), 30),
        (timedelta(minutes=12), 6),
        (timedelta(minutes=4), 5),
        (timedelta(minutes=-90), 5),
    ],
)
def test_the_nearer_the_deadline_the_less_time_there_is(deadline_in: timedelta | None, minutes: int) -> None:
    deadline = None if deadline_in is None else TOLD_AT + deadline_in
    assert time_to_take(TOLD_AT, deadline, HOUR) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("told_at", "taken_at", "minutes_later", "due"),
    [
        (TOLD_AT, None, 59, False),
        (TOLD_AT, None, 60, True),
        (TOLD_AT, None, 6000, True),
        (TOLD_AT, TOLD_AT, 60, False),
        (None, None, 6000, False),
    ],
)
def test_when_the_next_is_told(
    told_at: datetime | None, taken_at: datetime | None, minutes_later: int, *, due: bool
) -> None:
    now = TOLD_AT + timedelta(minutes=minutes_later)
    assert is_due(told_at=told_at, taken_at=taken_at, first_deadline_at=None, after=HOUR, now=now) is due


def test_a_deadline_that_came_near_meanwhile_counts() -> None:
    deadline = TOLD_AT + timedelta(minutes=30)
    for minutes, due in ((14, False), (15, True)):
        now = TOLD_AT + timedelta(minutes=minutes)
        assert is_due(told_at=TOLD_AT, taken_at=None, first_deadline_at=deadline, after=HOUR, now=now) is due
