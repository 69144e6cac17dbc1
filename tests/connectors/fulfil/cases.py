"""What the contract suite asks of Fulfil: its feeds and its sink, and what the world does to them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors.roles import GivesDispatches, GivesItems, GivesStockLevels, TakesSalesOrders
from domain.records import Deducts
from tests.connectors.plenty import Plenty
from tests.contract.harness import FeedCase, SinkCase
from tests.contract.wire import Route

if TYPE_CHECKING:
    from tests.connectors.fulfil.harness import Harness

BASE = "/api/v2/model"
READ, SEARCH = Route("PUT", f"{BASE}/product.product/read"), Route("PUT", f"{BASE}/product.product/search")


class World(Plenty):
    """A tenant with two products in plenty, and the orders that were made in it."""

    counts = (("MAIN", Deducts.ON_ACCEPTANCE),)

    def __init__(self, tenant: "Harness") -> None:
        super().__init__(tenant, tenant.tenant.products)
        self.tenant = tenant

    async def ship(self, number: int) -> list[str]:
        keys = []
        for _ in range(number):
            order = self.tenant.stands(await self.order())
            self.tenant.sandbox.ship(order.external_id, "Royal Mail", f"JD{self.numbered():08d}")
            [shipment] = self.tenant.tenant.sales[int(order.external_id)].shipments
            keys.append(str(shipment.id))
            self.open[keys[-1]] = order
        return keys


def feeds(world: World) -> Mapping[type, FeedCase]:
    """Return the feeds of one tenant."""

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
            show=world.levels,
            page=500,
            originals=_stock_originals,
        ),
        GivesItems: FeedCase(lists=(READ, SEARCH), rows=lambda body: body, show=world.items, page=500),
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
