"""A Fulfil connector joined in process to a pretend tenant, and the handles that contract tests pull."""

import json
from collections import Counter
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.fulfil import Fulfil
from connectors.fulfil.order_mapping import order_of
from connectors.fulfil.settings import FulfilOptions, FulfilSettings
from connectors.http import Surroundings
from connectors.roles import OpenOrder
from domain.answers import Accepted, Found
from domain.records import SalesOrder
from sandbox.fulfil import Fulfil as PretendTenant
from sandbox.fulfil.orders import create_order
from sandbox.fulfil.wire import read
from tests.connectors.fulfil import cases
from tests.connectors.making import PERSONAL
from tests.connectors.recording import Recorded
from tests.doubles import KeptArchive, ManualClock, OpenBudgets

API_KEY = "key-of-the-tenant-1"
WEBHOOK_SECRET = "c2VjcmV0IG9mIHRoZSB3ZWJob29r"
CHANNEL = 37
BASE = "/api/v2/model"
CREATE = r"/api/v2/model/sale\.channel/create_order"
"""The route that creates, as faults are put on it."""


class Harness:
    """A connector, its pretend tenant, and their clock."""

    throttled = frozenset({429})
    renews_sign_in = False
    personal = PERSONAL

    def __init__(
        self, *, calls_per_minute: int = 1_000_000, webhook_secret: str = WEBHOOK_SECRET, **options: Any
    ) -> None:
        self.clock = ManualClock()
        self.budgets, self.archive = OpenBudgets(), KeptArchive()
        self.sandbox = PretendTenant(
            self.clock,
            api_key=API_KEY,
            channel=CHANNEL,
            calls_per_minute=calls_per_minute,
            push_to="https://ours.example/push",
            webhook_secret=WEBHOOK_SECRET,
        )
        self.tenant = self.sandbox.tenant
        self.requests: list[httpx.Request] = []
        self.settings = FulfilSettings.model_validate(
            {
                "base_url": "https://acme.fulfil.example",
                "api_key": SecretStr(API_KEY),
                "webhook_secret": SecretStr(webhook_secret),
            }
        )
        self.options = FulfilOptions(**{"channel": CHANNEL, **options})
        self.connector = self.again()
        world = cases.World(self)
        self.feeds, self.sinks = cases.feeds(world), cases.sinks(world)

    def again(self) -> Fulfil:
        """Return a connector that remembers nothing, as the next process would have it."""
        surroundings = Surroundings(self.clock, self.budgets, self.archive, Recorded(self.sandbox.app, self.requests))
        return Fulfil("quarry/fulfil", self.settings, self.options, surroundings)

    def count(self, key: str) -> int:
        """Return how many sales the tenant holds under one of our keys."""
        return Counter(sale.channel_identifier for sale in self.tenant.sales.values())[key]

    def sent(self, model: str, method: str) -> list[Any]:
        """Return the bodies that went to one method."""
        return [json.loads(each.content) for each in self.requests if each.url.path == f"{BASE}/{model}/{method}"]

    def calls(self, model: str, method: str) -> int:
        """Return how often one method was called."""
        return len(self.sent(model, method))

    def put_item(self, sku: str = "MUG-1", quantity: int = 10, ean: str | None = "5012345678900", **place: str) -> None:
        """Make one product, with its stock, appear."""
        self.sandbox.add_product(sku=sku, ean=ean, quantity=quantity, **place)

    def stands(self, record: SalesOrder) -> OpenOrder:
        """Let the tenant hold the order as our call would have made it, without the call: for orders by the hundred."""
        sale = create_order(self.tenant, read([CHANNEL, order_of(record, self.options)]))
        return OpenOrder(record.key, record.reference, str(sale.id))

    async def created(self, record: SalesOrder) -> OpenOrder:
        """Create the order, look it up, and return it as the dispatch feed wants it named."""
        answer = await send(self, record)
        assert isinstance(answer, Accepted), answer
        found = await find(self, record)
        assert isinstance(found, Found), found
        return OpenOrder(record.key, record.reference, found.external_id)

    async def shipped(self, record: SalesOrder, tracking: str = "JD0002", carrier: str = "Royal Mail") -> OpenOrder:
        """Create the order and ship it."""
        order = await self.created(record)
        self.sandbox.ship(order.external_id, carrier, tracking)
        return order


def stocked(**options: Any) -> Harness:
    """Return a harness whose tenant has plenty of what `sales_order` asks for."""
    made = Harness(**options)
    made.put_item("MUG-1", 100)
    made.put_item("BOWL-1", 100, ean=None)
    return made


async def send(harness: Harness, order: SalesOrder) -> Any:
    """Send one order and return its answer."""
    return (await harness.connector.sales_order_sink.send([order]))[order.key]


async def find(harness: Harness, order: SalesOrder) -> Any:
    """Look one order up and return the finding."""
    return (await harness.connector.sales_order_sink.find([order]))[order.key]
