"""Sending records one by one, so that no answer is lost when the system gives out on the way."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from domain.answers import Answer, Later, NotNow, SystemTrouble
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
        except NotNow as wait:
            if not answers:
                raise
            return answers | {rest.key: Later(wait.at, str(wait)) for rest in records[number:]}
        except SystemTrouble as trouble:
            if not answers:
                raise
            return answers | {rest.key: Later(clock.now(), str(trouble)) for rest in records[number:]}
    return answers
