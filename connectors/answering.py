"""Sending and looking up records one by one, so that no answer is lost when the system gives out on the way."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from domain.answers import Answer, Finding, Later, NotNow, NotYet, SystemTrouble
from domain.clock import Clock


class Keyed(Protocol):
    """A record with a natural key."""

    @property
    def key(self) -> str:
        """Return the key."""
        ...


AnyRecord = TypeVar("AnyRecord", bound=Keyed)


async def answer_each(
    clock: Clock, records: Sequence[AnyRecord], send_one: Callable[[AnyRecord], Awaitable[Answer]]
) -> Mapping[str, Answer]:
    """Send one after the other. When the system gives out, those not tried are answered `Later`; no answer is lost.

    Raises `NotNow`, `Unavailable` or `Fatal` when there is no answer yet: then nothing was done for any of them.
    """
    answers: dict[str, Answer] = {}
    for number, record in enumerate(records):
        try:
            answers[record.key] = await send_one(record)
        except (NotNow, SystemTrouble) as trouble:
            if not answers:
                raise
            at = trouble.at if isinstance(trouble, NotNow) else clock.now()
            return answers | {rest.key: Later(at, str(trouble)) for rest in records[number:]}
    return answers


async def find_each(
    records: Sequence[AnyRecord], find_one: Callable[[AnyRecord], Awaitable[Finding]]
) -> Mapping[str, Finding]:
    """Look one up after the other; those that the call budget did not reach are `NotYet`.

    Raises `NotNow` when it reached none, and what else `find_one` raises.
    """
    findings: dict[str, Finding] = {}
    for record in records:
        try:
            findings[record.key] = await find_one(record)
        except NotNow as wait:
            if not findings:
                raise
            findings[record.key] = NotYet(f"not looked at: the call budget is spent until {wait.at:%H:%M:%S}")
    return findings
