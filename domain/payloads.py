"""An original, split at the door into what holds no personal data and the rest."""

import hashlib
import json
import zlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

Keeps = Mapping[str, Any]


def split(original: Any, keeps: Keeps | bool) -> tuple[Any, Any]:  # noqa: FBT001 - a leaf of the allow-list
    """Return (skeleton, person). `keeps` is the allow-list; what it does not name is personal.

    A nested mapping speaks of an object, or of every object in a list; True keeps a value whole.
    """
    if keeps is True:
        return original, None
    if isinstance(original, list) and isinstance(keeps, Mapping):
        pairs = [split(entry, keeps) for entry in original]
        persons = [person for _, person in pairs]
        return [skeleton for skeleton, _ in pairs], persons if any(person is not None for person in persons) else None
    if not isinstance(original, dict) or not isinstance(keeps, Mapping):
        return None, original
    skeleton: dict[str, Any] = {}
    person: dict[str, Any] = {}
    for name, value in original.items():
        if name not in keeps:
            person[name] = value
            continue
        kept, rest = split(value, keeps[name])
        skeleton[name] = kept
        if rest is not None:
            person[name] = rest
    return skeleton, person or None


def join(skeleton: Any, person: Any) -> Any:
    """Put a split original together again; without its person part it is the skeleton."""
    if person is None:
        return skeleton
    if isinstance(skeleton, list) and isinstance(person, list):
        return [join(kept, rest) for kept, rest in zip(skeleton, person, strict=True)]
    if isinstance(skeleton, dict) and isinstance(person, dict):
        return {**skeleton, **{name: join(skeleton.get(name), rest) for name, rest in person.items()}}
    return person


def packed(value: Any) -> bytes:
    """Return the compressed JSON of a value."""
    return zlib.compress(_json(value), 1)


def unpacked(content: bytes) -> Any:
    """Return the value of compressed JSON."""
    return json.loads(zlib.decompress(content), parse_float=Decimal)


def address_of(original: Any) -> str:
    """Return the content address of an original: equal originals, equal addresses."""
    return hashlib.sha256(_json(original)).hexdigest()


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, default=_number).encode()


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
