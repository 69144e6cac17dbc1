"""A SEKO connector joined in process to a pretend SEKO, and the handles that contract tests pull."""

import json
from collections import Counter
from decimal import Decimal
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.http import Surroundings
from connectors.roles import OpenOrder
from connectors.seko import Seko
from connectors.seko.order_mapping import order_body, order_guid, order_number
from connectors.seko.settings import SekoOptions, SekoSettings
from domain.answers import Done
from domain.records import OrderLine, SalesOrder
from sandbox.seko import Seko as PretendSeko
from sandbox.seko.orders import submitted
from tests.connectors import making
from tests.connectors.recording import Recorded
from tests.connectors.seko import cases
from tests.doubles import BucketBudgets, KeptArchive, ManualClock, OpenBudgets

TOKEN = "5ec2e7e5-0000-4000-8000-0000000000cc"
ADDRESS = "http://seko.test"


class Harness:
    """A connector, its pretend SEKO, and their clock. It may read the legacy hub, and no push is waited for."""

    throttled = frozenset({429})
    renews_sign_in = False

    def __init__(self, *, token: str = TOKEN, true_budget: bool = False, **options: Any) -> None:
        self.clock = ManualClock()
        self.budgets: Any = BucketBudgets(self.clock) if true_budget else OpenBudgets()
        self.archive = KeptArchive()
        self.sandbox = PretendSeko(
            self.clock,
            token=TOKEN,
            visible_after_seconds=300 if true_budget else 0,
            stock_lag_seconds=300 if true_budget else 0,
            stock_reads=1 if true_budget else 1_000_000,
        )
        self.requests: list[httpx.Request] = []
        self.settings = SekoSettings(base_url=ADDRESS, legacy_base_url=ADDRESS, token=SecretStr(token))
        usual = {"legacy_reads": True, "push_patience_minutes": 0}
        self.options = SekoOptions.model_validate({**usual, **options})
        self.surroundings = Surroundings(
            self.clock, self.budgets, self.archive, Recorded(self.sandbox.app, self.requests)
        )
        self.connector = self.again()
        self.personal = making.PERSONAL
        world = cases.World(self)
        self.feeds, self.sinks = cases.feeds(world), cases.sinks(world)

    def again(self) -> Seko:
        """Return a connector that remembers nothing, as the next process would have it."""
        return Seko("harbour/seko", self.settings, self.options, self.surroundings)

    def count(self) -> dict[str, int]:
        """Return how many orders SEKO holds under each of our keys."""
        prefix = self.options.order_prefix
        numbers = [order.number for order in self.sandbox.warehouse.orders.values()]
        return dict(Counter(number.removeprefix(prefix) for number in numbers if number.startswith(prefix)))

    def sent(self, path: str) -> list[dict[str, Any]]:
        """Return the bodies that went to an address."""
        return [json.loads(one.content) for one in self.requests if one.url.path == path]

    def put_item(self, sku: str = "MUG-1", quantity: int = 10) -> None:
        """Make one product, with its stock, appear."""
        self.sandbox.add_product(sku=sku, ean="5012345678900", quantity=quantity)

    def submit(self, record: SalesOrder) -> None:
        """Let an order stand at SEKO as an earlier attempt of ours would have made it."""
        body = json.loads(json.dumps(order_body(record, self.options), default=str))
        submitted(self.sandbox.warehouse, body, "DCCL01", order_guid(record, self.options))

    async def shipped(self, record: SalesOrder, tracking: str = "JD0002", carrier: str = "DPD") -> OpenOrder:
        """Create the order, ship it, and return it as the sweep wants it named."""
        answer = (await self.connector.sales_order_sink.send([record]))[record.key]
        assert isinstance(answer, Done), answer
        self.sandbox.ship(order_number(record, self.options), carrier, tracking)
        units = Counter({line.sku or "": line.quantity for line in record.lines})
        return OpenOrder(record.key, record.reference, answer.external_id, not tracking, tuple(units.items()))


def sales_order(key: str = "5501-A", reference: str = "900100200", **changes: Any) -> SalesOrder:
    """Return an order of two lines, all personal fields filled with words that a test can look for."""
    lines = changes.pop("lines", None) or (order_line(f"{key}-1", "MUG-1", 2), order_line(f"{key}-2", "BOWL-1", 1))
    return making.sales_order(key, reference, lines=lines, **changes)


def order_line(line: str, sku: str | None, quantity: int, **changes: Any) -> OrderLine:
    """Return a line at 10.00 net and 2.00 tax each."""
    money = {"unit_price_net": Decimal("10.00"), "tax": Decimal("2.00") * quantity, "tax_rate": Decimal(20)}
    return OrderLine(line=line, sku=sku, ean=None, stock_number=None, quantity=quantity, **{**money, **changes})
