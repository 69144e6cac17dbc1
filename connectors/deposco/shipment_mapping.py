"""Shipments as dispatches."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError

from connectors.deposco.mapping import Id, Self, Wire, moment, whole_eaches
from connectors.reading import Unreadable, faults
from domain.payloads import split
from domain.records import Dispatch, ShippedLine

SHIPMENT_KEEPS: dict[str, Any] = {
    "self": {"id": True},
    **dict.fromkeys(("number", "status", "shipVendor", "shipVia", "trackingNumber", "order_reference"), True),
    "orderHeaders": {"data": {"id": True, "businessKey": {"number": True}}},
    "shipmentDates": {"actualShipDate": True},
    "shipmentLines": {
        "data": {
            "orderLineDetails": {"customerLineNumber": True},
            "item": {"businessKey": {"number": True}},
            "shippedPackQuantity": True,
        }
    },
    "shippedContainers": {"data": {"status": True, "trackingNumber": True}},
}
NOT_LEFT = frozenset({"New", "Shipping"})


class _Number(Wire):
    number: str = Field(min_length=1)


class _Order(Wire):
    id: Id
    business_key: _Number


class _Orders(Wire):
    data: tuple[_Order] = Field(description="exactly one: a parcel for one customer")


class _Details(Wire):
    customer_line_number: str | None = None


class _ItemRef(Wire):
    business_key: _Number


class _Line(Wire):
    item: _ItemRef
    order_line_details: _Details | None = None
    shipped_pack_quantity: Any = None


class _Lines(Wire):
    data: tuple[_Line, ...]


class _Container(Wire):
    status: str | None = None
    tracking_number: str | None = None


class _Containers(Wire):
    data: tuple[_Container, ...] = ()


class _Dates(Wire):
    actual_ship_date: str | None = None


class _Shipment(Wire):
    reference: Self = Field(alias="self")
    status: str
    order_headers: _Orders
    order_reference: str = Field(alias="order_reference", min_length=1)
    ship_vendor: str | None = None
    ship_via: str | None = None
    tracking_number: str | None = None
    shipment_dates: _Dates = _Dates()
    shipment_lines: _Lines
    shipped_containers: _Containers = _Containers()


def dispatch_of(raw: Any) -> Dispatch:
    """Read one shipment that `read` has joined with its order's reference. Raises `Unreadable`.

    The marketplace takes one number a shipment: the shipment's own, else its first parcel's. The
    carrier's link is not used: on live tenants it is only the beginning of one.
    """
    try:
        shipment = _Shipment.model_validate(raw)
    except ValidationError as trouble:
        raise Unreadable(f"shipment: {faults(trouble)}") from None
    if shipment.status == "Rolled Back":
        raise Unreadable("the shipment was rolled back after it had been shipped", "dispatch_does_not_fit")
    if shipment.status != "Shipped":
        raise Unreadable("shipment: its status is not a documented one", "unknown_value")
    parcels = [one.tracking_number for one in shipment.shipped_containers.data if one.status != "Rolled Back"]
    numbers = [text.strip() for text in (shipment.tracking_number, *parcels) if text and text.strip()]
    carrier, via = (shipment.ship_vendor or "").strip(), (shipment.ship_via or "").strip()
    return Dispatch(
        key=str(shipment.reference.id),
        order_id=str(shipment.order_headers.data[0].id),
        order_reference=shipment.order_reference,
        carrier=carrier or via,
        service=via if carrier else "",
        tracking_number=numbers[0] if numbers else None,
        shipped_at=moment(shipment.shipment_dates.actual_ship_date),
        lines=_units(shipment.shipment_lines.data),
    )


def has_units(raw: Mapping[str, Any]) -> bool:
    """Tell whether anything left with a shipment; a label that nobody used has lines of nothing, or none."""
    lines = raw.get("shipmentLines")
    rows = lines.get("data") if isinstance(lines, Mapping) else None
    if not isinstance(rows, list):
        return True  # it cannot be read: let its mapping say so
    return any(not isinstance(row, Mapping) or row.get("shippedPackQuantity") not in (0, None) for row in rows)


def orders_of(row: Any) -> list[tuple[str, str]]:
    """Return (id, number) of each order of a shipment. Raises `Unreadable` when it names none."""
    headers = row.get("orderHeaders") if isinstance(row, Mapping) else None
    try:
        return [(str(one.id), one.business_key.number) for one in _Headers.model_validate(headers).data]
    except ValidationError as trouble:
        raise Unreadable(f"shipment: its orders: {faults(trouble)}") from None


class _Headers(Wire):
    data: tuple[_Order, ...] = Field(min_length=1)


def kept_shipment(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what we read of a shipment: no name and no address."""
    kept = split(dict(row), SHIPMENT_KEEPS)[0]
    return kept if isinstance(kept, dict) else {}


def key_of(row: Any) -> str:
    """Return the best name that an unreadable shipment still has."""
    reference = row.get("self") if isinstance(row, Mapping) else None
    number = reference.get("id") if isinstance(reference, Mapping) else None
    return str(number) if isinstance(number, int) else "shipment without an id"


def _units(lines: tuple[_Line, ...]) -> tuple[ShippedLine, ...]:
    units: Counter[tuple[str, str | None]] = Counter()
    for line in lines:
        quantity = whole_eaches(line.shipped_pack_quantity, "shipment: a shipped quantity")
        if quantity < 0 or quantity != line.shipped_pack_quantity:
            raise Unreadable("shipment: a shipped quantity is not a whole number of eaches")
        details = line.order_line_details
        units[line.item.business_key.number, (details.customer_line_number or None) if details else None] += quantity
    shipped = tuple(
        ShippedLine(sku=sku, quantity=quantity, line=line) for (sku, line), quantity in units.items() if quantity
    )
    if not shipped:
        raise Unreadable("shipment: nothing left with it")
    return shipped
