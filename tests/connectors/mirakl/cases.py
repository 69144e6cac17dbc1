"""What the contract suite asks of the marketplace: its feeds and sinks, and what the world does to them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from connectors.roles import (
    GivesItems,
    GivesSalesOrders,
    TakesAcknowledgements,
    TakesAvailability,
    TakesDispatches,
)
from domain.records import Acknowledgement, Availability, DispatchAdvice
from tests.connectors.making import GIFT, PERSON
from tests.contract.harness import FeedCase, SinkCase
from tests.contract.wire import Route

if TYPE_CHECKING:
    from tests.connectors.mirakl.harness import Harness

PERSONAL = ("Wilhelmina", *(text for name, text in PERSON.items() if name != "full_name"), GIFT)
ORDERS, OFFERS, SHIPMENTS = "/api/orders", "/api/offers", "/api/shipments"
STOCK = f"{OFFERS}/stock/imports"
ERROR = {"message": "Something went wrong", "status": 400}


def feeds(market: "Harness") -> Mapping[type, FeedCase]:
    """Return the case of every feed, by its role."""

    async def orders(number: int) -> list[str]:
        made = [market.place() for _ in range(number)]
        for order_id in made:  # accepted and paid, so that there is a person in it
            order = market.order(order_id)
            order.accepted_at = order.paid_at = order.addressed_at = market.clock.now()
            order.move("SHIPPING", market.clock.now())
        return made

    async def offers(number: int) -> list[str]:
        return [market.offer() for _ in range(number)]

    return {
        GivesSalesOrders: FeedCase(
            lists=(Route("GET", ORDERS),),
            rows=lambda body: body["orders"],
            show=orders,
            page=100,
            enumerations=(("order_state",), ("order_tax_mode",), ("order_lines", 0, "order_line_state")),
            personal=True,
        ),
        GivesItems: FeedCase(lists=(Route("GET", OFFERS),), rows=lambda body: body["offers"], show=offers, page=100),
    }


def sinks(market: "Harness") -> Mapping[type, SinkCase]:
    """Return the case of every sink, by its role."""

    async def new() -> Acknowledgement:
        return market.acknowledgement(market.place())

    async def paid() -> DispatchAdvice:
        return market.dispatch(market.payable())

    async def level() -> Availability:
        return market.availability(market.offer(), 7)

    async def unlisted() -> Availability:
        return market.availability("NOBODY-OFFERS-IT", 7)

    return {
        TakesAcknowledgements: SinkCase(
            record=new,
            writes=(Route("PUT", f"{ORDERS}/[^/]+/accept"),),
            count=lambda one: int(market.order(one.external_id).accepted_at is not None),
            contradict=lambda one: setattr(market.order(one.external_id).lines[0], "quantity", 9),
            errors_in_200=(ERROR,),
        ),
        TakesDispatches: SinkCase(
            record=paid,
            writes=(Route("POST", SHIPMENTS),),
            count=lambda one: max(len(line.sent) for line in market.order(one.external_id).lines),
            contradict=lambda one: _ship_otherwise(market, one),
            errors_in_200=(
                ERROR,
                {"shipment_success": [], "shipment_errors": [{"order_id": "?", "message": "No."}]},
                {"shipment_success": [], "shipment_errors": []},
            ),
        ),
        TakesAvailability: SinkCase(
            record=level,
            writes=(Route("POST", STOCK),),
            count=lambda one: _standing(market, one),
            contradict=lambda one: setattr(market.shop.offers.offers[one.sku], "quantity", None),
            errors_in_200=(ERROR, {"import_id": None}, {"import_id": "a b"}),
            spoiled=unlisted,
        ),
    }


def _ship_otherwise(market: "Harness", record: DispatchAdvice) -> None:
    """Somebody enters a shipment with the same tracking number and fewer units."""
    tracking = {"carrier_code": "dpd", "tracking_number": record.tracking_number}
    line = {"order_line_id": record.lines[0].line, "quantity": 1}
    given = {"order_id": record.external_id, "tracking": tracking, "shipment_lines": [line], "shipped": True}
    market.shop.shipments.make(given, market.shop.orders, market.sandbox.state.rules, market.clock.now())


def _standing(market: "Harness", record: Availability) -> int:
    """Return 1 when the offer shows the number, or a file that is still to be worked off will bring it."""
    offers = market.shop.offers
    coming = {
        row["offer-sku"]: row["quantity"] for file in offers.imports.values() if not file.done for row in file.rows
    }
    shown = offers.offers[record.sku].quantity
    return int(coming.get(record.sku, str(shown)) == str(record.quantity))
