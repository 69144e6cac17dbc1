"""What a system answers about a record, and what it raises about itself.

An answer speaks of one record. An exception speaks of the system: nobody's record is to blame.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Done:
    """The destination repeats the record. `evidence` says where that was seen; no personal data."""

    evidence: str
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The destination took it for later; `ticket` is what to ask with. Look up, never send again."""

    ticket: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The destination refused this record; a person or a changed fact has to mend it."""

    reason: str
    hold_type: str = "refused"


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing was done; try again at `at`."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have been done. Look it up; never send again blind."""

    reason: str


Answer = Done | Accepted | Refused | Later | Unknown


@dataclass(frozen=True, slots=True)
class Found:
    """The destination has the record whole."""

    evidence: str
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Partial:
    """The destination has a part of it; sending it again finishes it."""

    missing: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """The destination is still working on it."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Absent:
    """The destination shows no such record (which proves nothing until `visible_after` has passed).

    `only_ours`: it can be asked for what we sent alone, so that what people keyed by hand is not seen.
    """

    only_ours: bool = False


@dataclass(frozen=True, slots=True)
class Contradicted:
    """The destination has something under our key that is not our record, or not in a state to go on.

    A person decides; it is never sent again, only looked up.
    """

    reason: str
    hold_type: str = "contradiction"


@dataclass(frozen=True, slots=True)
class Fewer:
    """Of a number that was sent, the destination shows only so much: it has sold since, or never took it.

    It cannot tell which; whoever knows what was sold can.
    """

    shown: int
    evidence: str


Finding = Found | Partial | NotYet | Absent | Contradicted | Fewer | Refused
"""`Refused` is the late answer of a destination that takes first and judges afterwards: the record is sent again once it is mended."""


class SystemTrouble(Exception):
    """A system, not a record, is in trouble. `account` names it; `advice` says what a person does next."""

    def __init__(self, account: str, what: str, advice: str) -> None:
        super().__init__(f"{account}: {what} {advice}")
        self.account, self.what, self.advice = account, what, advice

    def __reduce__(self) -> tuple[type["SystemTrouble"], tuple[str, str, str]]:
        """Let the exception cross a process border whole."""
        return type(self), (self.account, self.what, self.advice)


class Unavailable(SystemTrouble):
    """The system did not answer, and nothing was done; the step is retried, other accounts go on."""


class Fatal(SystemTrouble):
    """The system will not serve us until a person acts (sign-in, rights, address, settings)."""


class NotNow(Exception):
    """The budget of an account has no permit before `at`; what was asked for was not sent."""

    def __init__(self, account: str, at: datetime) -> None:
        super().__init__(f"{account}: the call budget is spent until {at:%H:%M:%S}.")
        self.account, self.at = account, at

    def __reduce__(self) -> tuple[type["NotNow"], tuple[str, datetime]]:
        """Let the exception cross a process border whole."""
        return type(self), (self.account, self.at)


class OutcomeUnknown(Exception):
    """A write went out and no readable answer came back."""
