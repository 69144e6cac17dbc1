"""Dispatch confirmations: the part of a push that we keep, and that part as a `Dispatch`."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal

from connectors.reading import LARGEST_QUANTITY, faults
from domain.records import Dispatch, Received, Reject, ShippedLine

_TEXTS = (
    *("InterfaceRecordId", "SalesOrderNumber", "SalesOrderReference", "DispatchNumber", "DispatchId", "DispatchDate"),
    *("Courier", "CourierService", "TrackingNumber", "SequenceNumber"),
)
_LINE = {  # the line table of the manual is not to be had: every spelling that its other lists use is read
    "LineNumber": ("LineNumber", "LineNo", "LineItemNumber"),
    "ProductCode": ("ProductCode", "SKU", "Product"),
    "Quantity": ("Quantity", "DispatchQuantity", "DispatchedQuantity", "QuantityDispatched", "Qty"),
    "LotNo": ("LotNo", "LotNumber"),
}
_LISTS = ("List", "Lines", "DispatchLineItem", "DispatchLineItems", "LineItems")
KEEPS: dict[str, Any] = {**dict.fromkeys(_TEXTS, True), "Lines": dict.fromkeys(_LINE, True)}


class _Wire(BaseModel):
    model_config = ConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True, alias_generator=to_pascal, populate_by_name=True
    )


class _Line(_Wire):
    product_code: str = Field(min_length=1, max_length=100)
    quantity: Decimal = Field(ge=0, le=LARGEST_QUANTITY)


class _Confirmation(_Wire):
    dispatch_id: str = Field(min_length=1, max_length=100)
    interface_record_id: str = ""
    sales_order_reference: str = Field(max_length=100)
    dispatch_date: str
    courier: str | None = None
    courier_service: str | None = None
    tracking_number: str | None = None
    lines: tuple[_Line, ...]


def parsed(raw: Any) -> Received | Reject:
    """Map a kept confirmation, as it was pushed or as the sweep put it together."""
    try:
        return Received(_dispatch_of(raw), raw, revision=_revision_of(raw))
    except ValidationError as trouble:
        return Reject(key_of(raw), raw, f"dispatch: {faults(trouble)}")
    except ValueError as fault:
        return Reject(key_of(raw), raw, f"dispatch: {fault}")


def _revision_of(raw: Mapping[str, Any]) -> int | None:
    """Return the number of the push: it grows with every push of the service, so a later word has a higher one."""
    number = raw.get("SequenceNumber")
    return number if type(number) is int else None


def key_of(raw: Any) -> str:
    """Return the best name that an unreadable confirmation has."""
    for name in ("DispatchId", "DispatchNumber", "InterfaceRecordId"):
        value = raw.get(name) if isinstance(raw, Mapping) else None
        if isinstance(value, str) and value.isascii() and value.isprintable() and 0 < len(value) <= 100:
            return value
    return "dispatch without an id"


def kept(confirmation: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a pushed confirmation that we read: no name, no address. Names are read without case."""
    lines = _lines(confirmation)
    return {
        **{name: picked(confirmation, name) for name in _TEXTS},
        "Lines": None
        if lines is None
        else [
            {name: picked(line, *spellings) for name, spellings in _LINE.items()} if isinstance(line, Mapping) else None
            for line in lines
        ],
    }


def picked(fields: Mapping[str, Any], *names: str) -> Any:
    """Return the value of the first of these names that is there, however it is cased."""
    by_name = {str(name).lower(): value for name, value in fields.items()}
    return next((by_name[name.lower()] for name in names if name.lower() in by_name), None)


def _lines(fields: Mapping[str, Any]) -> list[Any] | None:
    found = picked(fields, *_LISTS)
    if isinstance(found, list):
        return found
    if not isinstance(found, Mapping):
        return None
    if picked(found, *_LINE["ProductCode"]) is not None:
        return [found]  # a list of one may stand without its list
    return next((lines for part in _parts(found) if (lines := part) is not None), None)


def _parts(fields: Mapping[str, Any]) -> Iterator[list[Any] | None]:
    for value in fields.values():
        if isinstance(value, list):
            yield value
        elif isinstance(value, Mapping) and value:
            yield [value]


def _dispatch_of(raw: Any) -> Dispatch:
    read = _Confirmation.model_validate(raw)
    units: Counter[str] = Counter()
    for line in read.lines:
        if line.quantity != line.quantity.to_integral_value():
            raise ValueError("a quantity is not a whole number of eaches")
        units[line.product_code] += int(line.quantity)
    if any(quantity > LARGEST_QUANTITY for quantity in units.values()):
        raise ValueError("a quantity is too large to be true")
    return Dispatch(
        key=read.dispatch_id,
        order_id=read.interface_record_id,
        order_reference=read.sales_order_reference,
        carrier=(read.courier or "").strip(),
        service=(read.courier_service or "").strip(),
        tracking_number=(read.tracking_number or "").strip() or None,
        shipped_at=_moment(read.dispatch_date),
        lines=tuple(ShippedLine(sku=sku, quantity=quantity) for sku, quantity in units.items() if quantity),
    )


def _moment(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text.strip())
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("a time cannot be read") from None
