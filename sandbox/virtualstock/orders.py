"""The orders of one supplier: as the vendor shows them, found by status and reference, with their history."""

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.kit import iso
from sandbox.virtualstock.answers import whole

# The order shows the first of these that one of its lines has: a requested cancellation beats
# everything, then the least advanced open line (the vendor does not say; assumed).
PRECEDENCE = ("CANCEL", "ORDER", "ORDER_ACK", "BACKORDER", "DISPATCH", "CANCEL_ACK")


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One dispatch of one line, as the supplier reported it."""

    at: datetime
    quantity: int
    carrier: str
    tracking: str


@dataclass(slots=True)
class Line:
    """One order line; `item` is the wire object itself, so a change of status shows at once."""

    item: dict[str, Any]
    dispatches: list[Dispatch] = field(default_factory=list)

    @property
    def reference(self) -> str:
        """Return the line reference, by which actions name the line."""
        return str(self.item.get("line_reference"))

    @property
    def part_number(self) -> str:
        """Return the retailer's stock number."""
        return str(self.item.get("part_number"))

    @property
    def status(self) -> str:
        """Return the state of the line."""
        return str(self.item.get("status"))

    @property
    def ordered(self) -> int:
        """Return the ordered quantity; 0 where it is malformed."""
        return whole(self.item.get("quantity")) or 0

    @property
    def outstanding(self) -> int:
        """Return what is ordered and not yet dispatched."""
        return self.ordered - sum(dispatch.quantity for dispatch in self.dispatches)

    def dump(self) -> dict[str, Any]:
        """Return the line for the audit."""
        return {
            "line": self.reference,
            "stock_number": self.part_number,
            "sku": str(self.item.get("supplier_sku_reference")),
            "quantity": self.ordered,
            "status": self.status,
            "dispatches": [
                {"at": iso(one.at), "quantity": one.quantity, "carrier": one.carrier, "tracking": one.tracking}
                for one in self.dispatches
            ],
        }


@dataclass(slots=True)
class Order:
    """One order; `wire` is what the vendor shows, `first_at` tells when each action first succeeded."""

    id: int
    wire: dict[str, Any]
    placed_at: datetime
    lines: list[Line] = field(init=False)
    first_at: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        items = self.wire.get("items")
        self.lines = [Line(item) for item in items if isinstance(item, dict)] if isinstance(items, list) else []

    @property
    def reference(self) -> str:
        """Return the retailer's order number."""
        return str(self.wire.get("order_reference"))

    @property
    def status(self) -> str:
        """Return the order's own state."""
        return str(self.wire.get("status"))

    def dump(self) -> dict[str, Any]:
        """Return the order for the audit."""
        return {
            "reference": self.reference,
            "id": str(self.id),
            "placed_at": iso(self.placed_at),
            "cancel_requested_at": iso(self.first_at.get("cancel_request")),
            "cancelled_at": iso(self.first_at.get("cancel_acknowledge")),
            "acknowledged_at": iso(self.first_at.get("acknowledge")),
            "lines": [line.dump() for line in self.lines],
        }


class OrderBook:
    """All orders of one supplier, kept by id, reference and status so that lists stay fast."""

    def __init__(self) -> None:
        self._orders: dict[int, Order] = {}
        self._ids: list[int] = []
        self._by_reference: dict[str, list[int]] = {}
        self._by_status: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, order: Order) -> None:
        """Take an order in; it shows in the lists at once."""
        if order.id in self._orders:
            raise ValueError(f"virtualstock sandbox: there is already an order with the id {order.id}; give it another")
        self._orders[order.id] = order
        insort(self._ids, order.id)
        insort(self._by_reference.setdefault(order.reference, []), order.id)
        insort(self._by_status.setdefault(order.status, []), order.id)

    def get(self, order_id: int | None) -> Order | None:
        """Return the order with this id."""
        return None if order_id is None else self._orders.get(order_id)

    def by_reference(self, reference: str) -> Order | None:
        """Return the first order with this reference."""
        ids = self._by_reference.get(reference)
        return self._orders[ids[0]] if ids else None

    def settle(self, order: Order) -> None:
        """Derive the order's status from its lines, and file the order under it."""
        before, states = order.status, {line.status for line in order.lines}
        after = next((state for state in PRECEDENCE if state in states), before)
        if after == before:
            return
        row = self._by_status[before]
        del row[bisect_left(row, order.id)]
        order.wire["status"] = after
        insort(self._by_status.setdefault(after, []), order.id)

    def select(self, filters: Mapping[str, str]) -> Sequence[int]:
        """Return the ids that pass `status`, `order_reference` and `part_number`, lowest first.

        `sort=desc` turns them round. An unknown status selects nothing.
        """
        status, reference, part_number = map(filters.get, ("status", "order_reference", "part_number"))
        if reference:
            ids = self._by_reference.get(reference, [])
            ids = [one for one in ids if not status or self._orders[one].status == status]
        else:
            ids = self._by_status.get(status, []) if status else self._ids
        if part_number:
            ids = [one for one in ids if any(line.part_number == part_number for line in self._orders[one].lines)]
        return ids[::-1] if filters.get("sort") == "desc" else ids

    def wire(self, order_id: int) -> dict[str, Any]:
        """Return the order as the vendor shows it."""
        return self._orders[order_id].wire

    def dump(self) -> list[dict[str, Any]]:
        """Return all orders for the audit."""
        return [self._orders[order_id].dump() for order_id in self._ids]
