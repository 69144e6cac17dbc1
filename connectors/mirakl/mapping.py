"""Orders: the vendor's JSON to `SalesOrder`. Pure."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.reading import Unreadable
from domain.records import Address, LineStatus, OrderLine, Received, Reject, SalesOrder

BEFORE_ADDRESS = frozenset({"WAITING_ACCEPTANCE", "WAITING_DEBIT", "WAITING_DEBIT_PAYMENT"})
_LATER = frozenset({"SHIPPING", "SHIPPED", "TO_COLLECT", "RECEIVED", "CLOSED", "REFUSED", "CANCELED"})
ORDER_STATES = BEFORE_ADDRESS | _LATER
NOT_YET_OURS = "STAGING"
"""The operator still examines the order: it is not shown to be accepted."""

LINE_STATUSES: Mapping[str, LineStatus] = {
    "WAITING_ACCEPTANCE": LineStatus.OPEN,
    "WAITING_DEBIT": LineStatus.ACCEPTED,
    "WAITING_DEBIT_PAYMENT": LineStatus.ACCEPTED,
    "SHIPPING": LineStatus.ACCEPTED,
    "SHIPPED": LineStatus.DISPATCHED,
    "TO_COLLECT": LineStatus.DISPATCHED,
    "RECEIVED": LineStatus.DISPATCHED,
    "CLOSED": LineStatus.DISPATCHED,
    "REFUSED": LineStatus.CANCELLED,
    "CANCELED": LineStatus.CANCELLED,
}
"""Line states with one meaning. INCIDENT_OPEN and REFUNDED mean one thing before the dispatch and another after."""

REFUND_STATES = frozenset({"WAITING_REFUND_TAX_CONFIRMATION", "WAITING_REFUND", "WAITING_REFUND_PAYMENT", "REFUNDED"})
TAX_MODES = frozenset({"TAX_INCLUDED", "TAX_EXCLUDED"})
COUNTRIES = {"GBR": "GB", "IRL": "IE", "JEY": "JE", "GGY": "GG", "IMN": "IM"}

ORDER_KEEPS: Mapping[str, Any] = {
    **dict.fromkeys(("order_id", "commercial_id", "order_state", "order_state_reason_code"), True),
    **dict.fromkeys(("created_date", "last_updated_date", "acceptance_decision_date", "customer_debited_date"), True),
    **dict.fromkeys(("shipping_deadline", "currency_iso_code", "order_tax_mode", "payment_workflow"), True),
    **dict.fromkeys(("can_cancel", "can_shop_ship", "shipping_type_code", "total_price", "shipping_price"), True),
    "order_lines": {
        **dict.fromkeys(("order_line_id", "order_line_index", "order_line_state", "offer_sku", "product_sku"), True),
        **dict.fromkeys(("product_title", "quantity", "price_unit", "price", "shipping_price", "shipped_date"), True),
        **dict.fromkeys(("last_updated_date", "can_refund", "order_line_state_reason_code"), True),
        "taxes": {"code": True, "amount": True, "rate": True},
        "cancelations": {"id": True, "quantity": True, "amount": True, "created_date": True, "reason_code": True},
        "refunds": {"id": True, "quantity": True, "amount": True, "refund_state": True, "state": True},
    },
}
_LARGEST = 1_000_000_000
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,99}")


def is_id(text: str) -> bool:
    """Tell whether a text may stand as an id in a path."""
    return _ID.fullmatch(text) is not None


def read_order(raw: Any, gift_field: str | None) -> Received | Reject:
    """Map one order of the list.

    The order id, which has the customer's number in it and a suffix, is its key and its reference: one
    number may belong to several orders.
    """
    if not isinstance(raw, dict):
        return Reject(nameless_key(raw), raw, "A row of the order list is not an object.")
    order_id = raw.get("order_id")
    key = order_id if isinstance(order_id, str) and order_id else nameless_key(raw)
    try:
        return Received(_order(raw, gift_field), raw)
    except Unreadable as fault:
        return Reject(key, raw, fault.reason, fault.hold_type)


def nameless_key(raw: Any) -> str:
    """Return a stable key for a payload that names none."""
    digest = hashlib.sha256(json.dumps(raw, sort_keys=True, default=str).encode()).hexdigest()
    return f"unreadable-{digest[:16]}"


def _order(raw: dict[str, Any], gift_field: str | None) -> SalesOrder:
    order_id = text(raw, "order_id")
    if not is_id(order_id):
        raise Unreadable("order_id holds characters that no order id has.")
    state, tax_mode = known(raw, "order_state", ORDER_STATES), known(raw, "order_tax_mode", TAX_MODES)
    lines = raw.get("order_lines")
    if not isinstance(lines, list) or not lines or not all(isinstance(line, dict) for line in lines):
        raise Unreadable("The order has no list of lines.")
    mapped = tuple(_line(line, tax_mode) for line in lines)
    if len({line.line for line in mapped}) < len(mapped):
        raise Unreadable("Two lines of the order have the same order_line_id.")
    customer = raw.get("customer") or {}
    if not isinstance(customer, dict):
        raise Unreadable("The customer is not an object.")
    address = customer.get("shipping_address")
    return SalesOrder(
        key=order_id,
        reference=order_id,
        external_id=order_id,
        placed_at=moment(raw, "created_date"),
        dispatch_by_at=moment(raw, "shipping_deadline") if raw.get("shipping_deadline") else None,
        currency=text(raw, "currency_iso_code"),
        lines=mapped,
        ship_to=_address(address, optional(raw, "customer_notification_email") or ""),
        gift_message=_gift(raw.get("order_additional_fields"), gift_field),
        delivery_service=optional(raw, "shipping_type_code") or "",
        address_follows=address is None and state in BEFORE_ADDRESS,
    )


def _line(raw: dict[str, Any], tax_mode: str) -> OrderLine:
    quantity = whole(raw, "quantity")
    status = _status(raw, quantity)
    price, unit, taxes = _money(raw, "price"), _money(raw, "price_unit"), _taxes(raw)
    tax = sum((amount for amount, _ in taxes), Decimal(0)) if taxes else None
    net, gross = price, price
    if tax is not None and price is not None:
        net, gross = (price - tax, price) if tax_mode == "TAX_INCLUDED" else (price, price + tax)
        if tax_mode == "TAX_INCLUDED":
            unit = (net / quantity).quantize(Decimal("0.0001")) if quantity else None
    rates = {rate for _, rate in taxes}
    return OrderLine(
        line=text(raw, "order_line_id"),
        sku=optional(raw, "offer_sku"),
        ean=None,
        stock_number=optional(raw, "product_sku"),
        quantity=quantity,
        name=optional(raw, "product_title") or "",
        unit_price_net=unit,
        tax_rate=rates.pop() if len(rates) == 1 else None,
        tax=tax,
        total_gross=gross,
        status=status,
    )


def _status(raw: dict[str, Any], quantity: int) -> LineStatus:
    """Return where a line stands; a cancellation of a part of it is a person's decision."""
    for refund in _objects(raw, "refunds"):
        known(refund, "refund_state" if refund.get("refund_state") else "state", REFUND_STATES)
    state = text(raw, "order_line_state")
    cancelled = sum(whole(one, "quantity") for one in _objects(raw, "cancelations") if one.get("quantity") is not None)
    if state in {"INCIDENT_OPEN", "REFUNDED"}:
        if not raw.get("shipped_date"):
            return LineStatus.CANCELLED if state == "REFUNDED" else LineStatus.ACCEPTED
        return LineStatus.RETURNED if state == "REFUNDED" else LineStatus.DISPATCHED
    if state not in LINE_STATUSES:
        raise Unreadable("A line has a state that is not documented.", "unknown_value")
    status = LINE_STATUSES[state]
    if cancelled and status is not LineStatus.CANCELLED:
        if cancelled < quantity:
            reason = "A part of a line was cancelled; its state does not say what is left. Compare the portal."
            raise Unreadable(reason, "contradiction")
        return LineStatus.CANCELLED
    return status


def _taxes(raw: dict[str, Any]) -> list[tuple[Decimal, Decimal | None]]:
    return [(_money(one, "amount") or Decimal(0), _money(one, "rate")) for one in _objects(raw, "taxes")]


def _address(raw: Any, email: str) -> Address:
    if raw is None:
        return Address()
    if not isinstance(raw, dict):
        raise Unreadable("The shipping address is not an object.")
    country = optional(raw, "country_iso_code") or ""
    names = (optional(raw, "firstname"), optional(raw, "lastname"))
    street = (optional(raw, name) for name in ("company", "street_1", "street_2"))
    return Address(
        name=" ".join(part.strip() for part in names if part and part.strip()),
        street=tuple(part for part in street if part and part.strip()),
        city=optional(raw, "city") or "",
        region=optional(raw, "state") or "",
        postcode=optional(raw, "zip_code") or "",
        country=COUNTRIES.get(country, country),
        phone=optional(raw, "phone") or "",
        email=email,
    )


def _gift(fields: Any, wanted: str | None) -> str:
    if wanted is None or not isinstance(fields, list):
        return ""
    values = [one.get("value") for one in fields if isinstance(one, dict) and one.get("code") == wanted]
    return next((value for value in values if isinstance(value, str)), "")


def _objects(raw: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = raw.get(name) or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unreadable(f"{name} of a line is not a list of objects.")
    return rows


def known(raw: dict[str, Any], name: str, values: frozenset[str]) -> str:
    """Return a value of a closed list; another one is held, never guessed."""
    value = raw.get(name)
    if value is None:
        raise Unreadable(f"{name} is missing.")
    if not isinstance(value, str) or value not in values:
        raise Unreadable(f"{name} has a value that is not documented.", "unknown_value")
    return value


def moment(raw: dict[str, Any], name: str) -> datetime:
    """Return a time in UTC."""
    try:
        read = datetime.fromisoformat(raw[name])
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise Unreadable(f"{name} is not a time.") from None


def whole(raw: dict[str, Any], name: str) -> int:
    """Return a whole number."""
    value = raw.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
        raise Unreadable(f"{name} is not a whole number.")
    return value


def _money(raw: dict[str, Any], name: str) -> Decimal | None:
    """Return an amount, sent as a number or (in samples) as a text."""
    value = raw.get(name)
    if value is None:
        return None
    try:
        amount = Decimal(str(value)) if isinstance(value, str | int | float | Decimal) else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if isinstance(value, bool) or not amount.is_finite() or not -_LARGEST <= amount <= _LARGEST:
        raise Unreadable(f"{name} is not an amount.")
    return amount


def optional(raw: dict[str, Any], name: str) -> str | None:
    """Return a text, or None where it is missing, null or empty."""
    value = raw.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Unreadable(f"{name} is not a text.")
    return value


def text(raw: dict[str, Any], name: str) -> str:
    """Return a text that must be there."""
    value = optional(raw, name)
    if value is None:
        raise Unreadable(f"{name} is missing.")
    return value
