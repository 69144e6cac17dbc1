"""What the contract suite asks of SEKO: its feeds and its sink, and what the world does to them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors.roles import GivesDispatches, GivesStockLevels, TakesSalesOrders
from connectors.seko.order_mapping import order_number
from connectors.seko.stock_levels import sold_from, stock_rows
from domain.records import Deducts, SalesOrder
from tests.connectors.plenty import Plenty
from tests.contract.harness import FeedCase, SinkCase
from tests.contract.wire import Route

if TYPE_CHECKING:
    from tests.connectors.seko.harness import Harness

WEBSUBMIT = Route("POST", "/api/salesorders/v4/websubmit")
STOCK = Route("GET", "/api/stock/v3/quantity")
TRACKING = Route("GET", "/hub/api/salesorders/v1/[^/]+/tracking.json")


class World(Plenty):
    """A client with two products in plenty, and the orders that have left."""

    counts = (("Available Stock", Deducts.ON_ACCEPTANCE),)

    def __init__(self, client: "Harness") -> None:
        super().__init__(client, client.sandbox.warehouse.products)
        self.client = client

    async def order(self) -> SalesOrder:
        from tests.connectors.seko.harness import sales_order

        made = await super().order()
        return sales_order(key=made.key, reference=made.reference)

    async def ship(self, number: int) -> list[str]:
        keys = []
        for _ in range(number):
            shipped = await self.client.shipped(await self.order(), tracking=f"JD{self._number:08d}")
            keys.append(shipped.external_id)
            self.open[shipped.external_id] = shipped
        return keys

    def contradict(self, order: SalesOrder) -> None:
        """Let our own order stand there, cancelled by a person: its number is used up."""
        self.client.submit(order)
        self.client.sandbox.warehouse.cancel(
            self.client.sandbox.warehouse.orders[order_number(order, self.client.options)]
        )


def feeds(world: World) -> Mapping[type, FeedCase]:
    """Return the feeds of one client."""
    return {
        GivesDispatches: FeedCase(
            lists=(TRACKING,),
            rows=lambda body: [body],
            show=world.ship,
            page=50,
            about=lambda: tuple(world.open.values()),
            leave=world.leave,
        ),
        GivesStockLevels: FeedCase(
            lists=(STOCK,),
            rows=_stock_rows,
            originals=lambda body: stock_rows(sold_from(_stock_rows(body), world.client.options)),
            show=world.levels,
            page=200,
            uncounted=(STOCK,),
            in_one_answer=True,
        ),
    }


def _stock_rows(body: Any) -> list[Any]:
    rows: list[Any] = body["List"]["StockQuantityLineItem"]
    return rows


def sinks(world: World) -> Mapping[type, SinkCase]:
    """Return the sink of one client."""
    return {
        TakesSalesOrders: SinkCase(
            record=world.order,
            writes=(WEBSUBMIT,),
            count=lambda order: world.client.count().get(order.key, 0),
            contradict=world.contradict,
            errors_in_200=(
                {"CallStatus": {"Success": False, "Code": 500, "Message": "An error has occurred."}},
                {"CallStatus": {"Success": False, "Code": 100, "Message": "Something went wrong."}},
                {"CallStatus": {"Code": 0}, "GUID": "0c0fdc2e-0000-4000-8000-000000000000"},
            ),
        )
    }
