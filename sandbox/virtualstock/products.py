"""The products of one supplier at the retailer: their data, what is published, and while what is publishing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.kit import iso
from sandbox.virtualstock.answers import REQUIRED, RefusalError, whole


@dataclass(slots=True)
class Product:
    """One product; `data` is the retailer's data model, `published` every value of the stock field since."""

    id: int
    part_number: str
    sku: str
    data: dict[str, Any]
    unit_cost_price: str | None
    published: list[tuple[datetime, int]] = field(default_factory=list)
    publishing_until: datetime | None = None

    @property
    def free_stock(self) -> int:
        """Return what the retailer sells at most."""
        return int(self.data["free_stock"])

    def publish(self, quantity: int, now: datetime) -> None:
        """Set the stock field; this retailer keeps it as text under its own name."""
        self.data["free_stock"] = str(quantity)
        self.published.append((now, quantity))

    def refuse_while_publishing(self, now: datetime) -> None:
        """Refuse a write with 409 while the product is being published."""
        if self.publishing_until is not None and now < self.publishing_until:
            raise RefusalError(409, {"detail": "Can't update a product which is in a publishing status."})

    def update_stock(self, body: Mapping[str, Any], now: datetime) -> None:
        """Do the stock-only update, which names the field `supplier_free_stock` whatever the retailer calls it."""
        self.refuse_while_publishing(now)
        if "supplier_free_stock" not in body:
            raise RefusalError(400, {"supplier_free_stock": [REQUIRED]})
        self.publish(_stock({"supplier_free_stock": body["supplier_free_stock"]}), now)

    def update_data(self, body: Mapping[str, Any], now: datetime) -> None:
        """Merge `data`; only the retailer's own field, `free_stock`, changes what is published."""
        self.refuse_while_publishing(now)
        data = body.get("data")
        if data is None:
            raise RefusalError(400, {"data": [REQUIRED]})
        if not isinstance(data, dict):
            kind = type(data).__name__
            raise RefusalError(400, {"data": [f'Expected a dictionary of items but got type "{kind}".']})
        others = {name: value for name, value in data.items() if name != "free_stock"}
        if "free_stock" in data:
            self.publish(_stock({"free_stock": data["free_stock"]}), now)
        self.data.update(others)


def _stock(given: Mapping[str, Any]) -> int:
    """Return the one quantity given, or refuse it under its name."""
    [(name, value)] = given.items()
    quantity = whole(value)
    if quantity is None:
        raise RefusalError(400, {name: ["A valid integer is required."]})
    if quantity < 0:
        raise RefusalError(400, {name: ["Ensure this value is greater than or equal to 0."]})
    return quantity


class Catalogue:
    """All products of one supplier, found by id, by the retailer's stock number and by the seller's SKU."""

    def __init__(self) -> None:
        self._products: dict[int, Product] = {}
        self._by_part_number: dict[str, list[Product]] = {}
        self._by_sku: dict[str, Product] = {}

    def add(self, product: Product) -> None:
        """Take a product in; one SKU may be enrolled once."""
        if product.sku in self._by_sku:
            raise ValueError(f"virtualstock sandbox: the SKU {product.sku!r} is already enrolled; give another")
        self._products[product.id] = product
        self._by_sku[product.sku] = product
        self._by_part_number.setdefault(product.part_number, []).append(product)

    def get(self, product_id: int | None) -> Product | None:
        """Return the product with this id."""
        return None if product_id is None else self._products.get(product_id)

    def by_sku(self, sku: str) -> Product:
        """Return the product with this SKU, character for character."""
        if sku not in self._by_sku:
            raise LookupError(f"virtualstock sandbox: no product has the SKU {sku!r}; add it with add_product")
        return self._by_sku[sku]

    def select(self, filters: Mapping[str, str]) -> list[Product]:
        """Return the products, or those with the `part_number` asked for."""
        if "part_number" in filters:
            return self._by_part_number.get(filters["part_number"], [])
        return list(self._products.values())

    def dump(self) -> list[dict[str, Any]]:
        """Return all products for the audit."""
        return [
            {
                "stock_number": product.part_number,
                "sku": product.sku,
                "ean": product.data["tradedCode"],
                "published": [[iso(at), value] for at, value in product.published],
            }
            for product in self._products.values()
        ]
