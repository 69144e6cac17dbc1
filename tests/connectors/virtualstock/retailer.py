"""One supplier account of the pretend The Edge: what the world does to it, and records that it would take."""

from datetime import date, timedelta
from itertools import count
from typing import Any

from domain.records import Acknowledgement, Cancellation, DispatchAdvice, LineQuantity
from sandbox.virtualstock import Virtualstock as Edge
from sandbox.virtualstock.orders import Order
from tests.doubles import ManualClock

ACCOUNT = "harbour"
PASSWORD = "a pretend password"
EAN = "5000000000012"


class Retailer:
    """The pretend system with its clock, by whichever road the connector reaches it."""

    def __init__(self, clock: ManualClock, sandbox: Edge) -> None:
        self.clock, self.sandbox = clock, sandbox
        self._numbers = count(1)

    # The world.

    def list_product(self, sku: str = "RED-M", stock_number: str = "12345678", free_stock: int = 100) -> str:
        """Enrol a product and return its id."""
        return self.sandbox.add_product(ACCOUNT, stock_number=stock_number, sku=sku, ean=EAN, free_stock=free_stock)

    def place_order(self, *quantities: int, **fields: Any) -> str:
        """Place an order with one line a quantity and return its reference."""
        items = [
            {
                "part_number": f"1234567{number}",
                "supplier_sku_reference": f"SKU-{number}",
                "quantity": quantity,
                "promised_date": "2026-03-09T00:00:00",
            }
            for number, quantity in enumerate(quantities or (2,), start=1)
        ]
        return self.sandbox.place_order(ACCOUNT, {"items": items, **fields})

    def cancel(self, reference: str, lines: list[str] | None = None) -> None:
        """Let the customer ask to cancel."""
        self.sandbox.request_cancellation(ACCOUNT, reference, lines)

    def acknowledge_elsewhere(self, reference: str) -> None:
        """Let somebody acknowledge an order in the portal; it leaves the queue."""
        order = self._shown(reference)
        for line in order.lines:
            line.item["status"] = "ORDER_ACK"
        self.sandbox.state.supplier(ACCOUNT).orders.settle(order)

    def published(self, sku: str) -> int:
        """Return the units that the retailer sells at most now."""
        return self.sandbox.published(ACCOUNT, sku)

    def next_number(self) -> int:
        """Return a number that was not used before."""
        return next(self._numbers)

    # The truth.

    def order(self, reference: str) -> dict[str, Any]:
        """Return an order as the pretend system's audit shows it."""
        return self._shown(reference).dump()

    def _shown(self, reference: str) -> Order:
        order = self.sandbox.state.supplier(ACCOUNT).orders.by_reference(reference)
        assert order is not None
        return order

    def statuses(self, reference: str) -> list[str]:
        """Return the states of an order's lines."""
        return [line["status"] for line in self.order(reference)["lines"]]

    # Records.

    def external_id(self, reference: str) -> str:
        """Return the id that the vendor wants in a call about an order."""
        return str(self.order(reference)["id"])

    def lines(self, reference: str, quantity: int | None = None, *, ordered: bool = True) -> tuple[LineQuantity, ...]:
        """Return the lines of an order; `quantity` instead of the ordered one."""
        return tuple(
            LineQuantity(
                line=line["line"],
                sku=line["sku"],
                stock_number=line["stock_number"],
                quantity=quantity or line["quantity"],
                ordered=line["quantity"] if ordered else None,
            )
            for line in self.order(reference)["lines"]
        )

    def acknowledgement(self, reference: str) -> Acknowledgement:
        """Return the acknowledgement of an order."""
        return Acknowledgement(
            key=reference,
            reference=reference,
            external_id=self.external_id(reference),
            lines=self.lines(reference),
            dispatch_by_at=self.clock.now() + timedelta(days=2),
        )

    def cancellation(self, reference: str, quantity: int | None = None) -> Cancellation:
        """Return the confirmation of a cancellation."""
        return Cancellation(
            key=reference,
            reference=reference,
            external_id=self.external_id(reference),
            lines=self.lines(reference, quantity),
        )

    def dispatch(
        self,
        reference: str,
        quantity: int | None = None,
        *,
        key: str = "shipment-1",
        carrier: str = "dpd",
        ordered: bool = True,
    ) -> DispatchAdvice:
        """Return the dispatch of an order, or of a part of each line."""
        return DispatchAdvice(
            key=key,
            reference=reference,
            external_id=self.external_id(reference),
            carrier_code=carrier,
            tracking_number="15500000000001",
            shipped_on=date(2026, 3, 2),
            lines=self.lines(reference, quantity, ordered=ordered),
        )
