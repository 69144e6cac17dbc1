"""Products and stock: what lies at each source, what is reserved, what is truly free."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.magento.answers import Refused, stamp
from sandbox.magento.search import Table

STOCK_ID = 1

PRODUCT_FIELDS = (
    "entity_id",
    "sku",
    "name",
    "price",
    "status",
    "visibility",
    "type_id",
    "created_at",
    "updated_at",
    "ean",
)
SOURCE_ITEM_FIELDS = ("sku", "source_code", "quantity", "status")


@dataclass
class Product:
    """One simple product."""

    product_id: int
    sku: str
    ean: str | None
    name: str
    price: Decimal
    created_at: str
    updated_at: str
    status: int = 1
    visibility: int = 4
    type_id: str = "simple"
    attributes: dict[str, Any] = field(default_factory=dict)

    def value(self, name: str) -> Any:
        """Return what a filter on this field compares."""
        if name == "entity_id":
            return self.product_id
        return float(self.price) if name == "price" else getattr(self, name)


@dataclass
class SourceItem:
    """What lies at one source of one SKU; the SKU need not be a product."""

    sku: str
    source_code: str
    quantity: float
    status: int

    def body(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "sku": self.sku,
            "source_code": self.source_code,
            "quantity": self.quantity,
            "status": self.status,
        }


class Stock:
    """Physical quantities per source, one reservation sum per SKU, and the history of the free number.

    Reservations are what Magento believes; `promised` is what the shop really owes. They differ for
    every order that was written over REST, and that is the trap this pretend shop is made for.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.products: Table[Product] = Table(PRODUCT_FIELDS, ("sku", "ean"), lambda row, name: row.value(name))
        self.items: Table[SourceItem] = Table(SOURCE_ITEM_FIELDS, ("sku",), getattr)
        self.sources: dict[str, str] = {"default": "Default Source"}
        self.linked: list[str] = ["default"]
        self.reservations: Counter[str] = Counter()
        self.promised: Counter[str] = Counter()
        self.history: defaultdict[str, list[tuple[datetime, int]]] = defaultdict(list)
        self._by_place: dict[tuple[str, str], SourceItem] = {}
        self._by_sku: dict[str, Product] = {}

    def add_product(self, sku: str, ean: str | None, quantity: int, price: str, name: str | None) -> Product:
        """Create an enabled simple product with this many units at the default source."""
        if sku in self._by_sku:
            raise ValueError(f"magento already has a product {sku!r}: choose another SKU")
        number, at = len(self.products.rows) + 1, stamp(self._now())
        product = Product(number, sku, ean, name or f"Product {sku}", Decimal(price), at, at)
        self.products.add(number, product)
        self._by_sku[sku] = product
        self.put(sku, "default", quantity, 1)
        return product

    def product(self, sku: str) -> Product | None:
        """Return the product with exactly this SKU."""
        return self._by_sku.get(sku)

    def at(self, source: str, sku: str) -> float:
        """Return what lies at one source."""
        item = self._by_place.get((source, sku))
        return item.quantity if item else 0

    def physical(self, sku: str) -> float:
        """Return what lies at the sources linked to the website's stock."""
        return sum(self.at(source, sku) for source in self.linked)

    def salable(self, sku: str) -> float:
        """Return what Magento believes can be sold."""
        return self.physical(sku) + self.reservations[sku]

    def free(self, sku: str) -> int:
        """Return what can truly be sold: physical less every unit that is owed to somebody."""
        return int(self.physical(sku)) - self.promised[sku]

    def put(self, sku: str, source: str, quantity: float, status: int) -> None:
        """Set the absolute quantity at a source, creating the pair when it is new."""
        if source not in self.sources:
            raise Refused(400, "Could not save Source Item")
        item = self._by_place.get((source, sku))
        if item is None:
            item = SourceItem(sku, source, quantity, status)
            self._by_place[source, sku] = item
            self.items.add(len(self.items.rows) + 1, item)
        item.quantity, item.status = quantity, status
        self.note(sku)

    def deduct(self, source: str, quantities: dict[str, int]) -> bool:
        """Take all of it away from one source, or nothing; each unit writes a plus reservation."""
        if any(self.at(source, sku) < quantity for sku, quantity in quantities.items()):
            return False
        for sku, quantity in quantities.items():
            left = self.at(source, sku) - quantity
            self.reservations[sku] += quantity
            self.put(sku, source, left, 1 if left > 0 else 0)
        return True

    def promise(self, sku: str, change: int) -> None:
        """Count units as owed (or, negative, no longer owed) to a customer."""
        self.promised[sku] += change
        self.note(sku)

    def note(self, sku: str) -> None:
        """Write the free number to its history when it has changed."""
        free, past = self.free(sku), self.history[sku]
        if not past or past[-1][1] != free:
            past.append((self._now(), free))
