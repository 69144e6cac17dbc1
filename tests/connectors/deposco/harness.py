"""A Deposco connector joined in process to a pretend tenant, and the handles that its tests pull."""

import json
import re
from collections import Counter
from dataclasses import replace
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.deposco import Deposco
from connectors.deposco.settings import DeposcoOptions, DeposcoSettings, Service
from connectors.http import Surroundings
from connectors.roles import OpenOrder
from domain.answers import Done
from domain.records import SalesOrder
from sandbox.deposco import Credentials
from sandbox.deposco import Deposco as PretendTenant
from sandbox.kit import Fault
from tests.connectors.deposco import cases
from tests.connectors.making import PERSONAL
from tests.connectors.recording import Recorded
from tests.doubles import BucketBudgets, KeptArchive, ManualClock, OpenBudgets

CREDENTIALS = Credentials("client-1", "client-secret-1", "api-user-1", "v1-password-1", "refresh-token-1")
SECRETS = (CREDENTIALS.client_secret, CREDENTIALS.password, CREDENTIALS.refresh_token)
DPD = Service(carrier="DPD", service="DPD Next Day")
ORDERS = "/latest/orders/salesOrders"
ROUTES = {
    "token": ("POST", "/oauth2/token"),
    "sales_order": ("POST", ORDERS),
    "find_sales_order": ("GET", ORDERS),
    "order": ("GET", ORDERS + "/[0-9]+"),
    "order_lines": ("GET", ORDERS + "/[0-9]+/orderLines"),
    "status": ("POST", ORDERS + "/[0-9]+/status"),
    "customer_order": ("POST", "/latest/orders/customerOrders"),
    "dispatch": ("GET", "/latest/shipments/outboundShipments"),
    "shipment_lines": ("GET", "/latest/shipments/outboundShipments/[0-9]+/shipmentLines"),
    "item": ("GET", "/latest/items"),
    "stock_level": ("GET", "/integration/ACME/enterpriseinventory/JLUK/availability"),
}


class Harness:
    """A connector, its pretend tenant, and their clock. `fault` and `calls` name routes by role."""

    throttled = frozenset({429})
    renews_sign_in = True

    def __init__(
        self,
        *,
        installed: bool = True,
        client_secret: str = CREDENTIALS.client_secret,
        calls_per_second: int = 1_000_000,
        blank_every: int = 0,
        **options: Any,
    ) -> None:
        self.clock = ManualClock()
        is_limited = calls_per_second < 1_000
        self.budgets: Any = BucketBudgets(self.clock) if is_limited else OpenBudgets()
        self.archive = KeptArchive()
        self.sandbox = PretendTenant(
            self.clock, credentials=CREDENTIALS, calls_per_second=calls_per_second, blank_every=blank_every
        )
        self.requests: list[httpx.Request] = []
        self.surroundings = Surroundings(
            self.clock, self.budgets, self.archive, Recorded(self.sandbox.app, self.requests)
        )
        self.settings = DeposcoSettings(
            base_url="https://deposco.example",
            tenant="ACME",
            client_id=CREDENTIALS.client_id,
            client_secret=SecretStr(client_secret),
            refresh_token=SecretStr(CREDENTIALS.refresh_token if installed else ""),
            user=CREDENTIALS.user,
            password=SecretStr(CREDENTIALS.password),
        )
        chosen: dict[str, Any] = {"business_unit": "JLUK", "default_service": DPD, "page_size": 20, **options}
        self.options = DeposcoOptions(**chosen)
        self.connector = self.again()
        self.personal = PERSONAL
        world = cases.World(self)
        self.feeds, self.sinks = cases.feeds(world), cases.sinks(world)

    def again(self) -> Deposco:
        """Return a connector that remembers nothing, as the next process would have it."""
        return Deposco("orchard/deposco", self.settings, self.options, self.surroundings)

    def fault(self, route_role: str, fault: Fault) -> None:
        """Break the route that a sink or a feed uses."""
        method, path = ROUTES[route_role]
        self.sandbox.faults.append(replace(fault, method=method, path=path))

    def count(self) -> dict[str, int]:
        """Return how many orders the tenant holds under each of our keys."""
        prefix = self.options.number_prefix
        numbers = [order.number for order in self.sandbox.tenant.orders.values()]
        return dict(Counter(number.removeprefix(prefix) for number in numbers if number.startswith(prefix)))

    def _to(self, route_role: str) -> list[httpx.Request]:
        method, path = ROUTES[route_role]
        return [r for r in self.requests if r.method == method and re.fullmatch(path, r.url.path)]

    def calls(self, route_role: str) -> int:
        """Return how often the route was called."""
        return len(self._to(route_role))

    def sent(self, route_role: str) -> list[dict[str, Any]]:
        """Return the bodies that went to the route."""
        return [json.loads(request.content) for request in self._to(route_role)]

    def put_item(self, sku: str = "MUG-1", quantity: int = 10, ean: str = "") -> None:
        """Make one product, with its stock, appear."""
        self.sandbox.add_product(sku=sku, ean=ean, quantity=quantity)

    async def created(self, record: SalesOrder) -> OpenOrder:
        """Create the order, and return it as a feed wants it named."""
        answer = (await self.connector.sales_order_sink.send([record]))[record.key]
        assert isinstance(answer, Done), answer
        return OpenOrder(record.key, record.reference, answer.external_id)

    async def shipped(self, record: SalesOrder, tracking: str = "JD0002", carrier: str = "Royal Mail") -> OpenOrder:
        """Create the order, ship it, and return it as the dispatch feed wants it named."""
        order = await self.created(record)
        self.sandbox.ship(order.external_id, carrier, tracking)
        return order._replace(awaits_tracking=not tracking)
