"""What a vendor might put in the place of anything."""

import copy
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tests.contract.harness import Path

MARKER = "an unforeseen personal word"
JUNK: tuple[Any, ...] = (
    *(
        None,
        True,
        -1,
        0,
        1.5,
        10**20,
        "",
        " ",
        MARKER,
        "-",
        "1e5",
        "9" * 30,
        [],
        {},
        [None],
        {MARKER: MARKER},
        [[MARKER]],
    ),
    *(float("nan"), float("inf"), Decimal("NaN"), Decimal("1E+30"), Decimal("1E+2000000"), "1E+2000000"),
    *("0001-01-01T00:00:00", "9999-12-31T23:59:59+14:00", "0001-01-01T00:00:00+14:00", "2026-02-30", "\x00", "\ud800"),
)


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True


WRITTEN_JUNK = tuple(value for value in JUNK if _is_json(value))
"""The part of it that can stand in an answer."""

WITHIN_REACH: tuple[Any, ...] = (
    7,
    "7",
    7.0,
    7.5,
    -7.5,
    999_999_999,
    10**9,
    1e300,
    "a text",
    {"__class__": "Decimal", "decimal": "7"},
)
"""What is no junk in one place or another."""


def paths(value: Any, so_far: Path = ()) -> Iterator[Path]:
    if so_far:
        yield so_far
    if isinstance(value, dict):
        for name, part in value.items():
            yield from paths(part, (*so_far, name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from paths(part, (*so_far, number))


def replaced(raw: Any, path: Path, junk: Any) -> Any:
    changed = copy.deepcopy(raw)
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = junk
    return changed
