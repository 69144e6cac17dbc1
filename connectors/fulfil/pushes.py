"""Pushes: proved by their signature, and read only for which kind of thing there is news of."""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from connectors.roles import Delivery, Forged
from domain.records import Kind

_SIGNATURE = "x-fulfil-hmac-sha256"
_LARGEST_READ_BYTES = 64 * 1024
_NEWS: Mapping[str, frozenset[Kind]] = {
    "stock.shipment.out": frozenset({Kind.DISPATCH, Kind.STOCK_LEVEL}),
    "customer_shipment": frozenset({Kind.DISPATCH, Kind.STOCK_LEVEL}),
    "sale.sale": frozenset({Kind.STOCK_LEVEL}),
    "sales_order": frozenset({Kind.STOCK_LEVEL}),
    "stock.move": frozenset({Kind.STOCK_LEVEL}),
    "stock.inventory": frozenset({Kind.STOCK_LEVEL}),
    "product.product": frozenset({Kind.ITEM, Kind.STOCK_LEVEL}),
    "product": frozenset({Kind.ITEM, Kind.STOCK_LEVEL}),
}
_ANYTHING = frozenset({Kind.DISPATCH, Kind.STOCK_LEVEL})


def unpack(secret: SecretStr, headers: Mapping[str, str], body: bytes) -> Delivery:
    """Prove a push by the HMAC of its bytes, and say which feeds have news. Raises `Forged`.

    What Fulfil writes into a push is not documented, so nothing of it is believed: a body that names
    no model that we know, or that cannot be read, is news of both dispatches and stock. A push
    bears no time; a repeated one only makes us read again.
    """
    key = base64.b64decode(secret.get_secret_value())
    if not key:
        raise Forged("Fulfil pushes, and the environment holds no WEBHOOK_SECRET to prove it by.")
    try:
        proof = base64.b64decode(headers.get(_SIGNATURE, ""), validate=True)
    except (binascii.Error, ValueError):
        proof = b""
    if not hmac.compare_digest(proof, hmac.digest(key, body, "sha256")):
        raise Forged(f"The push is not Fulfil's: its {_SIGNATURE} is missing or wrong.")
    return Delivery(news=_NEWS.get(_model_of(body), _ANYTHING))


def _model_of(body: bytes) -> str:
    """Return the model that a push speaks of, as far as that can be read."""
    if len(body) > _LARGEST_READ_BYTES:
        return ""
    try:
        parsed: Any = json.loads(body)
    except (ValueError, RecursionError):  # no JSON, or lists within lists without end
        return ""
    named = parsed.get("model") or parsed.get("model_name") if isinstance(parsed, Mapping) else None
    return named if isinstance(named, str) else ""
