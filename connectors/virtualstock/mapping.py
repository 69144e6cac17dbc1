"""Orders: the vendor's JSON to `SalesOrder` and back to the bodies of the order actions. Pure."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from connectors.reading import Unreadable
from domain.records import (
    Acknowledgement,
    Address,
    DispatchAdvice,
    LineQuantity,
    LineStatus,
    OrderLine,
    Received,
    Reject,
    SalesOrder,
)

LINE_STATUSES: Mapping[str, LineStatus] = {
    "ORDER": LineStatus.OPEN,
    "ORDER_ACK": LineStatus.ACCEPTED,
    "BACKORDER": LineStatus.BACKORDERED,
    "CANCEL": LineStatus.CANCEL_REQUESTED,
    "CANCEL_ACK": LineStatus.CANCELLED,
    "DISPATCH": LineStatus.DISPATCHED,
    "RMA": LineStatus.RETURNED,
    "RMA_AUTHORISED": LineStatus.RETURNED,
    "RMA_COLLECTION_BOOKED": LineStatus.RETURNED,
    "RMA_REC": LineStatus.RETURNED,
    "RMA_EXC": LineStatus.RETURNED,
    "RMA_REJ": LineStatus.RETURNED,
    "RMA_ACK": LineStatus.RETURNED,
}
"""Every documented line state. Another one is held, never guessed."""

_KEPT_OF_AN_ORDER = (
    *("url", "retailer", "supplier", "order_reference", "order_date", "status", "purchase_order_reference"),
    *("additional_order_reference", "channel", "test_flag", "currency_code", "subtotal", "tax", "total"),
    "delivery_service_code",
)
_KEPT_OF_A_LINE = (
    *("url", "part_number", "retailer_sku_reference", "supplier_sku_reference", "line_reference", "quantity"),
    *("name", "description", "status", "unit_cost_price", "subtotal", "tax", "tax_rate", "total"),
    *("promised_date", "retailer_additional_reference"),
)
ORDER_KEEPS: Mapping[str, Any] = {
    **dict.fromkeys(_KEPT_OF_AN_ORDER, True),
    "items": dict.fromkeys(_KEPT_OF_A_LINE, True),
}
"""The fields of an order without personal data: not the address, and not the comment (gift text)."""

_COUNTRIES = {
    "uk": "GB",
    "united kingdom": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "ireland": "IE",
    "republic of ireland": "IE",
    "jersey": "JE",
    "guernsey": "GG",
    "isle of man": "IM",
}
_LARGEST = 999_999_999  # of anything counted or paid: more is a mistake, and an exponent could fill the memory
_AMOUNTS, _NO_AMOUNT = (str, int, Decimal), Decimal("NaN")
_ID_IN_URL = re.compile(r"/(?:orders|customers|products)/([A-Za-z0-9_-]{1,64})/?(?:\?.*)?")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def id_in(url: Any) -> str | None:
    """Return the id at the end of a vendor's url; hosts in it are other names of the server, never used."""
    found = _ID_IN_URL.search(url) if isinstance(url, str) else None
    return found.group(1) if found and found.end() == len(url) else None


def is_id(text: str) -> bool:
    """Tell whether a text may stand as an id in a path."""
    return _ID.fullmatch(text) is not None


def read_order(raw: Any, zone: ZoneInfo, retailer_id: int | None) -> Received | Reject:
    """Map one order of the list. `zone` is that of the vendor's times, which name none."""
    if not isinstance(raw, dict):
        return Reject(nameless_key(raw), raw, "A row of the order list is not an object.")
    reference = raw.get("order_reference")
    key = str(reference) if isinstance(reference, str | int) and str(reference) else nameless_key(raw)
    try:
        return Received(_order(raw, zone, retailer_id), raw)
    except Unreadable as fault:
        return Reject(key, raw, fault.reason, fault.hold_type)


def nameless_key(raw: Any) -> str:
    """Return a stable key for a payload that names none."""
    digest = hashlib.sha256(json.dumps(raw, sort_keys=True, default=str).encode()).hexdigest()
    return f"unreadable-{digest[:16]}"


def _order(raw: dict[str, Any], zone: ZoneInfo, retailer_id: int | None) -> SalesOrder:
    if retailer_id is not None and id_in(raw.get("retailer")) != str(retailer_id):
        raise Unreadable(f"The order is not of retailer {retailer_id}; compare the option retailer_id.")
    external_id = id_in(raw.get("url"))
    if external_id is None:
        raise Unreadable("The order's url holds no id.")
    items = raw.get("items")
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise Unreadable("The order has no list of lines.")
    lines = tuple(_line(item) for item in items)
    if len({line.line for line in lines}) < len(lines):
        raise Unreadable("Two lines of the order have the same line_reference.")
    promised = [moment(item["promised_date"], zone, "promised_date") for item in items if item.get("promised_date")]
    reference = _text(raw, "order_reference")
    return SalesOrder(
        key=reference,
        reference=reference,
        external_id=external_id,
        placed_at=moment(raw.get("order_date"), zone, "order_date"),
        dispatch_by_at=min(promised, default=None),
        currency=_text(raw, "currency_code"),
        lines=lines,
        ship_to=_address(raw.get("shipping_address")),
        gift_message=_optional(raw, "comment") or "",
        delivery_service=_optional(raw, "delivery_service_code") or "",
        test=_flag(raw, "test_flag"),
    )


def _line(item: dict[str, Any]) -> OrderLine:
    status = _text(item, "status")
    if status not in LINE_STATUSES:
        raise Unreadable("A line has a status that is not documented.", "unknown_value")
    return OrderLine(
        line=_text(item, "line_reference"),
        sku=_optional(item, "supplier_sku_reference"),
        ean=_optional(item, "retailer_additional_reference"),
        stock_number=_optional(item, "part_number"),
        quantity=whole(item.get("quantity")),
        name=_optional(item, "name") or "",
        unit_price_net=_money(item, "unit_cost_price"),
        tax_rate=_money(item, "tax_rate"),
        tax=_money(item, "tax"),
        total_gross=_money(item, "total"),
        status=LINE_STATUSES[status],
    )


def _address(raw: Any) -> Address:
    if raw is None:
        return Address()
    if not isinstance(raw, dict):
        raise Unreadable("The shipping address is not an object.")
    street = (_optional(raw, "line_1"), _optional(raw, "line_2"))
    country = _optional(raw, "country") or ""
    return Address(
        name=_optional(raw, "full_name") or "",
        street=tuple(part for part in street if part and part.strip()),
        city=_optional(raw, "city") or "",
        region=_optional(raw, "state") or "",
        postcode=_optional(raw, "postal_code") or "",
        country=country_code(country),
        phone=_optional(raw, "phone") or "",
        email=_optional(raw, "email") or "",
    )


def country_code(country: str) -> str:
    """Return the ISO code of a country that was sent as a name; an unknown name stays as it is."""
    return _COUNTRIES.get(country.strip().lower(), country)


def moment(value: Any, zone: ZoneInfo, name: str) -> datetime:
    """Return a vendor's time in UTC; without an offset it counts in `zone`."""
    try:
        return _in_utc(value, zone)
    except (TypeError, ValueError, OverflowError):
        raise Unreadable(f"{name} is not a time.") from None


@lru_cache(maxsize=1024)  # the lines of an order, and orders of one day, share what is promised
def _in_utc(text: str, zone: ZoneInfo) -> datetime:
    parsed = datetime.fromisoformat(text)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)).astimezone(UTC)


def whole(value: Any) -> int:
    """Return a whole number sent as a number or as digits (the vendor's samples show both)."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST:
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value):
        return int(value)
    raise Unreadable("A quantity is not a whole number.")


def _money(item: dict[str, Any], name: str) -> Decimal | None:
    value = item.get(name)
    if value is None:
        return None
    try:
        amount = Decimal(value) if isinstance(value, _AMOUNTS) and not isinstance(value, bool) else _NO_AMOUNT
    except InvalidOperation:
        amount = _NO_AMOUNT
    if not amount.is_finite() or not -_LARGEST <= amount <= _LARGEST:
        raise Unreadable(f"{name} of a line is not an amount.")
    return amount


def _flag(raw: dict[str, Any], name: str) -> bool:
    value = raw.get(name, False)
    if not isinstance(value, bool):
        raise Unreadable(f"{name} is neither true nor false.")
    return value


def _optional(raw: dict[str, Any], name: str) -> str | None:
    value = raw.get(name)
    if type(value) is str:  # nearly always
        return value or None
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unreadable(f"{name} is not a text.")
    return str(value)


def _text(raw: dict[str, Any], name: str) -> str:
    value = _optional(raw, name)
    if value is None:
        raise Unreadable(f"{name} is missing.")
    return value


@dataclass(frozen=True)
class ShownLine:
    """A line as an order list shows it: enough to see what became of an action."""

    stock_number: str
    quantity: int
    shown: str

    @property
    def status(self) -> LineStatus | None:
        """Return where the line stands; None for a state that nobody documented."""
        return LINE_STATUSES.get(self.shown)


def shown_lines(order: dict[str, Any]) -> dict[str, ShownLine]:
    """Return the lines of a listed order by their reference; lines that cannot be read are left out."""
    lines = {}
    for item in order.get("items") or []:
        try:
            shown = ShownLine(_optional(item, "part_number") or "", whole(item.get("quantity")), _text(item, "status"))
            lines[_text(item, "line_reference")] = shown
        except (Unreadable, AttributeError):
            continue
    return lines


def line_body(line: LineQuantity) -> dict[str, Any]:
    """Return how every order action names a line (`line_reference` when read is `line_ref` when written)."""
    return {"part_number": line.stock_number, "line_ref": line.line, "quantity": line.quantity}


def acknowledgement_body(
    record: Acknowledgement, line: LineQuantity, zone: ZoneInfo, sub_status: str | None, route: str | None
) -> dict[str, Any]:
    """Return one line of an acknowledgement; its times have 19 characters and no zone."""
    body = line_body(line)
    if sub_status:
        body["sub_status"] = sub_status
    if record.dispatch_by_at is not None:
        body["supplier_dispatch_date"] = record.dispatch_by_at.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S")
    if route:
        body["fulfillment_route"] = route
    return body


def dispatch_body(record: DispatchAdvice, line: LineQuantity) -> dict[str, Any]:
    """Return one line of a dispatch; here a date has 10 characters, and the tracking number is a text."""
    return {
        **line_body(line),
        "carrier": record.carrier_code,
        "supplier_dispatch_date": record.shipped_on.isoformat(),
        "tracking_number": record.tracking_number,
    }
