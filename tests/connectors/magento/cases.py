"""What the contract suite asks of a Magento shop: its feeds and its sink, and what the world does to them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from connectors.roles import GivesDispatches, GivesItems, GivesStockLevels, TakesSalesOrders
from domain.records import Deducts
from tests.connectors.plenty import Plenty
from tests.contract.harness import FeedCase, SinkCase
from tests.contract.wire import Route

if TYPE_CHECKING:
    from tests.connectors.magento.harness import Harness

BASE = "/rest/default/V1"
SALABLE = Route("GET", f"{BASE}/inventory/export-stock-salable-qty/website/base")


class World(Plenty):
    """A shop with two products in plenty, and the orders that were made in it."""

    counts = (("default", Deducts.ON_DISPATCH), ("salable", Deducts.NEVER))

    def __init__(self, shop: "Harness") -> None:
        super().__init__(shop, shop.sandbox.stock.products.rows)
        self.shop = shop

    async def ship(self, number: int) -> list[str]:
        keys = []
        for _ in range(number):
            order = self.shop.stands(await self.order())
            self.shop.sandbox.ship(order.external_id, "Royal Mail", f"JD{self._number:08d}")
            keys.append(str(max(self.shop.sandbox.fulfilment.shipments.rows)))
            self.open[keys[-1]] = order
        return keys


def feeds(world: World) -> Mapping[type, FeedCase]:
    """Return the feeds of one shop."""

    return {
        GivesDispatches: FeedCase(
            lists=(Route("GET", f"{BASE}/shipments"),),
            rows=lambda body: body["items"] or [],
            show=world.ship,
            page=200,
            about=lambda: tuple(world.open.values()),
            leave=world.leave,
        ),
        GivesStockLevels: FeedCase(
            lists=(Route("GET", f"{BASE}/inventory/source-items"), SALABLE),
            rows=lambda body: body["items"] or [],
            show=world.levels,
            page=200,
            originals=lambda body: body["items"] or [],
            enumerations=(("status",), ("is_salable",)),
            uncounted=(SALABLE,),
        ),
        GivesItems: FeedCase(
            lists=(Route("GET", f"{BASE}/products"),),
            rows=lambda body: body["items"] or [],
            show=world.items,
            page=200,
            enumerations=(("status",),),
        ),
    }


def sinks(world: World) -> Mapping[type, SinkCase]:
    """Return the sink of one shop."""
    return {
        TakesSalesOrders: SinkCase(
            record=world.order,
            writes=(Route("POST", f"{BASE}/orders"),),
            count=lambda order: world.shop.count("sales_order").get(order.key, 0),
            contradict=world.contradict,
            errors_in_200=({"message": "Something went wrong."},),
        )
    }
