"""What the vendor's error bodies say, in all their shapes, and which of their words may be shown.

Seen: `{"detail", "code"}`, a map of fields to lists (also nested below `items`), a list, a string,
bare text, and HTML. Messages are shown to people and never decide anything (vendor's policy:
they change without notice).
"""

import re
from collections.abc import Iterator
from typing import Any

from connectors.http import VendorRefusal

_STATE = "[A-Z_]{2,30}"
_NUMBER = "-?[0-9]{1,9}"
_NAME = "[A-Za-z0-9_-]{1,40}"
_HARMLESS = [
    re.compile(pattern)
    for pattern in (
        rf"(Validation error: )?Not allowed to change state of item {_NAME} from {_STATE} to {_STATE}",
        rf"(Validation error: )?Partial cancellation not allowed item {_NAME}",
        r"(Validation error: )?[A-Z][a-z]+ quantity value can't be less or equal zero",
        rf"(Validation error: )?[A-Z][a-z]+ quantity value {_NUMBER} is bigger than allowed for item",
        r"This field is required\.",
        r"This field may not be (blank|null)\.",
        r"A valid (integer|number) is required\.",
        rf'"{_NAME}" is not a valid choice\.',
        rf"Ensure this field has no more than {_NUMBER} characters\.",
        rf"Ensure this value is greater than or equal to {_NUMBER}\.",
        r"Date(time)? has wrong format\. Use one of these formats instead: [A-Za-z:\[\], -]{4,60}\.",
        r"(Product n|N)ot found\.",
        r"Can't update a product which is in a publishing status\.",
        r'Method "[A-Z]{3,7}" not allowed\.',
        r"[A-Z][A-Z_]{3,60}",  # an error code
    )
]
_FIELD = re.compile(r"[a-z_]{1,40}")


def shown_reason(refusal: VendorRefusal) -> str:
    """Return what a person may read of a refusal; any other word stays in the kept evidence."""
    said = [
        f"{field}: {message}" if field else message
        for field, message in _messages(refusal.body)
        if any(pattern.fullmatch(message) for pattern in _HARMLESS)
    ]
    if not said:
        return f"The Edge answered HTTP {refusal.status}, message kept as {refusal.evidence}."
    return f"The Edge answered HTTP {refusal.status}: {'; '.join(dict.fromkeys(said))} (kept as {refusal.evidence})"


def shown_lines_of(text: str) -> list[str]:
    """Return the lines of an error text that a person may read."""
    lines = (line.strip() for line in text[:4000].splitlines())
    return [line for line in lines if any(pattern.fullmatch(line) for pattern in _HARMLESS)]


def blamed_fields(body: Any) -> set[str]:
    """Return the names of the fields that the vendor finds fault with."""
    return {field for field, _ in _messages(body) if field}


def _messages(body: Any, field: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield (field or "", message) for every text in the body."""
    if depth > 6:
        return
    if isinstance(body, str):
        yield field, body.strip()
    elif isinstance(body, list):
        for part in body:
            yield from _messages(part, field, depth + 1)
    elif isinstance(body, dict):
        for name, part in body.items():
            named = _FIELD.fullmatch(str(name)) and name not in {"detail", "code", "non_field_errors"}
            yield from _messages(part, str(name) if named else field, depth + 1)
