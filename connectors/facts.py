"""What a connector relies on and is not sure of, as data: a statement, how sure, and how to look where a read can tell."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum


class Sure(StrEnum):
    """How sure we are of a statement before anybody looked at this very account."""

    DOCUMENTED = "documented"
    SEEN = "seen elsewhere"
    ASSUMED = "assumed"


@dataclass(frozen=True)
class Seen:
    """What a look brought. `holds` is None where what is there cannot tell. No personal data."""

    what: str
    holds: bool | None = None


@dataclass(frozen=True)
class Fact:
    """Something that the connector relies on. `look` only reads; without it only a person can find out, as `ask` says."""

    statement: str
    sure: Sure
    look: Callable[[], Awaitable[Seen]] | None = None
    ask: str = ""
