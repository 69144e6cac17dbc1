"""What the contract suite asks of The Edge by files: its feeds and sinks, and what the world does to them."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from connectors.roles import (
    GivesItems,
    GivesSalesOrders,
    TakesAcknowledgements,
    TakesAvailability,
    TakesCancellations,
    TakesDispatches,
)
from connectors.virtualstock.files.listings import PAGE_SIZE
from connectors.virtualstock.files.orders import PAGE_FILES
from domain.records import Availability
from tests.connectors.making import GIFT
from tests.connectors.virtualstock.cases import PERSON
from tests.connectors.virtualstock.cases import PERSONAL as PERSONAL_OVER_REST
from tests.contract.harness import FeedCase, SinkCase

if TYPE_CHECKING:
    from tests.connectors.virtualstock_files.harness import Harness

PERSONAL = tuple(word for word in PERSONAL_OVER_REST if word != PERSON["state"])  # files have no county


def feeds(edge: "Harness") -> Mapping[type, FeedCase]:
    """Return the feeds of one account of folders."""
    listed: list[str] = []

    async def orders(number: int) -> list[str]:
        shown = [edge.place_order(1, 2, shipping_address=dict(PERSON), comment=GIFT) for _ in range(number)]
        edge.edge.publish()
        return shown

    async def listings(number: int) -> list[str]:
        names = [f"SKU-{edge.next_number():05d}" for _ in range(number)]
        listed.extend(f"{name.removeprefix('SKU-')},{name}," for name in names)
        edge.write_list(*listed)
        return names

    return {
        GivesSalesOrders: FeedCase(
            lists=(),
            rows=list,
            show=orders,
            page=PAGE_FILES,
            enumerations=(("files", 0, "kind"),),
            personal=True,
        ),
        GivesItems: FeedCase(lists=(), rows=list, show=listings, page=PAGE_SIZE),
    }


def sinks(edge: "Harness") -> Mapping[type, SinkCase]:
    """Return the sinks of one account of folders."""

    def order_action(
        prefix: str, ending: str, sink: str, prepare: Callable[[str], None], make: Callable[[str], Any]
    ) -> SinkCase:
        async def record() -> Any:
            reference = edge.place_order(2, 3, shipping_address=dict(PERSON), comment=GIFT)
            prepare(reference)
            return make(reference)

        def contradict(one: Any) -> None:
            from tests.connectors.virtualstock_files.harness import at_once

            at_once(getattr(edge.connector, sink).send([one]))
            for name in edge.names("outgoing"):
                if name.startswith(prefix) and name.endswith(ending):
                    edge.path("outgoing", name).write_text("somebody else's")

        return SinkCase(
            record=record,
            writes=(),
            count=lambda one: edge.sent_about(one.reference, prefix, ending),
            contradict=contradict,
        )

    async def level() -> Availability:
        name = f"SKU-{edge.next_number():05d}"
        edge.list_product(name, name.removeprefix("SKU-"), free_stock=100)
        return edge.availability(7, name, name.removeprefix("SKU-"))

    def numbers(one: Availability) -> int:
        row = f"{one.stock_number},{one.quantity}"
        lying = sum(row in edge.path("inventory", name).read_text() for name in edge.names("inventory"))
        return lying or int(edge.published(one.sku) == one.quantity)

    def spoil(one: Availability) -> None:
        from tests.connectors.virtualstock_files.harness import at_once

        at_once(edge.connector.availability_sink.send([one]))
        for name in edge.names("inventory"):
            edge.path("inventory", name).write_text("part_number\n")

    return {
        TakesAcknowledgements: order_action(
            "order", ".ack", "acknowledgement_sink", lambda _: None, edge.acknowledgement
        ),
        TakesCancellations: order_action("cancel", ".ack", "cancellation_sink", edge.cancel, edge.cancellation),
        TakesDispatches: order_action(
            "dispatch",
            ".txt",
            "dispatch_sink",
            edge.acknowledge_elsewhere,
            lambda reference: edge.dispatch(reference, key=f"shipment-{reference}"),
        ),
        TakesAvailability: SinkCase(record=level, writes=(), count=numbers, contradict=spoil),
    }
