"""Shipments of one shop: made and confirmed in bulk; a 2xx lists what went wrong, row by row."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from sandbox.mirakl.answers import when
from sandbox.mirakl.orders import Order


@dataclass(slots=True)
class Shipment:
    """One shipment."""

    id: str
    order: Order
    lines: list[dict[str, Any]]
    tracking: dict[str, Any]
    created_at: datetime
    invoice_reference: str | None = None
    shipped_at: datetime | None = None

    def wire(self) -> dict[str, Any]:
        """Return it as the vendor shows it."""
        return {
            "id": self.id,
            "order_id": self.order.id,
            "status": "SHIPPED" if self.shipped_at else "SHIPPING",
            "status_customer_debit": "NO_DEBIT",
            "created_date": when(self.created_at),
            "last_updated_date": when(self.shipped_at or self.created_at),
            "shipped_date": when(self.shipped_at) if self.shipped_at else None,
            "invoice_reference": self.invoice_reference,
            "shipment_lines": self.lines,
            "tracking": self.tracking,
        }

    def confirm(self, now: datetime) -> None:
        """Let it leave."""
        self.shipped_at = now
        quantities: dict[str, int] = {}
        for line in self.lines:
            quantities[line["order_line_id"]] = quantities.get(line["order_line_id"], 0) + line["quantity"]
        carrier = str(self.tracking.get("carrier_code") or self.tracking.get("carrier_name") or "")
        self.order.ship(quantities, carrier, str(self.tracking.get("tracking_number") or ""), now)


class ShipmentBook:
    """All shipments of a shop."""

    def __init__(self) -> None:
        self.shipments: dict[str, Shipment] = {}
        self._ids = count(700_001)

    def make(
        self, given: Mapping[str, Any], orders: Mapping[str, Order], rules: "Rules", now: datetime
    ) -> Shipment | str:
        """Make one shipment, or return why not."""
        order = orders.get(str(given.get("order_id")))
        if order is None:
            return f"The order '{given.get('order_id')}' does not exist."
        if order.state != "SHIPPING":
            return f"The order status must be 'SHIPPING' but it is '{order.state}'."
        tracking = given.get("tracking") or {}
        lines = given.get("shipment_lines")
        lines = lines if isinstance(lines, list) else []
        if fault := rules.fault(tracking) or _quantities(order, lines):
            return fault
        if not rules.several_shipments and any(line.left for line in order.lines if line.state == "SHIPPING"):
            _give_back(order, lines)
            return "Several shipments for one order are not allowed."
        made = Shipment(f"s-{next(self._ids)}", order, [dict(line) for line in lines], dict(tracking), now)
        made.invoice_reference = given.get("invoice_reference")
        self.shipments[made.id] = made
        order.updated_at = now
        if given.get("shipped"):
            made.confirm(now)
        return made


@dataclass
class Rules:
    """What the operator allows."""

    carriers: list[dict[str, Any]]
    several_shipments: bool = True
    alternative_carriers: bool = True

    def fault(self, tracking: Mapping[str, Any]) -> str:
        """Return what is wrong with a carrier; one that is not registered is taken by name where that is allowed."""
        code, name = tracking.get("carrier_code"), tracking.get("carrier_name")
        if code:
            known = next((one for one in self.carriers if one["code"] == code), None)
            if known is None:
                return f"The carrier with code '{code}' does not exist."
            return "" if tracking.get("tracking_number") else "The tracking number is mandatory for this carrier."
        if name:
            return "" if self.alternative_carriers else "Alternative carriers are not allowed."
        return "A carrier is required."


def _quantities(order: Order, lines: list[dict[str, Any]]) -> str:
    """Reserve the units that the lines name, or return why not (and reserve nothing)."""
    done: list[dict[str, Any]] = []
    if not lines:
        return "Shipment lines are required."
    for given in lines:
        line = next((one for one in order.lines if one.id == given.get("order_line_id")), None)
        quantity = given.get("quantity")
        if line is None or line.state != "SHIPPING":
            _give_back(order, done)
            return f"The order line '{given.get('order_line_id')}' cannot be shipped."
        if not isinstance(quantity, int) or not 1 <= quantity <= line.left:
            _give_back(order, done)
            return "Shipment quantity is invalid."
        line.reserved += quantity
        done.append(given)
    return ""


def _give_back(order: Order, lines: list[dict[str, Any]]) -> None:
    for given in lines:
        next(one for one in order.lines if one.id == given["order_line_id"]).reserved -= given["quantity"]
