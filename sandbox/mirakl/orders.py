"""The orders of one shop: acceptance, the customer's payment, shipments, cancellations; and how the vendor shows them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.kit import iso
from sandbox.mirakl.answers import when

VAT = Decimal("0.20")
UNPAID = {"WAITING_DEBIT", "WAITING_DEBIT_PAYMENT"}
CANCELLABLE = {"WAITING_ACCEPTANCE", *UNPAID, "SHIPPING"}


@dataclass(slots=True)
class Sent:
    """Units of a line that are on their way, as the seller reported it."""

    at: datetime
    quantity: int
    carrier: str
    tracking: str


@dataclass(slots=True)
class Line:
    """One order line."""

    id: str
    sku: str
    product_sku: str
    title: str
    price: Decimal
    quantity: int
    state: str
    sent: list[Sent] = field(default_factory=list)
    reserved: int = 0
    cancelled_at: datetime | None = None

    @property
    def left(self) -> int:
        """Return the units that no shipment names yet."""
        return self.quantity - self.reserved


@dataclass(slots=True)
class Order:
    """One order: a customer's order has one for each shop and shipping type, told apart by its suffix."""

    id: str
    commercial_id: str
    placed_at: datetime
    lines: list[Line]
    address: dict[str, Any]
    gift: str | None = None
    state: str = "WAITING_ACCEPTANCE"
    updated_at: datetime = field(init=False)
    accepted_at: datetime | None = None
    paid_at: datetime | None = None
    addressed_at: datetime | None = None
    cancelled_at: datetime | None = None
    tracking: tuple[str, str] | None = None
    raw: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.updated_at = self.placed_at

    def move(self, state: str, now: datetime) -> None:
        """Move the order and its living lines on."""
        self.state, self.updated_at = state, now
        for line in self.lines:
            if line.state not in {"CANCELED", "REFUSED"}:
                line.state = state

    def advance(self, now: datetime, payment_seconds: float, acceptance_hours: float) -> None:
        """Let time do what it does: refuse what nobody accepted, take the customer's money."""
        if self.raw is not None:
            return
        if self.state == "WAITING_ACCEPTANCE" and now >= self.placed_at + timedelta(hours=acceptance_hours):
            self.move("REFUSED", self.placed_at + timedelta(hours=acceptance_hours))
        if self.accepted_at is None:
            return
        paid_at = self.accepted_at + timedelta(seconds=payment_seconds)
        if self.state in UNPAID and now >= paid_at:
            self.paid_at = self.addressed_at = paid_at
            self.move("SHIPPING", paid_at)
        elif self.state == "WAITING_DEBIT" and now >= self.accepted_at + timedelta(seconds=payment_seconds / 2):
            self.move("WAITING_DEBIT_PAYMENT", self.accepted_at + timedelta(seconds=payment_seconds / 2))

    def accept(self, now: datetime) -> None:
        """The seller accepts every line."""
        self.accepted_at = now
        self.move("WAITING_DEBIT", now)

    def cancel(self, now: datetime) -> list[str]:
        """Cancel every line of which nothing is on its way; return those."""
        if self.state not in CANCELLABLE:
            return []
        gone = [line for line in self.lines if not line.reserved and line.state in CANCELLABLE]
        for line in gone:
            line.state, line.cancelled_at = "CANCELED", now
        if gone:
            self.updated_at = self.cancelled_at = now
            self.settle(now)
        return [line.id for line in gone]

    def ship(self, quantities: dict[str, int], carrier: str, tracking: str, now: datetime) -> None:
        """Note units as sent; the order is shipped when all of it is."""
        for line in self.lines:
            if quantity := quantities.get(line.id, 0):
                line.sent.append(Sent(now, quantity, carrier, tracking))
                if sum(one.quantity for one in line.sent) >= line.quantity:
                    line.state = "SHIPPED"
        self.updated_at = now
        self.settle(now)

    def settle(self, now: datetime) -> None:
        """Let the order follow its lines."""
        living = {line.state for line in self.lines} - {"CANCELED"}
        if not living:
            self.state, self.updated_at = "CANCELED", now
        elif living == {"SHIPPED"}:
            self.state, self.updated_at = "SHIPPED", now

    def wire(self, tax_mode: str, *, details_before_acceptance: bool) -> dict[str, Any]:
        """Return the order as the vendor shows it."""
        if self.raw is not None:
            return self.raw
        shows = self.addressed_at is not None or details_before_acceptance
        lines = [_line_wire(line, number, self, tax_mode) for number, line in enumerate(self.lines, start=1)]
        return {
            "order_id": self.id,
            "commercial_id": self.commercial_id,
            "order_state": self.state,
            "created_date": when(self.placed_at),
            "last_updated_date": when(self.updated_at),
            "acceptance_decision_date": None if self.accepted_at is None else when(self.accepted_at),
            "customer_debited_date": None if self.paid_at is None else when(self.paid_at),
            "shipping_deadline": when(self.placed_at + timedelta(days=3)),
            "currency_iso_code": "GBP",
            "order_tax_mode": tax_mode,
            "payment_workflow": "PAY_ON_ACCEPTANCE",
            "can_cancel": self.state in CANCELLABLE,
            "can_shop_ship": self.state == "SHIPPING",
            "shipping_type_code": "STD",
            "shipping_type_label": "Standard",
            "references": {"order_reference_for_customer": self.commercial_id, "order_reference_for_seller": None},
            "customer": {
                "customer_id": f"customer-of-{self.commercial_id}",
                "firstname": self.address["firstname"] if shows else None,
                "lastname": self.address["lastname"] if shows else None,
                "shipping_address": dict(self.address) if shows else None,
                "billing_address": dict(self.address) if shows else None,
            },
            "customer_notification_email": "relay-1@marketplace.example" if shows else None,
            "order_additional_fields": (
                [{"code": "gift-message", "type": "STRING", "value": self.gift}] if self.gift else []
            ),
            "total_price": float(sum(line.price * line.quantity for line in self.lines)),
            "order_lines": lines,
        }

    def dump(self) -> dict[str, Any]:
        """Return the order for the audit."""
        return {
            "reference": self.id,
            "id": self.id,
            "placed_at": iso(self.placed_at),
            "cancel_requested_at": iso(self.cancelled_at),
            "cancelled_at": iso(self.cancelled_at if self.state == "CANCELED" else None),
            "acknowledged_at": iso(self.accepted_at),
            "addressed_at": iso(self.addressed_at),
            "lines": [
                {
                    "line": line.id,
                    "stock_number": line.product_sku,
                    "sku": line.sku,
                    "quantity": line.quantity,
                    "status": line.state,
                    "dispatches": [
                        {"at": iso(one.at), "quantity": one.quantity, "carrier": one.carrier, "tracking": one.tracking}
                        for one in line.sent
                    ],
                }
                for line in self.lines
            ],
        }


def _line_wire(line: Line, number: int, order: Order, tax_mode: str) -> dict[str, Any]:
    net, gone = line.price * line.quantity, line.cancelled_at
    tax = (net * VAT).quantize(Decimal("0.01"))
    unit = line.price if tax_mode == "TAX_EXCLUDED" else (net + tax) / line.quantity
    return {
        "order_line_id": line.id,
        "order_line_index": number,
        "order_line_state": line.state,
        "offer_sku": line.sku,
        "product_sku": line.product_sku,
        "product_title": line.title,
        "quantity": line.quantity,
        "price_unit": float(round(unit, 2)),
        "price": float(net if tax_mode == "TAX_EXCLUDED" else net + tax),
        "taxes": [{"code": "VAT", "amount": float(tax), "rate": 20.0}],
        "shipping_price": 0.0,
        "shipped_date": when(line.sent[-1].at) if line.sent else None,
        "last_updated_date": when(order.updated_at),
        "can_refund": line.state == "SHIPPED",
        "cancelations": (
            [{"id": f"{line.id}-c", "quantity": line.quantity, "amount": float(net), "created_date": when(gone)}]
            if gone
            else []
        ),
        "refunds": [],
    }
