"""What the contract suite asks of SEKO: its feeds and its sink, and what the world does to them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from connectors.roles import GivesDispatches, GivesStockLevels, OpenOrder, TakesSalesOrders
from connectors.seko.order_mapping import order_number
from connectors.seko.stock_levels import sold_from, stock_rows
from domain.records import Deducts, SalesOrder, StockLevel
from tests.contract.harness import FeedCase, SinkCase
from tests.contract.wire import Route

if TYPE_CHECKING:
    from tests.connectors.seko.harness import Harness

WEBSUBMIT = Route("POST", "/api/salesorders/v4/websubmit")
STOCK = Route("GET", "/api/stock/v3/quantity")
TRACKING = Route("GET", "/hub/api/salesorders/v1/[^/]+/tracking.json")


class World:
    """A client with two products in plenty, and the orders that have left."""

    def __init__(self, client: "Harness") -> None:
        self.client = client
        self._number = 0
        self.open: dict[str, OpenOrder] = {}

    def numbered(self) -> int:
        self._number += 1
        return self._number

    async def order(self) -> SalesOrder:
        from tests.connectors.seko.harness import sales_order

        if not self.client.sandbox.warehouse.products:
            self.client.put_item("MUG-1", 9_000)
            self.client.put_item("BOWL-1", 9_000)
        number = self.numbered()
        return sales_order(key=f"55{number:05d}-A", reference=f"9{number:08d}")

    async def ship(self, number: int) -> list[str]:
        keys = []
        for _ in range(number):
            shipped = await self.client.shipped(await self.order(), tracking=f"JD{self._number:08d}")
            keys.append(shipped.external_id)
            self.open[shipped.external_id] = shipped
        return keys

    def leave(self, keys: Sequence[str]) -> None:
        for key in keys:
            del self.open[key]

    async def levels(self, number: int) -> list[str]:
        skus = [f"SKU-{self.numbered():05d}" for _ in range(number)]
        for sku in skus:
            self.client.put_item(sku)
        return [
            StockLevel(sku=sku, pool="Available Stock", quantity=0, deducts=Deducts.ON_ACCEPTANCE).key for sku in skus
        ]

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
