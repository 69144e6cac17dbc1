"""What the contract suite asks of Cin7 Core: its feeds and its sink, and what the world does to them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from connectors.cin7_core.mapping import stock_rows
from connectors.roles import GivesDispatches, GivesItems, GivesStockLevels, TakesSalesOrders
from domain.answers import Done
from domain.records import Deducts
from sandbox.cin7_core.books import MAIN_WAREHOUSE
from tests.connectors.plenty import Plenty
from tests.contract.harness import FeedCase, SinkCase
from tests.contract.wire import Route

if TYPE_CHECKING:
    from tests.connectors.cin7_core.harness import Harness

BASE = "/ExternalApi/v2"


class World(Plenty):
    """A company with two products in plenty."""

    counts = ((MAIN_WAREHOUSE, Deducts.ON_ACCEPTANCE),)

    def __init__(self, company: "Harness") -> None:
        super().__init__(company, company.sandbox.company.stock.products)
        self.company = company
        self._created: list[str] = []

    async def ship(self, number: int) -> list[str]:
        """Ship in another order than that of creation, in which the lists stand."""
        keys = []
        for _ in range(number):
            if not self._created:
                records = [await self.order() for _ in range(10)]
                answers = await self.company.connector.sales_order_sink.send(records)
                self._created = [answer.external_id for answer in answers.values() if isinstance(answer, Done)]
            sale_id = self._created.pop()
            self.company.sandbox.ship(sale_id, "Royal Mail", f"JD{self.numbered():08d}")
            [parcel] = self.company.sandbox.company.sale(sale_id).parcels
            keys.append(parcel.id)
        return keys


def feeds(world: World) -> Mapping[type, FeedCase]:
    """Return the feeds of one company."""

    return {
        GivesDispatches: FeedCase(
            lists=(Route("GET", f"{BASE}/sale"),),
            rows=lambda body: [body],
            show=world.ship,
            page=45,
            enumerations=(("Fulfilments", 0, "Ship", "Status"),),
        ),
        GivesStockLevels: FeedCase(
            lists=(Route("GET", f"{BASE}/ref/productavailability"),),
            rows=lambda body: body["ProductAvailabilityList"],
            show=world.levels,
            page=1000,
            originals=lambda body: stock_rows(body["ProductAvailabilityList"]),
        ),
        GivesItems: FeedCase(
            lists=(Route("GET", f"{BASE}/product"),),
            rows=lambda body: body["Products"],
            show=world.items,
            page=1000,
            enumerations=(("Status",),),
        ),
    }


def sinks(world: World) -> Mapping[type, SinkCase]:
    """Return the sink of one company."""
    return {
        TakesSalesOrders: SinkCase(
            record=world.order,
            writes=(Route("POST", f"{BASE}/sale"), Route("POST", f"{BASE}/sale/order")),
            count=lambda order: world.company.count("sales_order").get(order.key, 0),
            contradict=world.contradict,
            errors_in_200=([{"ErrorCode": 500, "Exception": "Something went wrong."}], "Something went wrong."),
        )
    }
