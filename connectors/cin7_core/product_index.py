"""SKU to product: the vendor asks for its own product id on every order line."""

import re
from datetime import datetime, timedelta

from connectors.cin7_core.api import ROWS_A_PAGE, Api
from connectors.cin7_core.mapping import ProductRow, product_of
from connectors.reading import Unreadable

_MISSES_LAST = timedelta(minutes=1)
_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class ProductIndex:
    """The active products, read only as far as needed: page by page, at most once a process.

    SKUs are compared character for character. A SKU that the whole list does not show is asked for
    by name once more (the list may have shifted, the product may be new) before it counts as unknown.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._products: dict[str, ProductRow] = {}
        self._missed_at: dict[str, datetime] = {}
        self._next_page: int | None = 1

    async def find(self, sku: str, known_id: str = "") -> ProductRow | None:
        """Return the active product of this SKU, or None. Raises `Unavailable`, `Fatal` or `NotNow`.

        Where its id is known already, nothing is asked: the vendor refuses an id that is not that SKU's.
        """
        if sku not in self._products and _ID.fullmatch(known_id):
            self._products[sku] = ProductRow(id=known_id, sku=sku)
        while sku not in self._products and self._next_page is not None:
            await self._read_on(self._next_page)
        if sku not in self._products and not self._missed_lately(sku):
            await self._ask_for(sku)
        return self._products.get(sku)

    async def _read_on(self, number: int) -> None:
        page = await self._api.page("/product", "Products", number)
        for row in page.rows:
            self._learn(row)
        is_last = len(page.rows) < ROWS_A_PAGE or number * ROWS_A_PAGE >= page.total
        self._next_page = None if is_last else number + 1

    async def _ask_for(self, sku: str) -> None:
        async for row in self._api.rows("/product", "Products", Sku=sku):  # a filter by "contains"
            self._learn(row)
        if sku not in self._products:
            self._missed_at[sku] = self._api.clock.now()

    def _missed_lately(self, sku: str) -> bool:
        at = self._missed_at.get(sku)
        return at is not None and self._api.clock.now() - at < _MISSES_LAST

    def _learn(self, row: object) -> None:
        try:
            product = product_of(row)
        except Unreadable:
            return  # the items loop rejects it where a person sees it; here it is an unknown SKU
        self._products[product.sku] = product
