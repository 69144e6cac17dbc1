"""What the pretend marketplace knows: shops with their orders, offers and shipments; what time does to them."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any

from sandbox.mirakl.offers import Offer, OfferBook
from sandbox.mirakl.orders import Line, Order
from sandbox.mirakl.shipments import Rules, ShipmentBook

CARRIERS = (
    ("dhl", "DHL"),
    ("dpd", "DPD"),
    ("evri", "Evri"),
    ("fedex", "FedEx"),
    ("parcel-force", "Parcelforce"),
    ("royal-mail", "Royal Mail"),
    ("tuffnells", "Tuffnells"),
    ("ups", "UPS"),
    ("yodel", "Yodel"),
)
STRANGER = {"full_name": "Sample Person", "line_1": "1 Invented Street", "city": "Sampletown", "postal_code": "SA1 1AA"}


@dataclass(frozen=True)
class Account:
    """One shop of the marketplace, and the key of its user."""

    name: str
    api_key: str = field(repr=False)
    shop_id: int = 2001


@dataclass(frozen=True)
class Operator:
    """How the operator has set the marketplace up."""

    model: str = "MARKETPLACE"
    tax_mode: str = "TAX_INCLUDED"
    accepts_by_itself: bool = False
    details_before_acceptance: bool = False
    partial_acceptance: bool = False
    payment_seconds: float = 120
    acceptance_hours: float = 48


@dataclass
class Shop:
    """What belongs to one shop, and nobody else may see; `repeated_pages` are shares that its next pages show again."""

    account: Account
    offers: OfferBook
    orders: dict[str, Order] = field(default_factory=dict)
    shipments: ShipmentBook = field(default_factory=ShipmentBook)
    refusals: Counter[str] = field(default_factory=Counter)
    repeated_pages: list[float] = field(default_factory=list)

    def dump(self) -> dict[str, Any]:
        """Return everything of this shop for the audit."""
        return {
            "accepts_first": True,
            "orders": [order.dump() for order in self.orders.values()],
            "listings": self.offers.dump(),
            "refusals": dict(self.refusals),
            "deleted_offers": list(self.offers.deleted),
        }


class State:
    """All shops; knows no HTTP."""

    def __init__(
        self, accounts: Sequence[Account], operator: Operator, rules: Rules, import_seconds: float, seed: int
    ) -> None:
        if len({one.api_key for one in accounts}) < len(accounts) or len({one.name for one in accounts}) < len(
            accounts
        ):
            raise ValueError("mirakl sandbox: two accounts have the same name or key; give each its own")
        self.operator, self.rules = operator, rules
        self.shops = {one.name: Shop(one, OfferBook(import_seconds)) for one in accounts}
        self.by_key = {shop.account.api_key: shop for shop in self.shops.values()}
        first = random.Random(f"references-{seed}").randrange(10_000_000, 90_000_000)  # noqa: S311 - order numbers
        self._numbers, self._offer_ids = count(first), count(51_001)

    def shop(self, name: str) -> Shop:
        """Return the shop of an account's name."""
        if name not in self.shops:
            raise LookupError(f"mirakl sandbox: no account {name!r}; known are {', '.join(self.shops)}")
        return self.shops[name]

    def advance(self, now: datetime) -> None:
        """Let the time that has passed do its work."""
        for shop in self.shops.values():
            shop.offers.advance(now)
            for order in shop.orders.values():
                order.advance(now, self.operator.payment_seconds, self.operator.acceptance_hours)

    def enrol(
        self, shop: Shop, sku: str, product_sku: str, ean: str, quantity: int, price: str, now: datetime
    ) -> Offer:
        """Take an offer in."""
        if sku in shop.offers.offers:
            raise ValueError(f"mirakl sandbox: the SKU {sku!r} is already offered; give another")
        offer = Offer(next(self._offer_ids), sku, product_sku, ean, f"Invented product {product_sku}", price, quantity)
        offer.published.append((now, quantity))
        shop.offers.offers[sku] = offer
        return offer

    def place(
        self,
        shop: Shop,
        baskets: Sequence[Mapping[str, int]],
        customer: Mapping[str, Any],
        gift: str | None,
        now: datetime,
    ) -> list[Order]:
        """Place one customer's order: an order for each basket, all under one number, told apart by their suffix."""
        commercial = f"JL{next(self._numbers)}"
        made = []
        for suffix, basket in zip("ABCDEFGH", baskets, strict=False):
            identity = f"{commercial}-{suffix}"
            lines = [
                self._line(shop, f"{identity}-{number}", sku, quantity)
                for number, (sku, quantity) in enumerate(basket.items(), start=1)
            ]
            order = Order(identity, commercial, now, lines, _address({**STRANGER, **customer}), gift)
            if self.operator.accepts_by_itself:
                order.accept(now)
            shop.orders[identity] = order
            made.append(order)
        return made

    def _line(self, shop: Shop, identity: str, sku: str, quantity: int) -> Line:
        offer = shop.offers.offers.get(sku)
        product, title, price = ("29999999", "Unheard of", "9.00")
        if offer is not None:
            product, title, price = offer.product_sku, offer.title, offer.price
        return Line(identity, sku, product, title, Decimal(price), quantity, "WAITING_ACCEPTANCE")

    def place_raw(self, shop: Shop, wire: dict[str, Any], now: datetime) -> str:
        """Show any object in the order list as it is."""
        identity = str(wire.get("order_id"))
        shop.orders[identity] = Order(identity, identity, now, [], {}, raw=wire)
        return identity


def _address(customer: Mapping[str, Any]) -> dict[str, Any]:
    """Return a shipping address; the country has three letters here."""
    first, _, last = str(customer["full_name"]).rpartition(" ")
    return {
        "firstname": first,
        "lastname": last,
        "street_1": customer.get("line_1"),
        "street_2": customer.get("line_2") or None,
        "city": customer.get("city"),
        "state": customer.get("state") or None,
        "zip_code": customer.get("postal_code"),
        "country": "United Kingdom",
        "country_iso_code": customer.get("country_iso_code", "GBR"),
        "phone": customer.get("phone") or None,
    }
