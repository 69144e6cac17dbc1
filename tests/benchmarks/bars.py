"""What a bench found: a table for people, and bars that are met or missed."""

import json
import os
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

QUICK = os.environ.get("QUICK", "") not in {"", "0"}


@dataclass(frozen=True)
class Bar:
    """One number that must not be passed. `at_least`: it is a floor, else a ceiling. `hoped` binds nobody."""

    what: str
    value: float
    limit: float
    at_least: bool = False
    unit: str = ""
    hoped: float | None = None

    @property
    def met(self) -> bool:
        """Tell whether the number is on the right side."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def row(self) -> list[str]:
        """Return it as a row: what, value, bar, verdict."""
        word = "at least" if self.at_least else "at most"
        hoped = "" if self.hoped is None else f" ({self.hoped:g} hoped for)"
        return [
            self.what,
            f"{self.value:.3f}{self.unit}",
            f"{word} {self.limit:g}{self.unit}{hoped}",
            "pass" if self.met else "**MISSED**",
        ]


@dataclass
class Report:
    """What one bench says: how it measured, what it saw, and its bars."""

    title: str
    how: str
    heads: Sequence[str] = ()
    rows: list[list[str]] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)

    def tell(self) -> None:
        """Write it to the standard output, as one line, for the program that collects the reports."""
        sys.stdout.write(json.dumps(asdict(self)) + "\n")

    @classmethod
    def read(cls, line: str) -> "Report":
        """Read a line of `tell`."""
        fields: dict[str, Any] = json.loads(line)
        return cls(**{**fields, "bars": [Bar(**bar) for bar in fields["bars"]]})

    def markdown(self) -> str:
        """Return it as a section of the page."""
        parts = [f"## {self.title}", "", self.how]
        if self.rows:
            parts += ["", *table(self.heads, self.rows)]
        parts += ["", *table(("Bar", "Measured", "Wanted", ""), [bar.row() for bar in self.bars])]
        return "\n".join(parts)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    return [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows)]


def median_ratio(pairs: Sequence[tuple[float, float]]) -> float:
    """Return the median of first by second: each pair was measured back to back, so load on the machine weighs on both."""
    return statistics.median(first / second for first, second in pairs)
