"""The world that most back offices' cases share."""

from collections.abc import Sequence, Sized
from typing import Any, ClassVar

from connectors.roles import OpenOrder
from domain.records import Deducts, SalesOrder, StockLevel
from tests.connectors.making import sales_order


class Plenty:
    """A back office with two products in plenty, and the open orders that were shipped from it.

    `counts` are the pools in which its stock feed counts a product, and when it deducts there what was sold.
    """

    counts: ClassVar[tuple[tuple[str, Deducts], ...]]

    def __init__(self, office: Any, products: Sized) -> None:
        self._office, self._products = office, products
        self._number = 0
        self.open: dict[str, OpenOrder] = {}

    def numbered(self) -> int:
        self._number += 1
        return self._number

    async def order(self) -> SalesOrder:
        if not self._products:
            self._office.put_item("MUG-1", 9_000)
            self._office.put_item("BOWL-1", 9_000)
        number = self.numbered()
        return sales_order(key=f"55{number:05d}-A", reference=f"9{number:08d}")

    def leave(self, keys: Sequence[str]) -> None:
        for key in keys:
            del self.open[key]

    async def items(self, number: int) -> list[str]:
        skus = [f"SKU-{self.numbered():05d}" for _ in range(number)]
        for sku in skus:
            self._office.put_item(sku)
        return skus

    async def levels(self, number: int) -> list[str]:
        return [
            StockLevel(sku=sku, pool=pool, quantity=0, deducts=deducts).key
            for sku in await self.items(number)
            for pool, deducts in self.counts
        ]

    def contradict(self, order: SalesOrder) -> None:
        self._office.sandbox.key_order_by_hand(order.reference, {"MUG-1": 77})
