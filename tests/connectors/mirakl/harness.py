"""One shop of the pretend Mirakl marketplace and its connector, in process."""

from collections.abc import Mapping
from datetime import date
from itertools import count
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.http import Surroundings
from connectors.mirakl import Mirakl
from connectors.mirakl.settings import MiraklOptions, MiraklSettings
from connectors.roles import (
    GivesItems,
    GivesSalesOrders,
    TakesAcknowledgements,
    TakesAvailability,
    TakesDispatches,
)
from domain.budgets import Budgets
from domain.records import Acknowledgement, Availability, DispatchAdvice, LineQuantity
from sandbox.mirakl import Account
from sandbox.mirakl import Mirakl as Market
from sandbox.mirakl.orders import Order
from sandbox.mirakl.state import Operator, Shop
from tests.contract.harness import FeedCase, SinkCase
from tests.contract.wire import Route
from tests.doubles import KeptArchive, ManualClock, OpenBudgets

ACCOUNT = "harbour"
KEY = "a-pretend-shop-key"
EAN = "5000000000012"
PERSON = {
    "full_name": "Wilhelmina Personal",
    "line_1": "7 Private Road",
    "line_2": "Secret Cottage",
    "city": "Hushford",
    "state": "Quietshire",
    "postal_code": "HU5 4HH",
    "phone": "07700900999",
}
GIFT = "With whispered love"
ORDERS, OFFERS, SHIPMENTS = "/api/orders", "/api/offers", "/api/shipments"
STOCK = f"{OFFERS}/stock/imports"
ERROR = {"message": "Something went wrong", "status": 400}
UNLIMITED: dict[str, tuple[int, float]] = {}


class Harness:
    """The pretend marketplace, the connector, and what the world can do to them."""

    personal = ("Wilhelmina", *(text for name, text in PERSON.items() if name != "full_name"), GIFT)
    throttled = frozenset({429})
    renews_sign_in = False

    def __init__(
        self,
        *,
        clock: ManualClock | None = None,
        budgets: Budgets | None = None,
        operator: Operator | None = None,
        options: dict[str, Any] | None = None,
        **market: Any,
    ) -> None:
        self.clock = clock or ManualClock()
        market = {"frequencies": UNLIMITED, **market}
        accounts = [Account(ACCOUNT, KEY), Account("meadow", "another-shop-key", 2002)]
        self.sandbox = Market(self.clock, accounts=accounts, operator=operator, **market)
        self.archive, self.budgets = KeptArchive(), OpenBudgets()
        transport = httpx.ASGITransport(app=self.sandbox.app)
        self.surroundings = Surroundings(self.clock, budgets or self.budgets, self.archive, transport)
        self.settings = MiraklSettings(base_url="http://mirakl.test", api_key=SecretStr(KEY))
        self.options = MiraklOptions(**(options or {}))
        self.connector = self.connect()
        self._numbers = count(1)

    def connect(self) -> Mirakl:
        """Return another connector of the same account, as another process would have."""
        return Mirakl(ACCOUNT, self.settings, self.options, self.surroundings)

    @property
    def shop(self) -> Shop:
        """Return what the marketplace keeps of the shop, as it is now."""
        self.sandbox.state.advance(self.clock.now())
        return self.sandbox.state.shop(ACCOUNT)

    def order(self, order_id: str) -> Order:
        """Return an order as it is now."""
        return self.shop.orders[order_id]

    # The world.

    def place(self, basket: Mapping[str, int] | None = None) -> str:
        """Place an order of somebody personal, with a gift message."""
        [order] = self.sandbox.state.place(
            self.shop, [basket or {"SKU-1": 2, "SKU-2": 3}], PERSON, GIFT, self.clock.now()
        )
        return order.id

    def payable(self, basket: Mapping[str, int] | None = None) -> str:
        """Place an order and let it be accepted and paid."""
        order_id = self.place(basket)
        self.order(order_id).accept(self.clock.now())
        self.clock.move(200)
        assert self.order(order_id).state == "SHIPPING"
        return order_id

    def offer(self, sku: str = "", quantity: int = 100) -> str:
        """Offer something new and return its SKU."""
        number = next(self._numbers)
        sku = sku or f"SKU-{number:05d}"
        self.sandbox.add_product(ACCOUNT, stock_number=f"3{number:07d}", sku=sku, ean=EAN, free_stock=quantity)
        return sku

    # Records.

    def lines(self, order_id: str, part: Mapping[str, int] | None = None) -> tuple[LineQuantity, ...]:
        """Return the lines of an order, or parts of them by SKU."""
        return tuple(
            LineQuantity(
                line=line.id,
                sku=line.sku,
                stock_number=line.product_sku,
                quantity=part[line.sku] if part else line.quantity,
                ordered=line.quantity,
            )
            for line in self.order(order_id).lines
            if part is None or line.sku in part
        )

    def acknowledgement(self, order_id: str) -> Acknowledgement:
        """Return the acceptance of an order."""
        return Acknowledgement(key=order_id, reference=order_id, external_id=order_id, lines=self.lines(order_id))

    def dispatch(
        self, order_id: str, part: Mapping[str, int] | None = None, *, carrier: str = "dpd", tracking: str = ""
    ) -> DispatchAdvice:
        """Return the dispatch of an order, or of a part of it."""
        number = next(self._numbers)
        return DispatchAdvice(
            key=f"shipment-{number}",
            reference=order_id,
            external_id=order_id,
            carrier_code=carrier,
            tracking_number=tracking or f"1550000{number:07d}",
            shipped_on=date(2026, 3, 2),
            lines=self.lines(order_id, part),
        )

    def availability(self, sku: str, quantity: int, ticket: str = "") -> Availability:
        """Return the number that shall be offered."""
        offer = self.shop.offers.offers.get(sku)
        return Availability(
            sku=sku,
            stock_number=offer.product_sku if offer else "30000000",
            external_id=str(offer.id) if offer else "",
            quantity=quantity,
            as_of=self.clock.now(),
            ticket=ticket,
        )

    # What the contract suite asks.

    def feeds(self) -> Mapping[type, FeedCase]:
        """Return the case of every feed, by its role."""

        async def orders(number: int) -> list[str]:
            made = [self.place() for _ in range(number)]
            for order_id in made:  # accepted and paid, so that there is a person in it
                order = self.order(order_id)
                order.accepted_at = order.paid_at = order.addressed_at = self.clock.now()
                order.move("SHIPPING", self.clock.now())
            return made

        async def offers(number: int) -> list[str]:
            return [self.offer() for _ in range(number)]

        return {
            GivesSalesOrders: FeedCase(
                lists=(Route("GET", ORDERS),),
                rows=lambda body: body["orders"],
                show=orders,
                page=100,
                enumerations=(("order_state",), ("order_tax_mode",), ("order_lines", 0, "order_line_state")),
                personal=True,
            ),
            GivesItems: FeedCase(
                lists=(Route("GET", OFFERS),), rows=lambda body: body["offers"], show=offers, page=100
            ),
        }

    def sinks(self) -> Mapping[type, SinkCase]:
        """Return the case of every sink, by its role."""

        async def new() -> Acknowledgement:
            return self.acknowledgement(self.place())

        async def paid() -> DispatchAdvice:
            return self.dispatch(self.payable())

        async def level() -> Availability:
            return self.availability(self.offer(), 7)

        async def unlisted() -> Availability:
            return self.availability("NOBODY-OFFERS-IT", 7)

        return {
            TakesAcknowledgements: SinkCase(
                record=new,
                writes=(Route("PUT", f"{ORDERS}/[^/]+/accept"),),
                count=lambda one: int(self.order(one.external_id).accepted_at is not None),
                contradict=lambda one: setattr(self.order(one.external_id).lines[0], "quantity", 9),
                errors_in_200=(ERROR,),
            ),
            TakesDispatches: SinkCase(
                record=paid,
                writes=(Route("POST", SHIPMENTS),),
                count=lambda one: max(len(line.sent) for line in self.order(one.external_id).lines),
                contradict=self._ship_otherwise,
                errors_in_200=(
                    ERROR,
                    {"shipment_success": [], "shipment_errors": [{"order_id": "?", "message": "No."}]},
                    {"shipment_success": [], "shipment_errors": []},
                ),
            ),
            TakesAvailability: SinkCase(
                record=level,
                writes=(Route("POST", STOCK),),
                count=self._standing,
                contradict=lambda one: setattr(self.shop.offers.offers[one.sku], "quantity", None),
                errors_in_200=(ERROR, {"import_id": None}, {"import_id": "a b"}),
                spoiled=unlisted,
            ),
        }

    def _ship_otherwise(self, record: DispatchAdvice) -> None:
        """Somebody enters a shipment with the same tracking number and fewer units."""
        tracking = {"carrier_code": "dpd", "tracking_number": record.tracking_number}
        line = {"order_line_id": record.lines[0].line, "quantity": 1}
        given = {"order_id": record.external_id, "tracking": tracking, "shipment_lines": [line], "shipped": True}
        shop = self.shop
        shop.shipments.make(given, shop.orders, self.sandbox.state.rules, self.clock.now())

    def _standing(self, record: Availability) -> int:
        """Return 1 when the offer shows the number, or a file that is still to be worked off will bring it."""
        offers = self.shop.offers
        coming = {
            row["offer-sku"]: row["quantity"] for file in offers.imports.values() if not file.done for row in file.rows
        }
        shown = offers.offers[record.sku].quantity
        return int(coming.get(record.sku, str(shown)) == str(record.quantity))
