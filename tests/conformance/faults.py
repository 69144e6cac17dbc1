"""A deviation from a vendor's document, and the list of those that are explained."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

EXPLAINED = Path(__file__).with_name("deviations.toml")


@dataclass(frozen=True, order=True)
class Fault:
    """One deviation. `part` is route, query, request or answer; `place` is where in it, list indices left out."""

    system: str
    source: str
    route: str
    part: str
    place: str
    what: str

    def __str__(self) -> str:
        """Show it in one line."""
        return f"{self.system} ({self.source})  {self.route}  {self.part} {self.place}: {self.what}"


@dataclass(frozen=True)
class Explanation:
    """Why deviations are as they are; `route` and `place` are patterns, `what` is a part of the text."""

    system: str
    why: str
    source: str = "*"
    route: str = "*"
    part: str = "*"
    place: str = "*"
    what: str = ""

    def explains(self, fault: Fault) -> bool:
        """Tell whether it speaks of this deviation."""
        patterns = ("source", "route", "part", "place")
        fits = all(fnmatchcase(getattr(fault, name), getattr(self, name)) for name in patterns)
        return fault.system == self.system and fits and self.what in fault.what


def explanations(file: Path = EXPLAINED) -> list[Explanation]:
    """Read the explanations."""
    return [Explanation(**entry) for entry in tomllib.loads(file.read_text("utf-8")).get("deviation", [])]


@dataclass(frozen=True)
class Judgement:
    """Deviations, sorted into explained and not, and explanations that explain nothing any more."""

    explained: dict[Explanation, list[Fault]]
    unexplained: list[Fault]

    @classmethod
    def of(cls, faults: Iterable[Fault], known: Iterable[Explanation]) -> "Judgement":
        """Give each deviation to the first explanation that speaks of it."""
        explained: dict[Explanation, list[Fault]] = {one: [] for one in known}
        unexplained: list[Fault] = []
        for fault in sorted(set(faults)):
            explanation = next((one for one in explained if one.explains(fault)), None)
            (unexplained if explanation is None else explained[explanation]).append(fault)
        return cls(explained, unexplained)

    @property
    def stale(self) -> list[Explanation]:
        """Return the explanations of what does not happen."""
        return [one for one, faults in self.explained.items() if not faults]
