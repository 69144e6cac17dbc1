"""What every mapping from wire to record shares: what is beyond belief, and what becomes of a payload that cannot be read."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from domain.faults import SOFTWARE_FAULT, told_of
from domain.payloads import address_of
from domain.records import Received, Reject

LARGEST_QUANTITY = 999_999_999
"""More eaches than this are a mistake, and an exponent could fill the memory."""
Parse = TypeVar("Parse", bound=Callable[..., Received | Reject])


class Unreadable(Exception):
    """A payload that cannot become a record; says why without repeating a value, and how to hold it."""

    def __init__(self, reason: str, hold_type: str = "malformed_payload") -> None:
        super().__init__(reason)
        self.reason, self.hold_type = reason, hold_type


def faults(trouble: ValidationError) -> str:
    """Name the fields at fault, without their values."""
    return "; ".join(f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in trouble.errors())


def told_apart(outcomes: Iterable[Received | Reject]) -> tuple[list[Received], list[Reject]]:
    """Return what could be read of some originals, and what could not."""
    received: list[Received] = []
    rejects: list[Reject] = []
    for one in outcomes:
        if isinstance(one, Reject):
            rejects.append(one)
        else:
            received.append(one)
    return received, rejects


def never_raises(parse: Parse) -> Parse:
    """Make a reject also of what our own mapping breaks on: one payload that nobody foresaw spoils nobody."""

    @wraps(parse)
    def parsed(self: Any, raw: Any) -> Received | Reject:
        try:
            return parse(self, raw)
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is about this payload alone
            return Reject(f"unread {address_of(raw)[:16]}", raw, told_of(fault), SOFTWARE_FAULT)

    return cast("Parse", parsed)
