"""One supplier account of the pretend The Edge and its connector, in process."""

from dataclasses import replace
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.http import Surroundings
from connectors.virtualstock import Virtualstock
from connectors.virtualstock.connector import VirtualstockOptions, VirtualstockSettings
from domain.budgets import Budgets
from domain.records import Availability, SalesOrder
from sandbox.kit import Fault
from sandbox.virtualstock import Account
from sandbox.virtualstock import Virtualstock as Edge
from tests.connectors.virtualstock import cases
from tests.connectors.virtualstock.retailer import ACCOUNT, PASSWORD, Retailer
from tests.doubles import KeptArchive, ManualClock, OpenBudgets

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


class Harness(Retailer):
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
        clock, accounts = clock or ManualClock(), [Account(ACCOUNT, "supplier", PASSWORD)]
        super().__init__(clock, Edge(clock, accounts=accounts, calls_per_minute=calls_per_minute))
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
        self.feeds, self.sinks = cases.feeds(self), cases.sinks(self)

    def connect(self, **options: Any) -> Virtualstock:
        """Return another connector of the same account, as another process would have."""
        return Virtualstock(
            ACCOUNT, self.settings, VirtualstockOptions(**{"time_zone": "UTC", **options}), self.surroundings
        )

    # The world.

    def change_quantity(self, reference: str, quantity: int) -> None:
        """Let the first line of an order show another quantity."""
        self._shown(reference).lines[0].item["quantity"] = quantity

    def hide_stock(self, sku: str) -> None:
        """Let a product show no stock at all."""
        del self.sandbox.state.supplier(ACCOUNT).products.by_sku(sku).data["free_stock"]

    def fault(self, route_role: str, fault: Fault) -> None:
        """Break the route that a sink or a feed uses."""
        method, path = ROUTES[route_role]
        self.sandbox.faults.append(replace(fault, method=method, path=path))

    def calls(self, part: str = "") -> int:
        """Return how many calls the vendor counted on routes whose name holds `part`."""
        return sum(number for route, number in self.sandbox.calls.items() if part in route)

    # The truth.

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

    def availability(
        self, quantity: int, external_id: str = "", sku: str = "RED-M", stock_number: str = "12345678"
    ) -> Availability:
        """Return the number that shall be offered of a product."""
        return Availability(
            sku=sku, stock_number=stock_number, external_id=external_id, quantity=quantity, as_of=self.clock.now()
        )
