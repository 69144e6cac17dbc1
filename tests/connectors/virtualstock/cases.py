"""What the contract suite asks of The Edge: its feeds and sinks, and what the world does to them."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from connectors.roles import (
    GivesItems,
    GivesSalesOrders,
    TakesAcknowledgements,
    TakesAvailability,
    TakesCancellations,
    TakesDispatches,
)
from domain.records import Availability
from tests.connectors import making
from tests.connectors.making import GIFT
from tests.contract.harness import FeedCase, SinkCase
from tests.contract.wire import Route

if TYPE_CHECKING:
    from tests.connectors.virtualstock.harness import Harness

PERSON = {**making.PERSON, "country": "GB", "email": "wilhelmina@personal.example"}
PERSONAL = (*(text for name, text in PERSON.items() if name not in {"country", "email"}), "personal.example", GIFT)
ERRORS_IN_200 = ({"detail": "Something went wrong."},)


def feeds(edge: "Harness") -> Mapping[type, FeedCase]:
    """Return the feeds of one supplier account."""

    async def orders(number: int) -> list[str]:
        return [edge.place_order(1, 2, shipping_address=dict(PERSON), comment=GIFT) for _ in range(number)]

    async def listings(number: int) -> list[str]:
        names = [f"SKU-{edge.next_number():05d}" for _ in range(number)]
        for name in names:
            edge.list_product(name, name.removeprefix("SKU-"))
        return names

    def leave(references: Sequence[str]) -> None:
        for reference in references:
            edge.acknowledge_elsewhere(reference)

    return {
        GivesSalesOrders: FeedCase(
            lists=(Route("GET", "/restapi/v4/orders/"),),
            rows=lambda body: body["results"],
            show=orders,
            page=100,
            enumerations=(("items", 0, "status"),),
            personal=True,
            leave=leave,
        ),
        GivesItems: FeedCase(
            lists=(Route("GET", "/api/v4/products/"),), rows=lambda body: body["results"], show=listings, page=100
        ),
    }


def sinks(edge: "Harness") -> Mapping[type, SinkCase]:
    """Return the sinks of one supplier account."""

    def order_action(role: str, prepare: Callable[[str], None], make: Callable[[str], Any]) -> SinkCase:
        async def record() -> Any:
            reference = edge.place_order(2, 3, shipping_address=dict(PERSON), comment=GIFT)
            prepare(reference)
            return make(reference)

        return SinkCase(
            record=record,
            writes=(Route("POST", f"/restapi/v4/orders/[0-9]+/{role}/"),),
            count=lambda one: edge.count(
                {"acknowledge": "acknowledgement", "dispatch": "dispatch"}.get(role, "cancellation")
            )[one.reference],
            contradict=lambda one: edge.change_quantity(one.reference, 9),
            errors_in_200=ERRORS_IN_200,
        )

    async def level() -> Availability:
        name = f"SKU-{edge.next_number():05d}"
        product = edge.list_product(name, name.removeprefix("SKU-"), free_stock=100)
        return edge.availability(7, product, name, name.removeprefix("SKU-"))

    return {
        TakesAcknowledgements: order_action("acknowledge", lambda _: None, edge.acknowledgement),
        TakesCancellations: order_action("cancel_acknowledge", edge.cancel, edge.cancellation),
        TakesDispatches: order_action(
            "dispatch",
            edge.acknowledge_elsewhere,
            lambda reference: edge.dispatch(reference, key=f"shipment-{reference}"),
        ),
        TakesAvailability: SinkCase(
            record=level,
            writes=(Route("PATCH", "/api/v4/products/[0-9]+/stock"),),
            count=lambda one: int(edge.published(one.sku) == one.quantity),
            contradict=lambda one: edge.hide_stock(one.sku),
            errors_in_200=ERRORS_IN_200,
        ),
    }
