"""The body of a request, and what the body of an answer means."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

Meant = Callable[[bytes], Any]


class Form(dict[str, str]):
    """A body that goes as a web form; any other body goes as JSON."""


@dataclass(frozen=True)
class File:
    """A file to upload, in the form field `field`."""

    name: str
    content: bytes
    media_type: str
    field: str = "file"


def sent(body: Any) -> dict[str, Any]:
    """Return a body as the client takes it: a file or a form as such, anything else as JSON."""
    if body is None:
        return {}
    if isinstance(body, Form):
        return {"data": dict(body)}
    if isinstance(body, File):
        return {"files": {body.field: (body.name, body.content, body.media_type)}}
    return {"content": json.dumps(body, default=_plain).encode(), "headers": {"content-type": "application/json"}}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value) if value.as_tuple().exponent else int(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def exact_json(content: bytes) -> Any:
    """Read JSON, and what has a point as a `Decimal`. Raises `ValueError` only, whatever it holds."""
    try:
        return json.loads(content, parse_float=Decimal)
    except RecursionError as trouble:  # lists within lists without end
        raise ValueError("lists within lists") from trouble


def quick_json(content: bytes) -> Any:
    """Read JSON as `exact_json` does, in a third of the time and with floats; what this reader refuses, that may take."""
    try:
        return orjson.loads(content)
    except ValueError:
        return exact_json(content)


def plain_text(content: bytes) -> str:
    """Read a text that is no JSON."""
    return content.decode("utf-8-sig")


def json_or_text(content: bytes) -> Any:
    """Read JSON, or the beginning of what is none; it raises nothing."""
    try:
        return exact_json(content)
    except ValueError:
        return content[:2000].decode("utf-8", "replace")
