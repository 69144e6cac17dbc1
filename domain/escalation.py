"""Escalation: who is told next of a cause that nobody takes, and when. Each who is told has time of their own to take it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

AT_LEAST = timedelta(minutes=5)
"""The shortest time to take a cause, however near its deadline is: nobody reads and answers faster."""


def next_owner(owner: str, escalated_to: str, chain: Sequence[str]) -> str:
    """Return who is told after `escalated_to` (empty: nobody but the owner was told); empty when nobody is left.

    Who stands in the chain is followed by those after them. The last of the chain, where the cause is
    theirs, is told once more: a second word is better than none.
    """
    told = escalated_to or owner
    if told not in chain:
        return chain[0] if chain else ""
    later = chain[chain.index(told) + 1 :]
    if later:
        return later[0]
    return "" if escalated_to else owner


def time_to_take(told_at: datetime, first_deadline_at: datetime | None, after: timedelta) -> timedelta:
    """Return how long who was told then has to take it: `after`, or half of what is left to the deadline, if that is less."""
    if first_deadline_at is None:
        return after
    return min(after, max(AT_LEAST, (first_deadline_at - told_at) / 2))


def is_due(
    *,
    told_at: datetime | None,
    taken_at: datetime | None,
    first_deadline_at: datetime | None,
    after: timedelta,
    now: datetime,
) -> bool:
    """Tell whether the next owner is to be told now. The time runs since somebody was last told; nobody told: it does not run."""
    if told_at is None or taken_at is not None:
        return False
    return now - told_at >= time_to_take(told_at, first_deadline_at, after)
