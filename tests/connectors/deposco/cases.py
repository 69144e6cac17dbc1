"""What the contract suite asks of Deposco: its feeds and its sink, and what the world does to them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors.deposco.mapping import stock_raws
from connectors.roles import GivesDispatches, GivesItems, GivesStockLevels, OpenOrder, TakesSalesOrders
from domain.records import Deducts
from sandbox.deposco.tenant import MAIN_FACILITY
from tests.connectors.plenty import Plenty
from tests.contract.harness import FeedCase, SinkCase
from tests.contract.wire import Route

if TYPE_CHECKING:
    from tests.connectors.deposco.harness import Harness

ITEMS = Route("GET", "/latest/items")
STOCK = Route("GET", "/integration/ACME/enterpriseinventory/JLUK/availability")
SHIPMENTS = Route("GET", "/latest/shipments/outboundShipments")


class World(Plenty):
    """A tenant with two products in plenty."""

    counts = ((MAIN_FACILITY, Deducts.ON_ACCEPTANCE),)

    def __init__(self, tenant: "Harness") -> None:
        super().__init__(tenant, tenant.sandbox.tenant.items)
        self.tenant = tenant
        self._created: list[OpenOrder] = []

    async def ship(self, number: int) -> list[str]:
        """Ship in another order than that of creation, in which the lists stand."""
        keys = []
        for _ in range(number):
            if not self._created:
                self._created = [await self.tenant.created(await self.order()) for _ in range(10)]
            order = self._created.pop()
            self.open[order.external_id] = order
            self.tenant.sandbox.ship(order.external_id, "Royal Mail", f"JD{self.numbered():08d}")
            keys.append(str(max(self.tenant.sandbox.tenant.shipments)))
        return keys


def feeds(world: World) -> Mapping[type, FeedCase]:
    """Return the feeds of one tenant."""

    return {
        GivesDispatches: FeedCase(
            lists=(SHIPMENTS,),
            rows=lambda body: body["data"],
            show=world.ship,
            page=20,
            enumerations=(("status",),),
            about=lambda: tuple(world.open.values()),
        ),
        GivesStockLevels: FeedCase(
            lists=(STOCK, ITEMS),
            rows=lambda body: body if isinstance(body, list) else body["data"],
            show=world.levels,
            page=20,
            originals=_stock_originals,
        ),
        GivesItems: FeedCase(
            lists=(ITEMS,),
            rows=lambda body: body["data"],
            show=world.items,
            page=20,
            enumerations=(("itemType",),),
        ),
    }


def _stock_originals(body: Any) -> list[Any]:
    rows = body if isinstance(body, list) else []
    return [raw for row in rows for raw in stock_raws(row, "atpQty", "")]


def sinks(world: World) -> Mapping[type, SinkCase]:
    """Return the sink of one tenant."""
    return {
        TakesSalesOrders: SinkCase(
            record=world.order,
            writes=(Route("POST", "/latest/orders/salesOrders"),),
            count=lambda order: world.tenant.count().get(order.key, 0),
            contradict=world.contradict,
            errors_in_200=(
                {"errors": [{"errorMessage": "Something went wrong."}]},
                {"errorMessages": ["Something went wrong."], "pid": "4711"},
            ),
        )
    }
