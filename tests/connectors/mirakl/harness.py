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
from domain.budgets import Budgets
from domain.records import Acknowledgement, Availability, DispatchAdvice, LineQuantity
from sandbox.mirakl import Account
from sandbox.mirakl import Mirakl as Market
from sandbox.mirakl.orders import Order
from sandbox.mirakl.state import Operator, Shop
from tests.connectors.making import GIFT, PERSON
from tests.connectors.mirakl import cases
from tests.doubles import KeptArchive, ManualClock, OpenBudgets

ACCOUNT = "harbour"
KEY = "a-pretend-shop-key"
EAN = "5000000000012"
UNLIMITED: dict[str, tuple[int, float]] = {}


class Harness:
    """The pretend marketplace, the connector, and what the world can do to them."""

    personal = cases.PERSONAL
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
        self.feeds, self.sinks = cases.feeds(self), cases.sinks(self)

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
