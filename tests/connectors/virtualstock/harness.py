"""One supplier account of the pretend The Edge and its connector, in process."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.http import Surroundings
from connectors.virtualstock import Virtualstock
from connectors.virtualstock.connector import VirtualstockOptions, VirtualstockSettings
from domain.budgets import Budgets
from domain.records import Acknowledgement, Availability, Cancellation, DispatchAdvice, LineQuantity, SalesOrder
from sandbox.kit import Fault
from sandbox.virtualstock import Account
from sandbox.virtualstock import Virtualstock as Edge
from sandbox.virtualstock.orders import Order
from tests.connectors.virtualstock import cases
from tests.contract.harness import FeedCase, SinkCase
from tests.doubles import KeptArchive, ManualClock, OpenBudgets

ACCOUNT = "harbour"
PASSWORD = "a pretend password"
EAN = "5000000000012"

ROUTES = {
    "sales_orders": ("GET", "/restapi/v4/orders/"),
    "find_orders": ("GET", "/restapi/v4/orders/"),
    "acknowledgement": ("POST", "/restapi/v4/orders/[0-9]+/acknowledge/"),
    "cancellation": ("POST", "/restapi/v4/orders/[0-9]+/cancel_acknowledge/"),
    "dispatch": ("POST", "/restapi/v4/orders/[0-9]+/dispatch/"),
    "availability": ("PATCH", "/api/v4/products/[0-9]+/stock"),
    "items": ("GET", "/api/v4/products/"),
    "token": ("POST", "/restapi/v4/token"),
    "refresh": ("POST", "/restapi/v4/token/refresh"),
}


class Harness:
    """The pretend system, the connector, and what the world can do to them."""

    personal = cases.PERSONAL
    throttled = frozenset({429})
    renews_sign_in = True

    def __init__(
        self,
        *,
        clock: ManualClock | None = None,
        budgets: Budgets | None = None,
        calls_per_minute: int = 250,
        **options: Any,
    ) -> None:
        self.clock = clock or ManualClock()
        self.sandbox = Edge(
            self.clock, accounts=[Account(ACCOUNT, "supplier", PASSWORD)], calls_per_minute=calls_per_minute
        )
        self.budgets = OpenBudgets()
        self.archive = KeptArchive()
        self.surroundings = Surroundings(
            self.clock, budgets or self.budgets, self.archive, httpx.ASGITransport(app=self.sandbox.app)
        )
        self.settings = VirtualstockSettings(
            base_url="http://edge.test", username="supplier", password=SecretStr(PASSWORD)
        )
        self.options = VirtualstockOptions(**{"time_zone": "UTC", **options})
        self.connector = self.connect(**options)
        self._numbers = count(1)
        self._feeds, self._sinks = cases.feeds(self), cases.sinks(self)

    def feeds(self) -> Mapping[type, FeedCase]:
        """Return the case of every feed, by its role."""
        return self._feeds

    def sinks(self) -> Mapping[type, SinkCase]:
        """Return the case of every sink, by its role."""
        return self._sinks

    def connect(self, **options: Any) -> Virtualstock:
        """Return another connector of the same account, as another process would have."""
        return Virtualstock(
            ACCOUNT, self.settings, VirtualstockOptions(**{"time_zone": "UTC", **options}), self.surroundings
        )

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

    def disappear(self, reference: str) -> None:
        """Let an order leave the queue: somebody acknowledged it in the portal."""
        order = self._shown(reference)
        for line in order.lines:
            line.item["status"] = "ORDER_ACK"
        self.sandbox.state.supplier(ACCOUNT).orders.settle(order)

    def change_quantity(self, reference: str, quantity: int) -> None:
        """Let the first line of an order show another quantity."""
        self._shown(reference).lines[0].item["quantity"] = quantity

    def hide_stock(self, sku: str) -> None:
        """Let a product show no stock at all."""
        del self.sandbox.state.supplier(ACCOUNT).products.by_sku(sku).data["free_stock"]

    def published(self, sku: str) -> int:
        """Return the units that the retailer sells at most now."""
        return self.sandbox.published(ACCOUNT, sku)

    def next_number(self) -> int:
        """Return a number that was not used before."""
        return next(self._numbers)

    def fault(self, route_role: str, fault: Fault) -> None:
        """Break the route that a sink or a feed uses."""
        method, path = ROUTES[route_role]
        self.sandbox.faults.append(replace(fault, method=method, path=path))

    def calls(self, part: str = "") -> int:
        """Return how many calls the vendor counted on routes whose name holds `part`."""
        return sum(number for route, number in self.sandbox.calls.items() if part in route)

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

    def count(self, role: str) -> dict[str, int]:
        """Return how many of the things that a sink makes stand under each order number or SKU."""
        account = self.sandbox.dump()["accounts"][ACCOUNT]
        if role == "availability":
            return {one["sku"]: len(one["published"]) - 1 for one in account["listings"]}
        if role == "dispatch":
            return {
                order["reference"]: max((len(line["dispatches"]) for line in order["lines"]), default=0)
                for order in account["orders"]
            }
        at = {"acknowledgement": "acknowledged_at", "cancellation": "cancelled_at"}[role]
        return {order["reference"]: int(order[at] is not None) for order in account["orders"]}

    # Records.

    async def read_orders(self) -> list[SalesOrder]:
        """Walk the queue to its end and return the orders."""
        orders, cursor = [], None
        while True:
            page = await self.connector.sales_order_feed.read(cursor, ())
            orders += [one.record for one in page.received]
            if not page.more:
                return orders
            cursor = page.cursor

    def wire(self, reference: str) -> dict[str, Any]:
        """Return an order as the vendor shows it."""
        return self._shown(reference).wire

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

    def cancellation(self, reference: str) -> Cancellation:
        """Return the confirmation of a cancellation."""
        return Cancellation(
            key=reference, reference=reference, external_id=self.external_id(reference), lines=self.lines(reference)
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

    def availability(
        self, quantity: int, external_id: str = "", sku: str = "RED-M", stock_number: str = "12345678"
    ) -> Availability:
        """Return the number that shall be offered of a product."""
        return Availability(
            sku=sku, stock_number=stock_number, external_id=external_id, quantity=quantity, as_of=self.clock.now()
        )
