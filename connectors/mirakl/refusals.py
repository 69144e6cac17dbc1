"""What the vendor's refusals say, and which of their words may be shown: all others stay in the kept evidence."""

import re
from collections.abc import Iterator
from typing import Any

from connectors.http import VendorRefusal

_HARMLESS = [
    re.compile(pattern)
    for pattern in (
        r"[A-Z][A-Z_]{3,60}",  # an error code
        r"The order status must be '[A-Z_]{2,30}' but it is '[A-Z_]{2,30}'\.?",
        r"The shipment status must be '[A-Z_]{2,30}' but it is '[A-Z_]{2,30}'\.?",
        r"Shipment quantity is invalid\.?",
        r"The carrier with code '[A-Za-z0-9_-]{1,40}' does not exist\.?",
        r"The tracking number is mandatory for this carrier\.?",
        r"The tracking information is mandatory\.?",
        r"Several shipments for one order are not allowed\.?",
        r"Alternative carriers are not allowed\.?",
        r"The offer does not exist\.?",
        r"The quantity is invalid\.?",
        r"The value of update-delete is invalid\.?",
    )
]


def harmless(message: Any) -> str:
    """Return a message that may be shown, or an empty text."""
    text = message.strip() if isinstance(message, str) else ""
    return text if any(pattern.fullmatch(text) for pattern in _HARMLESS) else ""


def shown_reason(refusal: VendorRefusal) -> str:
    """Return what a person may read of a refusal."""
    said = "; ".join(dict.fromkeys(filter(None, map(harmless, _texts(refusal.body)))))
    return f"Mirakl answered HTTP {refusal.status}{f': {said}' if said else ''} (kept as {refusal.evidence})."


def blames_carrier(message: str) -> bool:
    """Tell whether a message that may be shown finds fault with the carrier."""
    return "carrier" in message.lower()


def _texts(body: Any) -> Iterator[str]:
    """Yield the texts of both documented envelopes: `message`, and `errors` with code and message."""
    if not isinstance(body, dict):
        return
    entries = body.get("errors") if isinstance(body.get("errors"), list) else []
    for entry in (body, *(one for one in entries or [] if isinstance(one, dict))):
        for name in ("code", "message"):
            if isinstance(entry.get(name), str):
                yield entry[name]
