"""Pushes: dispatch confirmations, which no read gives, are brought; everything else says that there is news."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from connectors.seko.dispatch_mapping import kept, parsed, picked
from connectors.seko.settings import SekoOptions
from domain.records import Kind, Received, Reject

REPLY = json.dumps({"CallStatus": {"Success": True, "Code": 0, "Message": ""}}).encode()
_HINTS: dict[str, Kind | None] = {
    **dict.fromkeys(("adjustment", "movement", "grn", "goodsreceived", "summary"), Kind.STOCK_LEVEL),
    "tracking": Kind.DISPATCH,
    "deliveryarrive": None,  # arrived is not yet received: no stock moved
}
_UNKNOWN = object()

Brought = tuple[tuple[Kind, Received | Reject], ...]


def opened(body: bytes, options: SekoOptions) -> tuple[Brought, frozenset[Kind]]:
    """Return what a push brings and of what there is news.

    A `Response` that cannot be read is a reject of its own and spoils no other. The same dispatch twice
    in one push is brought once, as it stands last. Orders of other channels are not ours to judge.
    """
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError):
        return (_unreadable(body, "the push is not JSON"),), frozenset()
    responses = picked(whole, "Responses", "Response") if isinstance(whole, Mapping) else None
    if not isinstance(responses, list):
        if not isinstance(responses, Mapping):
            return (_unreadable(body, "the push has no Responses"),), frozenset()
        responses = [responses]
    brought: dict[str, tuple[Kind, Received | Reject]] = {}
    news: set[Kind] = set()
    for response in responses:
        for name, content in _contents(response):
            if (entry := _read(name, content, options, news)) is not None:
                brought[_name(entry[1])] = entry
    return tuple(brought.values()), frozenset(news)


def _contents(response: Any) -> list[tuple[str, Any]]:
    inner = picked(response, "Response") if isinstance(response, Mapping) else None
    fields = inner if isinstance(inner, Mapping) else response
    if isinstance(fields, Mapping) and fields:
        return [(str(name), value) for name, value in fields.items()]
    return [("", response)]


def _read(name: str, content: Any, options: SekoOptions, news: set[Kind]) -> tuple[Kind, Received | Reject] | None:
    """Return what one object brings, if anything, and add to `news` of what there is some."""
    service = name.lower()
    if not service.startswith("dispatch"):
        if (hinted := next((kind for word, kind in _HINTS.items() if word in service), _UNKNOWN)) is _UNKNOWN:
            return _unreadable(_bytes(content), "a service that nobody documented", "unknown_value")
        news |= {hinted} if isinstance(hinted, Kind) else set()
        return None
    if not isinstance(content, Mapping):
        return _unreadable(_bytes(content), "a dispatch that is not an object")
    number = picked(content, "SalesOrderNumber")
    is_of_others = isinstance(number, str) and number and not number.startswith(options.order_prefix)
    is_by_parcel = picked(content, "CartonLineItems") is not None  # the same goods again; the confirmation has them
    return None if is_of_others or is_by_parcel else (Kind.DISPATCH, parsed(kept(content)))


def _unreadable(body: bytes, why: str, hold_type: str = "malformed_payload") -> tuple[Kind, Reject]:
    """Keep what cannot be read, as personal data, under the hash of its content."""
    key = f"push {hashlib.sha256(body).hexdigest()[:16]}"
    return Kind.DISPATCH, Reject(key, {"Unreadable": body.decode("utf-8", "replace")}, f"push: {why}", hold_type)


def _name(outcome: Received | Reject) -> str:
    return str(outcome.record.key if isinstance(outcome, Received) else outcome.key)


def _bytes(content: Any) -> bytes:
    return json.dumps(content, sort_keys=True, default=str).encode()
