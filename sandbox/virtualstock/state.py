"""What the pretend The Edge knows: suppliers with their orders and products, carriers, and the ids in its urls."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any

from sandbox.virtualstock import actions
from sandbox.virtualstock.actions import MOMENT, Action, Step
from sandbox.virtualstock.making import order_on_the_wire
from sandbox.virtualstock.orders import Order, OrderBook
from sandbox.virtualstock.products import Catalogue, Product

CARRIERS = (
    ("2go", "2GO"),
    ("dhl", "DHL"),
    ("dpd", "DPD"),
    ("dx-freight", "DX Freight"),
    ("evri", "Evri"),
    ("fedex", "FedEx"),
    ("gls", "GLS"),
    ("parcel-force", "Parcelforce"),
    ("royal-mail", "Royal Mail"),
    ("tuffnells", "Tuffnells"),
    ("ups", "UPS"),
    ("yodel", "Yodel"),
)
PRODUCT_FAMILY_OFFSET = 2_400  # one company has another id in the products' routes than in the orders'
FIRST_REFERENCE, REFERENCES, STRIDE = 100_000_000, 900_000_000, 611_953  # the stride is prime: all differ


@dataclass(frozen=True)
class Account:
    """One user of The Edge: a supplier of one retailer (or, handed in as such, the retailer itself)."""

    name: str
    username: str
    password: str = field(repr=False)
    retailer_id: int = 13
    supplier_id: int = 77


@dataclass
class Supplier:
    """What belongs to one account, and nobody else may see; `refusals` counts `METHOD route status`.

    `repeated_pages` are the shares of a page that its next pages wrongly show again.
    """

    account: Account
    references: Iterator[str]
    orders: OrderBook = field(default_factory=OrderBook)
    products: Catalogue = field(default_factory=Catalogue)
    refusals: Counter[str] = field(default_factory=Counter)
    repeated_pages: list[float] = field(default_factory=list)

    def new_reference(self) -> str:
        """Return a nine-digit order number that the account has not had."""
        return next(one for one in self.references if self.orders.by_reference(one) is None)

    def dump(self) -> dict[str, Any]:
        """Return everything of this account for the audit."""
        return {
            "orders": self.orders.dump(),
            "listings": self.products.dump(),
            "refusals": dict(self.refusals),
        }


class State:
    """All that the server keeps, and the ways in which it changes; knows no HTTP."""

    def __init__(self, accounts: Sequence[Account], alias_host: str, seed: int) -> None:
        for what in ("name", "username", "supplier_id"):
            if len({getattr(account, what) for account in accounts}) < len(accounts):
                raise ValueError(f"virtualstock sandbox: two accounts have the same {what}; give each its own")
        self.alias_host = alias_host.rstrip("/")
        self.dispatch_needs_acknowledgement = True
        self.suppliers = {one.name: Supplier(one, _references(f"{seed}-{one.name}")) for one in accounts}
        self.by_username = {supplier.account.username: supplier for supplier in self.suppliers.values()}
        self.carriers = [{"id": 30 + n * 7, "slug": slug, "name": name} for n, (slug, name) in enumerate(CARRIERS)]
        self._order_ids, self._item_ids, self._product_ids = count(300_001), count(400_001), count(617_001)

    def supplier(self, name: str) -> Supplier:
        """Return the supplier behind an account's name."""
        if name not in self.suppliers:
            known = ", ".join(self.suppliers)
            raise LookupError(f"virtualstock sandbox: no account {name!r}; known are {known}")
        return self.suppliers[name]

    def url(self, path: str) -> str:
        """Return a url on the alias host, which is not the host that was called."""
        return f"{self.alias_host}{path}"

    def place(self, supplier: Supplier, given: Mapping[str, Any], now: datetime) -> Order:
        """Make an order of what the retailer gives, and show it to the supplier."""
        account, order_id = supplier.account, next(self._order_ids)
        filled = {
            "url": self.url(f"/restapi/v4/orders/{order_id}/"),
            "retailer": self.url(f"/restapi/v4/customers/{account.retailer_id}/"),
            "supplier": self.url(f"/restapi/v4/suppliers/{account.supplier_id}/"),
            "order_date": now.strftime(MOMENT),
        }
        if "order_reference" not in given:
            filled["order_reference"] = supplier.new_reference()
        wire = order_on_the_wire(given, filled, self._item_url)
        order = Order(order_id, wire, now)
        supplier.orders.add(order)
        return order

    def place_raw(self, supplier: Supplier, wire: dict[str, Any], now: datetime) -> Order:
        """Show any object as an order; its id is the one in its `url`, else a new one that only the server knows."""
        last = str(wire.get("url")).rstrip("/").rpartition("/")[2]
        order = Order(int(last) if last.isdecimal() else next(self._order_ids), wire, now)
        supplier.orders.add(order)
        return order

    def _item_url(self) -> str:
        return self.url(f"/restapi/v4/items/{next(self._item_ids)}/")

    def act(self, supplier: Supplier, order: Order, action: Action, body: Mapping[str, Any], now: datetime) -> None:
        """Do one action on an order, or refuse all of it."""
        if action is actions.DISPATCH and not self.dispatch_needs_acknowledgement:
            action = replace(action, allowed_from=action.allowed_from | {"ORDER"})
        slugs = {str(carrier["slug"]) for carrier in self.carriers}
        self.finish(supplier, order, action, actions.plan(action, order, body, slugs), now)

    def finish(self, supplier: Supplier, order: Order, action: Action, steps: list[Step], now: datetime) -> None:
        """Do the planned steps, and let the order follow its lines."""
        actions.perform(action, steps, now)
        order.first_at.setdefault(action.name, now)
        supplier.orders.settle(order)

    def enrol(
        self, supplier: Supplier, stock_number: str, sku: str, data: dict[str, Any], price: str | None, now: datetime
    ) -> Product:
        """Take a product of the supplier in."""
        product = Product(next(self._product_ids), stock_number, sku, data, price)
        product.published.append((now, product.free_stock))
        supplier.products.add(product)
        return product

    def product_on_the_wire(self, supplier: Supplier, product: Product) -> dict[str, Any]:
        """Return the product as the vendor shows it."""
        account = supplier.account

        def link(kind: str, number: int) -> str:
            return self.url(f"/api/v4/{kind}/{number}/?format=json")

        return {
            "url": link("products", product.id),
            "part_number": product.part_number,
            "category": link("categories", 5_501),
            "client": link("clients", account.retailer_id + PRODUCT_FAMILY_OFFSET),
            "supplier": link("suppliers", account.supplier_id + PRODUCT_FAMILY_OFFSET),
            "data": product.data,
        }


def _references(seed: str) -> Iterator[str]:
    """Return nine-digit numbers that look random and never repeat; another seed starts elsewhere."""
    start = random.Random(f"references-{seed}").randrange(REFERENCES)  # noqa: S311 - order numbers, not secrets
    return (str(FIRST_REFERENCE + (start + n * STRIDE) % REFERENCES) for n in range(REFERENCES))
