"""An original, split at the door into what holds no personal data and the rest."""

import hashlib
import json
import threading
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
import zstandard

Keeps = Mapping[str, Any]
_SMALL = 512  # bytes: an address; compressing it takes longer than writing it
_COMPRESSED = b"("  # the first byte of every Zstandard frame


class _Compression(threading.local):
    """A compressor for each thread: making one takes longer than most originals, and it serves one thread at a time."""

    def __init__(self) -> None:
        self.compressed = zstandard.ZstdCompressor(level=1).compress


_compression = _Compression()


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
        keep = keeps.get(name)
        if keep is True:  # most fields: no call for them
            skeleton[name] = value
        elif keep is None:
            person[name] = value
        else:
            skeleton[name], rest = split(value, keep)
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


def parts(original: Any, keeps: Keeps) -> tuple[str, bytes, bytes | None]:
    """Return the content address of an original, its packed skeleton and its packed person part."""
    skeleton, person = _written(original, keeps)
    return _address(skeleton, person), _compressed(skeleton), None if person is None else _compressed(person)


def packed(value: Any) -> bytes:
    """Return the JSON of a value, compressed where that is worth its time."""
    return _compressed(_json(value))


def unpacked(content: bytes) -> Any:
    """Return the value of what `packed` made; compressed content begins with a byte that no JSON begins with."""
    plain = zstandard.decompress(content) if content[:1] == _COMPRESSED else content
    return json.loads(plain, parse_float=Decimal)


def address_of(original: Any, keeps: Keeps | bool = True) -> str:  # noqa: FBT001, FBT002 - as `split` has it
    """Return the content address of an original: equal originals, equal addresses."""
    return _address(*_written(original, keeps))


def _written(original: Any, keeps: Keeps | bool) -> tuple[bytes, bytes | None]:  # noqa: FBT001 - as `split` has it
    skeleton, person = split(original, keeps)
    return _json(skeleton), None if person is None else _json(person)


def _address(skeleton: bytes, person: bytes | None) -> str:
    """Hash both parts: they make up the original, and are written anyway. No JSON holds the line's end between them."""
    return hashlib.sha256(skeleton if person is None else skeleton + b"\n" + person).hexdigest()


def _compressed(content: bytes) -> bytes:
    return content if len(content) < _SMALL else _compression.compressed(content)


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value, default=_number, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # only the slow way writes a whole number above 64 bits, half of a character pair, a deep nest
        return json.dumps(value, separators=(",", ":"), sort_keys=True, default=_number).encode()


def _number(value: Any) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
