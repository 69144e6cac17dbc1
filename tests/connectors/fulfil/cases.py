"""What the contract suite asks of Fulfil: its feeds and its sink, and what the world does to them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from connectors.roles import GivesDispatches, GivesItems, GivesStockLevels, OpenOrder, TakesSalesOrders
from domain.records import Deducts, SalesOrder, StockLevel
from tests.connectors.making import sales_order
from tests.contract.harness import FeedCase, SinkCase
from tests.contract.wire import Route

if TYPE_CHECKING:
    from tests.connectors.fulfil.harness import Harness

BASE = "/api/v2/model"
READ, SEARCH = Route("PUT", f"{BASE}/product.product/read"), Route("PUT", f"{BASE}/product.product/search")


class World:
    """A tenant with two products in plenty, and the orders that were made in it."""

    def __init__(self, tenant: "Harness") -> None:
        self.tenant = tenant
        self._number = 0
        self.open: dict[str, OpenOrder] = {}

    def numbered(self) -> int:
        self._number += 1
        return self._number

    async def order(self) -> SalesOrder:
        if not self.tenant.tenant.products:
            self.tenant.put_item("MUG-1", 9_000)
            self.tenant.put_item("BOWL-1", 9_000)
        number = self.numbered()
        return sales_order(key=f"55{number:05d}-A", reference=f"9{number:08d}")

    async def ship(self, number: int) -> list[str]:
        keys = []
        for _ in range(number):
            shipped = await self.tenant.shipped(await self.order(), tracking=f"JD{self._number:08d}")
            [shipment] = self.tenant.tenant.sales[int(shipped.external_id)].shipments
            keys.append(str(shipment.id))
            self.open[keys[-1]] = shipped
        return keys

    def leave(self, keys: Sequence[str]) -> None:
        for key in keys:
            del self.open[key]

    def items(self, number: int) -> list[str]:
        skus = [f"SKU-{self.numbered():05d}" for _ in range(number)]
        for sku in skus:
            self.tenant.put_item(sku)
        return skus

    def contradict(self, order: SalesOrder) -> None:
        self.tenant.sandbox.key_order_by_hand(order.reference, {"MUG-1": 77})


def feeds(world: World) -> Mapping[type, FeedCase]:
    """Return the feeds of one tenant."""

    async def items(number: int) -> list[str]:
        return world.items(number)

    async def levels(number: int) -> list[str]:
        return [
            StockLevel(sku=sku, pool="MAIN", quantity=0, deducts=Deducts.ON_ACCEPTANCE).key
            for sku in world.items(number)
        ]

    return {
        GivesDispatches: FeedCase(
            lists=(Route("PUT", f"{BASE}/stock.shipment.out/search_read"),),
            rows=lambda body: body,
            show=world.ship,
            page=250,
            enumerations=(("state",), ("lines", 0, "state")),
            about=lambda: tuple(world.open.values()),
            leave=world.leave,
        ),
        GivesStockLevels: FeedCase(
            lists=(READ, SEARCH),
            rows=lambda body: body,
            show=levels,
            page=500,
            originals=_stock_originals,
        ),
        GivesItems: FeedCase(lists=(READ, SEARCH), rows=lambda body: body, show=items, page=500),
    }


def _stock_originals(body: list[Any]) -> list[Any]:
    """Return what a read of quantities gives; the search before it gives ids."""
    if all(type(row) is int for row in body):
        return []
    return [{**row, "warehouse": "MAIN"} if isinstance(row, dict) else row for row in body]


def sinks(world: World) -> Mapping[type, SinkCase]:
    """Return the sink of one tenant."""
    return {
        TakesSalesOrders: SinkCase(
            record=world.order,
            writes=(Route("PUT", f"{BASE}/sale.channel/create_order"),),
            count=lambda order: world.tenant.count(order.key),
            contradict=world.contradict,
            errors_in_200=({"type": "UserError", "message": "Something went wrong."}, "Error: something went wrong."),
        )
    }
