"""Measure everything there is a bench for, write docs/benchmarks.md, and fail when a bar is missed: `make bench`.

`QUICK=1` measures less data in less time and leaves the page alone. With names of benches as arguments only
those are measured, and the other sections of the page stay.
"""

import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.bars import QUICK, Report

PAGE = Path(__file__).parent.parent.parent / "docs" / "benchmarks.md"
BARRED = ("imports", "calls", "changes", "limits", "stock", "growth")
BY_NAME = ("million",)
"""It takes most of an hour, so it is measured only when asked for."""
TOLD = (
    ("The gate", ("tests.benchmarks.gate",)),
    ("Filing 10,000 orders, SQLite", ("tests.benchmarks.ledger", "sqlite", "orders", "10000")),
    ("A stock scan of 100,000 counts, SQLite", ("tests.benchmarks.ledger", "sqlite", "scan", "100000")),
)
LIBRARIES = ("sqlalchemy", "great-expectations", "pandas", "pydantic", "httpx")


def _run(arguments: tuple[str, ...]) -> str:
    sys.stdout.write(f"{' '.join(arguments)} ...\n")
    sys.stdout.flush()
    began = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - our own modules
        [sys.executable, "-m", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} broke:\n{done.stderr}")
    sys.stdout.write(f"  {time.perf_counter() - began:.0f} s\n")
    return done.stdout


def _head() -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    when = f"Written by `make bench`, last on {datetime.now(UTC):%Y-%m-%d}"
    bars = "Bars are ratios to a floor measured in the same run, or counts; `make bench` fails when one is missed."
    seconds = "Seconds and rates are of one machine: compare them with one another, not with yours."
    where = f"Python {platform.python_version()}, {versions}, {os.cpu_count()} cores."
    return f"# Benchmarks\n\n{when}: {where}\n\n{bars} {seconds}\n"


def _told(title: str, arguments: tuple[str, ...]) -> str:
    return f"## {title}\n\n`python -m {' '.join(arguments)}`\n\n```text\n{_run(arguments).rstrip()}\n```"


def _write(sections: list[str], *, keep: bool) -> None:
    """Write the page; of one that is there, keep the sections with other titles."""
    former = PAGE.read_text(encoding="utf-8").split("\n## ")[1:] if keep and PAGE.exists() else []
    whole = {section.split("\n", 1)[0]: section.rstrip() for section in (f"## {text}" for text in former)}
    whole |= {section.split("\n", 1)[0]: section for section in sections}
    PAGE.write_text("\n".join([_head(), *(f"{section}\n" for section in whole.values())]), encoding="utf-8")
    sys.stdout.write(f"Written: {PAGE.name}\n")


def main(chosen: list[str]) -> int:
    """Run the benches; return 1 when a bar is missed."""
    names = [name for name in (*BARRED, *BY_NAME) if name in (chosen or BARRED)]
    reports = [Report.read(_run((f"tests.benchmarks.{name}",))) for name in names]
    bars = [bar for report in reports for bar in report.bars]
    for bar in bars:
        sys.stdout.write(f"{'  '.join(bar.row())}\n")
    if not QUICK:
        told = [] if chosen else [_told(*one) for one in TOLD]
        _write([report.markdown() for report in reports] + told, keep=bool(chosen))
    return int(any(not bar.met for bar in bars))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
