"""What happens to an order after it exists: ship, invoice, cancel, hold, comment, late tracks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.magento.answers import Refused, filled, stamp
from sandbox.magento.columns import tidy
from sandbox.magento.orders import FINISHED, Line, Order, Orders
from sandbox.magento.search import Table
from sandbox.magento.stock import Stock

SHIPMENT_FIELDS = (
    "entity_id",
    "increment_id",
    "order_id",
    "store_id",
    "total_qty",
    "billing_address_id",
    "shipping_address_id",
    "created_at",
    "updated_at",
)
_STATUSES = {
    "new": {"pending"},
    "processing": {"processing", "fraud"},
    "complete": {"complete"},
    "closed": {"closed"},
    "canceled": {"canceled"},
    "holded": {"holded"},
    "payment_review": {"payment_review", "fraud"},
}


@dataclass
class Shipment:
    """One shipment; `carrier` is what the warehouse said, also when there is no track yet."""

    columns: dict[str, Any]
    items: list[dict[str, Any]]
    source: str
    shipped_at: datetime
    carrier: str = ""
    tracks: list[dict[str, Any]] = field(default_factory=list)

    def body(self) -> dict[str, Any]:
        """Return the wire form."""
        rest = {"comments": [], "extension_attributes": {"source_code": self.source}}
        return {**filled(self.columns), "packages": [], "items": self.items, "tracks": self.tracks, **rest}


class Fulfilment:
    """The warehouse's and the till's half of the shop."""

    def __init__(self, orders: Orders, stock: Stock) -> None:
        self._orders, self._stock = orders, stock
        self.shipments: Table[Shipment] = Table(
            SHIPMENT_FIELDS, ("entity_id", "order_id"), lambda row, name: row.columns.get(name)
        )

    def ship(self, order: Order, body: Mapping[str, Any], now: datetime) -> Shipment:
        """Ship what is asked, cut to what is left; everything left when no items are named."""
        chosen = _chosen(order, body.get("items"), "to_ship", cut=True)
        complaints = []
        if order.state in {"holded", "payment_review", "canceled"}:
            complaints.append(f"A shipment cannot be created when an order has a status of {order.columns['status']}")
        elif not any(line.to_ship for line in order.lines):
            complaints.append("The order does not allow a shipment to be created.")
        if not chosen:
            complaints.append("You can't create a shipment without products.")
        if complaints:
            raise Refused(400, "\n".join(["Shipment Document Validation Error(s):", *complaints]))
        extra = (body.get("arguments") or {}).get("extension_attributes") or {}
        source, shipment_id = extra.get("source_code") or "default", self._orders.next("shipment")
        leaving: Counter[str] = Counter()
        for line, quantity in chosen:
            leaving[line.sku] += quantity
        if not self._stock.deduct(source, dict(leaving)):
            raise Refused(400, "Could not save a shipment, see error log for details")
        shipment = self._shipment(shipment_id, order, chosen, source, now)
        for track in body.get("tracks") or []:
            self.add_track(shipment, track, now)
        self._after_shipping(order, chosen, stamp(now))
        return shipment

    def _shipment(
        self, shipment_id: int, order: Order, chosen: Sequence[tuple[Line, int]], source: str, now: datetime
    ) -> Shipment:
        address = next((each["shipping"].get("address") for each in order.assignments), None) or {}
        columns = {
            "entity_id": shipment_id,
            "increment_id": f"{self._orders.next('shipment number'):09d}",
            "order_id": order.order_id,
            "store_id": order.columns["store_id"],
            "total_qty": sum(quantity for _, quantity in chosen),
            "billing_address_id": order.columns.get("billing_address_id"),
            "shipping_address_id": address.get("entity_id"),
            "created_at": stamp(now),
            "updated_at": stamp(now),
        }
        items = []
        for line, quantity in chosen:
            copied = {name: line.columns.get(name) for name in ("name", "price", "product_id", "sku", "weight")}
            own = {"entity_id": self._orders.next("shipment item"), "parent_id": shipment_id}
            items.append(filled(copied) | own | {"order_item_id": line.columns["item_id"], "qty": quantity})
        shipment = Shipment(columns, items, source, now)
        self.shipments.add(shipment_id, shipment)
        return shipment

    def _after_shipping(self, order: Order, chosen: Sequence[tuple[Line, int]], at: str) -> None:
        for line, quantity in chosen:
            line.count("qty_shipped", quantity, at)
        if order.state == "new":
            order.move("processing", "processing", at)
        self._finish(order, at)

    def _finish(self, order: Order, at: str) -> None:
        busy = any(line.to_ship or line.to_invoice for line in order.lines)
        if order.state == "processing" and not busy:
            order.move("complete", "complete", at)
        self._orders.recount(order)

    def add_track(self, shipment: Shipment, given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """Add a tracking number; no timestamp of the shipment or the order moves."""
        for name in ("track_number", "title", "carrier_code"):
            if name not in given:
                raise Refused.required(name)
        track = {
            "order_id": shipment.columns["order_id"],
            "created_at": stamp(now),
            "entity_id": self._orders.next("track"),
            "parent_id": shipment.columns["entity_id"],
            "updated_at": stamp(now),
            "weight": given.get("weight"),
            "qty": given.get("qty"),
            "description": given.get("description"),
            "track_number": given["track_number"],
            "title": given["title"],
            "carrier_code": given["carrier_code"],
        }
        shipment.tracks.append(track)
        shipment.carrier = shipment.carrier or str(given["title"])
        return track

    def invoice(self, order: Order, body: Mapping[str, Any], now: datetime) -> int:
        """Invoice what is asked, everything left when no items are named, and return the invoice id."""
        chosen, complaints = _chosen(order, body.get("items"), "to_invoice", cut=False), []
        if not chosen:
            complaints.append("The invoice can't be created without products. Add products and try again.")
        for line, quantity in chosen:
            if quantity > line.to_invoice:
                text = "The quantity to invoice must not be greater than the uninvoiced quantity for product SKU"
                complaints.append(f'{text} "{line.sku}".')
        if order.state in {*FINISHED, "holded", "payment_review"}:
            complaints.append(f"An invoice cannot be created when an order has a status of {order.columns['status']}")
        if complaints:
            raise Refused(400, "\n".join(["Invoice Document Validation Error(s):", *complaints]))
        at, columns = stamp(now), order.columns
        amount = 0.0
        for line, quantity in chosen:
            price = line.columns.get("price_incl_tax") or line.columns.get("price") or 0
            line.count("qty_invoiced", quantity, at)
            amount += price * quantity
        if not any(line.to_invoice for line in order.lines):
            amount = (columns.get("grand_total") or 0) - (columns.get("total_invoiced") or 0)
        for name in ("total_invoiced", *(["total_paid"] if body.get("capture") else [])):
            columns[name] = columns[f"base_{name}"] = tidy((columns.get(name) or 0) + amount)
        columns["total_due"] = columns["base_total_due"] = tidy(
            (columns.get("grand_total") or 0) - (columns.get("total_paid") or 0)
        )
        order.move("processing", "processing", at)
        self._finish(order, at)
        return self._orders.next("invoice")

    def cancel(self, order: Order, now: datetime) -> bool:
        """Cancel what is neither shipped nor invoiced, giving its reservation back; False is a refusal.

        A fully shipped order that is not invoiced is cancelled too: that is how the shop is.
        """
        if order.state in {*FINISHED, "holded", "payment_review"} or not any(line.to_invoice for line in order.lines):
            return False
        at, amount = stamp(now), 0.0
        state = "processing" if any(line.number("qty_invoiced") for line in order.lines) else "canceled"
        for line in order.lines:
            quantity = min(line.to_invoice, line.to_ship)
            if quantity:
                line.count("qty_canceled", quantity, at)
                self._stock.reservations[line.sku] += quantity
                amount += (line.columns.get("price_incl_tax") or line.columns.get("price") or 0) * quantity
        order.columns["total_canceled"] = order.columns["base_total_canceled"] = tidy(amount)
        order.move(state, state, at)
        self._finish(order, at)
        return True

    def hold(self, order: Order, now: datetime) -> bool:
        """Put an order on hold."""
        if order.state in {*FINISHED, "holded", "payment_review"}:
            raise Refused(400, "A hold action is not available.")
        order.columns |= {"hold_before_state": order.state, "hold_before_status": order.columns.get("status")}
        order.move("holded", "holded", stamp(now))
        self._orders.recount(order)
        return True

    def unhold(self, order: Order, now: datetime) -> bool:
        """Put an order back into the state it had before the hold."""
        if order.state != "holded":
            raise Refused(400, "You cannot remove the hold.")
        columns = order.columns
        order.move(columns.pop("hold_before_state"), columns.pop("hold_before_status"), stamp(now))
        self._orders.recount(order)
        return True

    def comment(self, order: Order, given: Mapping[str, Any], now: datetime) -> bool:
        """Add a comment; a status that is not one of the order's present state is refused."""
        status = given.get("status")
        if status and status not in _STATUSES.get(order.state or "", {order.columns.get("status")}):
            message = (
                'Unable to add comment: The status "%1" is not part of the order\n                 status history.'
            )
            raise Refused(400, message, [status])
        if status:
            order.columns["status"] = status
        defaults = {"is_customer_notified": 0, "is_visible_on_front": 0, "status": order.columns.get("status")}
        own = {"entity_id": self._orders.next("history"), "parent_id": order.order_id, "created_at": stamp(now)}
        order.histories.append({"entity_name": "order", **defaults, **filled(dict(given)), **own})
        return True


def _chosen(order: Order, given: Sequence[Mapping[str, Any]] | None, left: str, *, cut: bool) -> list[tuple[Line, int]]:
    """Return the lines and quantities of a ship or invoice call; unknown items are passed over."""
    if not given:
        return [(line, getattr(line, left)) for line in order.lines if getattr(line, left)]
    lines = {line.columns["item_id"]: line for line in order.lines}
    chosen: dict[int, int] = {}
    for each in given:
        if "order_item_id" not in each:
            raise Refused.required("orderItemId")
        item_id, quantity = int(each["order_item_id"]), int(each.get("qty") or 0)
        if item_id not in lines:
            continue
        total = chosen.get(item_id, 0) + quantity
        chosen[item_id] = min(total, getattr(lines[item_id], left)) if cut else total
    return [(lines[item_id], quantity) for item_id, quantity in chosen.items() if quantity > 0]
