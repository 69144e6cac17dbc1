"""A Magento connector joined in process to a pretend shop, and the handles that contract tests pull."""

import json
import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.bodies import sent
from connectors.http import Surroundings
from connectors.magento import Magento
from connectors.magento.order_mapping import order_body
from connectors.magento.settings import MagentoOptions, MagentoSettings
from connectors.roles import OpenOrder
from domain.answers import Done
from domain.budgets import Lane, Limit
from domain.records import SalesOrder
from sandbox.kit import Fault
from sandbox.magento import Credentials, InputLimits
from sandbox.magento import Magento as PretendShop
from tests.connectors.magento import cases
from tests.connectors.making import PERSONAL
from tests.connectors.recording import Recorded
from tests.doubles import KeptArchive, ManualClock, OpenBudgets

CREDENTIALS = Credentials("consumer-key-1", "consumer-secret&1", "access-token-1", "token-secret/1")
ROUTES = {
    "sales_order": ("POST", "/rest/default/V1/orders"),
    "find_sales_order": ("GET", "/rest/default/V1/orders"),
    "dispatch": ("GET", "/rest/default/V1/shipments"),
    "stock_level": ("GET", "/rest/default/V1/inventory/source-items"),
    "salable": ("GET", "/rest/default/V1/inventory/export-stock-salable-qty/website/base"),
    "item": ("GET", "/rest/default/V1/products"),
}


class SpendableBudgets(OpenBudgets):
    """Permits every call until it is told when the next permit comes; `permits` more calls go before that."""

    spent_until: datetime | None = None
    permits: int = 0

    def take(self, account: str, limit: Limit, lane: Lane) -> datetime | None:
        if self.spent_until is not None and self.permits <= 0:
            return self.spent_until
        self.permits -= 1
        return super().take(account, limit, lane)


class Harness:
    """A connector, its pretend shop, and their clock. `fault` and `count` name routes by role."""

    throttled = frozenset({429})
    renews_sign_in = False

    def __init__(
        self,
        *,
        bearer: bool = False,
        base_url: str = "https://shop.example",
        input_limits: InputLimits | None = None,
        **options: Any,
    ) -> None:
        self.clock = ManualClock()
        self.budgets, self.archive = SpendableBudgets(), KeptArchive()
        self.sandbox = PretendShop(self.clock, credentials=CREDENTIALS, input_limits=input_limits)
        self.requests: list[httpx.Request] = []
        self.surroundings = Surroundings(
            self.clock, self.budgets, self.archive, Recorded(self.sandbox.app, self.requests)
        )
        values = {"access_token": SecretStr(CREDENTIALS.access_token)}
        if not bearer:
            values["consumer_key"] = SecretStr(CREDENTIALS.consumer_key)
            values["consumer_secret"] = SecretStr(CREDENTIALS.consumer_secret)
            values["access_token_secret"] = SecretStr(CREDENTIALS.access_token_secret)
        self.settings = MagentoSettings.model_validate({"base_url": base_url, **values})
        self.options = MagentoOptions(**options)
        self.connector = Magento("harbour/magento", self.settings, self.options, self.surroundings)
        self.personal = PERSONAL
        world = cases.World(self)
        self.feeds, self.sinks = cases.feeds(world), cases.sinks(world)

    def fault(self, route_role: str, fault: Fault) -> None:
        """Break the route that a sink or a feed uses."""
        method, path = ROUTES[route_role]
        self.sandbox.faults.append(replace(fault, method=method, path=re.escape(path)))

    def count(self, role: str = "sales_order") -> dict[str, int]:
        """Return how many sales orders the shop holds under each of our keys."""
        assert role == "sales_order"
        counts: dict[str, int] = {}
        for order in self.sandbox.orders.table.rows.values():
            number = str(order.columns["increment_id"])
            if number.startswith(self.options.increment_prefix):
                key = number.removeprefix(self.options.increment_prefix)
                counts[key] = counts.get(key, 0) + 1
        return counts

    def calls(self, route_role: str) -> int:
        """Return how often the route was called."""
        method, path = ROUTES[route_role]
        return sum(request.method == method and request.url.path == path for request in self.requests)

    def put_item(self, sku: str = "MUG-1", quantity: int = 10, ean: str | None = "5012345678900") -> None:
        """Make one product, with its stock, appear."""
        self.sandbox.add_product(sku=sku, ean=ean, quantity=quantity)

    def drop_stock(self, sku: str) -> None:
        """Make the units of one product disappear."""
        self.sandbox.receive_stock(sku, -int(self.sandbox.stock.physical(sku)))

    def stands(self, record: SalesOrder) -> OpenOrder:
        """Let the shop hold the order as our call would have made it, without the call: for orders by the hundred."""
        products = self.sandbox.stock.products.rows.values()
        body = sent(order_body(record, {one.sku: one.product_id for one in products}, self.options))
        made = self.sandbox.orders.create(json.loads(body["content"])["entity"], self.clock.now())
        return OpenOrder(record.key, record.reference, str(made["entity_id"]))

    async def shipped(self, record: SalesOrder, tracking: str = "JD0002", carrier: str = "Royal Mail") -> OpenOrder:
        """Create the order, ship it, and return it as the dispatch feed wants it named."""
        answer = (await self.connector.sales_order_sink.send([record]))[record.key]
        assert isinstance(answer, Done), answer
        self.sandbox.ship(answer.external_id, carrier, tracking)
        return OpenOrder(record.key, record.reference, answer.external_id)


SECRETS = (CREDENTIALS.consumer_secret, CREDENTIALS.access_token, CREDENTIALS.access_token_secret)
