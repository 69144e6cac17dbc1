"""`make conformance VENDOR=FOLDER`: check our calls and the pretend systems' answers against vendors' own documents.

FOLDER holds what a person got from the vendors (it is no part of this project). Every deviation is
listed with its explanation from `deviations.toml`; one without an explanation, or an explanation of nothing,
makes the exit code 1.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from tests.conformance.faults import Fault, Judgement, explanations
from tests.conformance.openapi import Document
from tests.conformance.samples import Samples
from tests.conformance.traffic import Call, traffic

Source = Document | Samples
KNOWN: tuple[tuple[str, str, Callable[[str, Path], Source]], ...] = (
    ("virtualstock", "virtualstock*collection*.json", Samples.of_collection),
    ("cin7_core", "cin7_core*openapi*.yaml", Document.read),
    ("magento", "magento-openapi.json", Document.read),
    ("mirakl", "mirakl*openapi*.json", Document.read),
    ("magento", "magento*observed*.jsonl", Samples.of_recording),
)
"""The documents that are looked for: the system, the pattern of the file's name, how it is read."""


def main() -> int:
    """Print every deviation; return 1 when one is not explained, 2 when there is nothing to check against."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    sources = [(system, read(system, file)) for system, name, read in KNOWN for file in sorted(folder.glob(name))]
    if not sources:
        print(f"{folder} has none of: {', '.join(name for _, name, _ in KNOWN)}", file=sys.stderr)
        return 2
    calls = asyncio.run(_traffic({system for system, _ in sources}))
    faults: list[Fault] = []
    for system, source in sources:
        found = sorted(set(source.faults(calls[system])))
        print(f"{system}: {len(calls[system])} calls, {len(found)} deviations from {source.source}")
        faults += found
    return _show(Judgement.of(faults, [one for one in explanations() if one.system in calls]))


async def _traffic(systems: set[str]) -> dict[str, list[Call]]:
    return {system: await traffic(system) for system in sorted(systems)}


def _show(judgement: Judgement) -> int:
    for explanation, faults in judgement.explained.items():
        print(f"\n{explanation.system}: {explanation.why}")
        for fault in faults:
            print(f"    {fault}")
    for title, lines in (("NOT EXPLAINED", judgement.unexplained), ("EXPLAINS NOTHING", judgement.stale)):
        print(f"\n{title}: {len(lines)}")
        for line in lines:
            print(f"    {line}")
    return 1 if judgement.unexplained or judgement.stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
