"""Shipments: which packed lines left in which parcel, and the parcel as a `Dispatch`."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pydantic import Field, ValidationError

from connectors.cin7_core.mapping import Wire, moment
from connectors.reading import LARGEST_QUANTITY, Unreadable, faults
from domain.payloads import split
from domain.records import Dispatch, ShippedLine

_PACK_KEEPS = {"Status": True, "Lines": dict.fromkeys(("ProductID", "SKU", "Quantity", "Box"), True)}
_SHIP_LINE = ("ID", "ShipmentDate", "Carrier", "Boxes", "TrackingNumber", "TrackingURL", "IsShipped")
SALE_KEEPS: dict[str, Any] = {
    **dict.fromkeys(("ID", "CustomerReference", "ExternalID"), True),
    "Fulfilments": {
        "TaskID": True,
        "FulfillmentNumber": True,
        "Pack": _PACK_KEEPS,
        "Ship": {"Status": True, "Lines": dict.fromkeys(_SHIP_LINE, True)},
    },
}

_SHIPPED = frozenset({"AUTHORISED", "PARTIALLY AUTHORISED"})
_NOT_SHIPPED = frozenset({None, "", "NOT AVAILABLE", "DRAFT", "VOIDED"})
_SEPARATORS = re.compile(r"[,;|]")  # which of them stands between several boxes is not documented


class _PackLine(Wire):
    sku: str = Field(alias="SKU", min_length=1)
    quantity: Decimal


class _Pack(Wire):
    lines: tuple[_PackLine, ...] = Field(min_length=1)


class _ShipLine(Wire):
    id: str | None = Field(default=None, alias="ID")
    shipment_date: str
    carrier: str | None = None
    boxes: str | None = None
    tracking_number: str | None = None


class _Ship(Wire):
    status: str
    lines: tuple[_ShipLine] = Field(description="exactly one: the payload speaks of one parcel")


class _Task(Wire):
    task_id: str = Field(alias="TaskID", min_length=1)
    pack: _Pack
    ship: _Ship


class _Sale(Wire):
    id: str = Field(alias="ID", min_length=1)
    customer_reference: str | None = None
    fulfilments: tuple[_Task]


def shipments(sale: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Cut a sale into one payload for each parcel that left: its shipment line and what was packed in it.

    A parcel whose boxes cannot be matched gets no packed lines, and `dispatch_of` then refuses it.
    A shipment of a status that nobody documented is kept too, for the same reason.
    """
    found: list[dict[str, Any]] = []
    for task in _objects(sale.get("Fulfilments")):
        ship, pack = _object(task.get("Ship")), _object(task.get("Pack"))
        if ship.get("Status") in _NOT_SHIPPED:
            continue
        left = [line for line in _objects(ship.get("Lines")) if _has_left(line, ship)]
        packed = _objects(pack.get("Lines"))
        boxes = [_boxes_of(line, packed, alone=len(left) == 1) for line in left]
        claims = Counter(box for named in boxes for box in named)
        for line, named in zip(left, boxes, strict=True):
            is_clear = all(claims[box] == 1 for box in named)
            inside = [goods for goods in packed if is_clear and goods.get("Box") in named]
            part = {**task, "Pack": {**pack, "Lines": inside}, "Ship": {**ship, "Lines": [line]}}
            found.append(kept_sale({**sale, "Fulfilments": [part]}))
    return found


def kept_sale(sale: Mapping[str, Any]) -> dict[str, Any]:
    """Return what we read of a sale: no name, no address, no note."""
    kept = split(dict(sale), SALE_KEEPS)[0]
    return kept if isinstance(kept, dict) else {}


def dispatch_of(raw: Any) -> Dispatch:
    """Read one parcel. Raises `Unreadable`."""
    try:
        sale = _Sale.model_validate(raw)
    except ValidationError as trouble:
        raise Unreadable(f"shipment: {faults(trouble)}") from None
    task = sale.fulfilments[0]
    line = task.ship.lines[0]
    if task.ship.status not in _SHIPPED:
        raise Unreadable("shipment: its status is not a documented one", "unknown_value")
    return Dispatch(
        key=line.id or f"{task.task_id}:{line.boxes or ''}",
        order_id=sale.id,
        order_reference=sale.customer_reference or "",
        carrier=(line.carrier or "").strip(),
        tracking_number=(line.tracking_number or "").strip() or None,
        shipped_at=_shipped_at(line.shipment_date),
        lines=_units(task.pack.lines),
    )


def key_of(raw: Any) -> str:
    """Return the best name that an unreadable payload still has."""
    sale = _object(raw)
    task = next(iter(_objects(sale.get("Fulfilments"))), {})
    line = next(iter(_objects(_object(task.get("Ship")).get("Lines"))), {})
    return str(line.get("ID") or task.get("TaskID") or sale.get("ID") or "sale without an ID")


def _shipped_at(text: str) -> datetime:
    """Read a shipment date: a local day, written as midnight.

    Midnight is read as midnight UTC: the same calendar day in London, and never later than the truth.
    """
    return moment(text).astimezone(UTC)


def _units(lines: Sequence[_PackLine]) -> tuple[ShippedLine, ...]:
    units: Counter[str] = Counter()
    for line in lines:
        if not 1 <= line.quantity <= LARGEST_QUANTITY or line.quantity != line.quantity.to_integral_value():
            raise Unreadable("shipment: a packed quantity is not a whole number of eaches")
        units[line.sku] += int(line.quantity)
    return tuple(ShippedLine(sku=sku, quantity=quantity) for sku, quantity in units.items())


def _has_left(line: Mapping[str, Any], ship: Mapping[str, Any]) -> bool:
    """Tell whether a shipment line has left; where the line does not say, an AUTHORISED shipment has, whole."""
    told = line.get("IsShipped")
    if told is None:
        return ship.get("Status") != "PARTIALLY AUTHORISED"
    return str(told).lower() == "true"


def _boxes_of(line: Mapping[str, Any], packed: Sequence[Mapping[str, Any]], *, alone: bool) -> set[Any]:
    known = {goods.get("Box") for goods in packed}
    text = str(line.get("Boxes") or "").strip()
    if text in known:
        return {text}
    if not text and alone:
        return known
    named = {part.strip() for part in _SEPARATORS.split(text)}
    return named if named <= known else set()


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []
