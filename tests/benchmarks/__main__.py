"""Measure what there is a bench for, and write docs/benchmarks.md: `make bench`."""

import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

PAGE = Path(__file__).parent.parent.parent / "docs" / "benchmarks.md"
BENCHES = (
    ("The gate", ("tests.benchmarks.gate",)),
    ("Filing 10,000 orders, SQLite", ("tests.benchmarks.ledger", "sqlite", "orders", "10000")),
    ("A stock scan of 100,000 counts, SQLite", ("tests.benchmarks.ledger", "sqlite", "scan", "100000")),
)
LIBRARIES = ("sqlalchemy", "great-expectations", "pandas", "pydantic")


def main() -> None:
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    parts = [
        "# Benchmarks",
        "",
        f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {versions}.",
        "Times are of one machine and one run; compare them with one another, not with yours.",
    ]
    for title, arguments in BENCHES:
        sys.stdout.write(f"{title} ...\n")
        command = [sys.executable, "-m", *arguments]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own modules
        parts += ["", f"## {title}", "", f"`python -m {' '.join(arguments)}`", "", "```text", told.rstrip(), "```"]
    PAGE.write_text("\n".join(parts) + "\n", encoding="utf-8")
    sys.stdout.write(f"Written: {PAGE.name}\n")


if __name__ == "__main__":
    main()
