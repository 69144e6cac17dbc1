"""A Cin7 Core connector joined in process to a pretend company, and the handles that contract tests pull."""

import json
import re
from collections import Counter
from dataclasses import replace
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.cin7_core import Cin7Core
from connectors.cin7_core.settings import Cin7CoreOptions, Cin7CoreSettings
from connectors.http import Surroundings
from connectors.roles import OpenOrder
from domain.answers import Done
from domain.records import SalesOrder
from sandbox.cin7_core import Cin7Core as PretendCompany
from sandbox.kit import Fault
from tests.connectors.cin7_core import cases
from tests.connectors.making import PERSONAL
from tests.connectors.recording import Recorded
from tests.doubles import BucketBudgets, KeptArchive, ManualClock, OpenBudgets

ACCOUNT_ID = "0f0e0d0c-0000-4000-8000-0000000000aa"
APPLICATION_KEY = "5ec2e7e5-0000-4000-8000-0000000000bb"
SECRETS = (APPLICATION_KEY,)
BASE = "/ExternalApi/v2"
ROUTES = {
    "sales_order": ("POST", f"{BASE}/sale"),
    "sales_order_lines": ("POST", f"{BASE}/sale/order"),
    "void": ("DELETE", f"{BASE}/sale"),
    "find_sales_order": ("GET", f"{BASE}/saleList"),
    "sale": ("GET", f"{BASE}/sale"),
    "dispatch": ("GET", f"{BASE}/saleList"),
    "stock_level": ("GET", f"{BASE}/ref/productavailability"),
    "item": ("GET", f"{BASE}/product"),
    "me": ("GET", f"{BASE}/me"),
}


class Harness:
    """A connector, its pretend company, and their clock. `fault` and `calls` name routes by role."""

    throttled = frozenset({429, 503})  # 503 in the reference of 2024, 429 in that of 2026
    renews_sign_in = False

    def __init__(self, *, application_key: str = APPLICATION_KEY, true_budget: bool = False, **options: Any) -> None:
        self.clock = ManualClock()
        self.budgets: Any = BucketBudgets(self.clock) if true_budget else OpenBudgets()
        self.archive = KeptArchive()
        self.sandbox = PretendCompany(
            self.clock,
            account_id=ACCOUNT_ID,
            application_key=APPLICATION_KEY,
            calls_per_minute=60 if true_budget else 1_000_000,
        )
        self.requests: list[httpx.Request] = []
        self.surroundings = Surroundings(
            self.clock, self.budgets, self.archive, Recorded(self.sandbox.app, self.requests)
        )
        self.settings = Cin7CoreSettings(account_id=ACCOUNT_ID, application_key=SecretStr(application_key))
        self.options = Cin7CoreOptions(**options)
        self.connector = self.again()
        self.personal = PERSONAL
        world = cases.World(self)
        self.feeds, self.sinks = cases.feeds(world), cases.sinks(world)

    def again(self) -> Cin7Core:
        """Return a connector that remembers nothing, as the next process would have it."""
        return Cin7Core("harbour/cin7_core", self.settings, self.options, self.surroundings)

    def rewire(self) -> None:
        """Let the next connector see the pretend company as it is now, doorway included."""
        self.surroundings = replace(self.surroundings, transport=Recorded(self.sandbox.app, self.requests))

    def fault(self, route_role: str, fault: Fault) -> None:
        """Break the route that a sink or a feed uses."""
        method, path = ROUTES[route_role]
        self.sandbox.faults.append(replace(fault, method=method, path=re.escape(path)))

    def count(self, role: str = "sales_order") -> dict[str, int]:
        """Return how many sales, voided ones left out, the company holds under each of our keys."""
        assert role == "sales_order"
        prefix = self.options.external_id_prefix
        live = [sale for sale in self.sandbox.company.sales.values() if sale.status != "VOIDED"]
        marks = [str(sale.header["ExternalID"]) for sale in live]
        return dict(Counter(mark.removeprefix(prefix) for mark in marks if mark.startswith(prefix)))

    def calls(self, route_role: str) -> int:
        """Return how often the route was called."""
        method, path = ROUTES[route_role]
        return sum(request.method == method and request.url.path == path for request in self.requests)

    def sent(self, route_role: str) -> list[dict[str, Any]]:
        """Return the bodies that went to the route."""
        method, path = ROUTES[route_role]
        return [json.loads(r.content) for r in self.requests if (r.method, r.url.path) == (method, path)]

    def put_item(self, sku: str = "MUG-1", quantity: int = 10, ean: str = "5012345678900") -> None:
        """Make one product, with its stock, appear."""
        self.sandbox.add_product(sku=sku, ean=ean, quantity=quantity)

    def drop_stock(self, sku: str) -> None:
        """Make the free units of one product disappear."""
        self.sandbox.receive_stock(sku, -self.sandbox.free(sku))

    async def shipped(self, record: SalesOrder, tracking: str = "JD0002", carrier: str = "Royal Mail") -> OpenOrder:
        """Create the order, ship it, and return it as the dispatch feed wants it named."""
        answer = (await self.connector.sales_order_sink.send([record]))[record.key]
        assert isinstance(answer, Done), answer
        self.sandbox.ship(answer.external_id, carrier, tracking)
        return OpenOrder(record.key, record.reference, answer.external_id, awaits_tracking=not tracking)
