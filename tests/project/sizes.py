"""`python -m tests.project.sizes`: what each system took, counted in files and lines; for docs/adding-a-system.md.

A system's own folders are counted as they are now. What changed elsewhere when it came is asked of git, in the
range of commits that brought it: `--range seko=MERGE^..MERGE` gives another one.
"""

import argparse
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from connectors.registry import SYSTEMS

ROOT = Path(__file__).resolve().parents[2]
CAME = {
    "fulfil": "76bd58c..74ba4a5",
    "seko": "3bb0e10^..3bb0e10",
    "mirakl": "6f3579b^..6f3579b",
    "deposco": "7dd7466^..7dd7466",
    "virtualstock_files": "34f6278^..34f6278",
}
"""The commits that brought a system to a project that had the loops already."""
PARTS = {"connectors": ("connectors/",), "above": ("domain/", "ledger/", "expectations/", "tasks/", "flows/")}
PARTS |= {"tests": ("tests/",), "rest": ("",)}
"""What changed elsewhere, by where: the first that a path begins with."""


def own(system: str) -> tuple[str, ...]:
    """Return the folders that are a system's alone."""
    connector = SYSTEMS[system].__module__.rpartition(".")[0].replace(".", "/")
    return (f"{connector}/", f"sandbox/{system}/", f"tests/connectors/{system}/", f"tests/sandbox/{system}/")


def counted(place: str) -> str:
    """Return how many Python files there are in a place, and their lines."""
    files = [file for file in ROOT.glob(f"{place}**/*.py" if place.endswith("/") else f"{place}*.py") if file.is_file()]
    return f"{len(files)} / {sum(len(file.read_text('utf-8').splitlines()) for file in files)}"


def elsewhere(system: str, commits: str) -> dict[str, str]:
    """Return the lines added and removed outside a system's own folders, by what they are part of."""
    told = subprocess.run(  # noqa: S603 - a range of commits of our own history
        ["git", "diff", "--numstat", "--no-renames", commits],  # noqa: S607 - our own history
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return summed(
        tuple(line.split("\t")) for line in told.splitlines() if not line.split("\t")[2].startswith(own(system))
    )


def summed(rows: Iterable[tuple[str, ...]]) -> dict[str, str]:
    """Add up rows of added, removed and path; a binary file has `-`."""
    added, removed = Counter[str](), Counter[str]()
    for more, less, path in rows:
        part = next(part for part, begins in PARTS.items() if path.startswith(begins))
        added[part] += int(more) if more.isdigit() else 0
        removed[part] += int(less) if less.isdigit() else 0
    return {part: f"+{added[part]} -{removed[part]}" for part in PARTS}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.project.sizes", description=__doc__)
    parser.add_argument("--range", action="append", default=[], help="SYSTEM=COMMITS")
    came = CAME | dict(given.split("=", 1) for given in parser.parse_args().range)
    print("| System | Connector | Sandbox | Its tests | Rest of `connectors/` | Above it | Other tests | All else |")
    print("|---|---|---|---|---|---|---|---|")
    for system in sorted(SYSTEMS, key=lambda one: (list(came).index(one) if one in came else -1, one)):
        connector, sandbox, *tests = own(system)
        own_tests = " and ".join(count for place in tests if not (count := counted(place)).startswith("0 "))
        cells = [counted(connector), counted(sandbox), own_tests]
        cells += elsewhere(system, came[system]).values() if system in came else ["-"] * len(PARTS)
        print(f"| {system} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
