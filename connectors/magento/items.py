"""Reads the shop's products, for the audit of SKUs and EANs."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.magento.scan import Scan
from connectors.magento.search import Query, Shop
from connectors.magento.stock_mapping import item, row_key, without_other_attributes
from connectors.reading import never_raises, told_apart
from connectors.roles import FeedShape, OpenOrder
from domain.budgets import Lane
from domain.records import Page, Received, Reject

_PRODUCTS = Query("/products", fields="items[id,sku,status,type_id,custom_attributes],total_count")


class Items:
    """A snapshot of all products, page by page, ordered by their ids."""

    shape = FeedShape.SNAPSHOT
    absent_is_zero = False
    keeps: Mapping[str, Any] = {
        **dict.fromkeys(("id", "sku", "status", "type_id"), True),
        "custom_attributes": {"attribute_code": True, "value": True},
    }

    def __init__(self, shop: Shop, ean_attribute: str) -> None:
        self._shop, self._ean_attribute = shop, ean_attribute

    async def read(self, cursor: str | None, about: Sequence[OpenOrder]) -> Page:  # noqa: ARG002 - asked as a whole
        """Read one page; the last one says whether the rows added up to the total."""
        began_at = self._shop.account.clock.now()
        scan = Scan.from_cursor(cursor) if cursor else Scan(began_at, "items", self._shop.page_size)
        listed = await self._shop.page(_PRODUCTS, scan.page, scan.size, Lane.BULK)
        scan = scan.counted(listed, [row_key(row) for row in listed.items])
        outcomes = [self.parse(without_other_attributes(row, self._ean_attribute)) for row in listed.items]
        page = Page(*told_apart(outcomes), began_at=scan.began_at)
        if scan.sound and not scan.ended:
            page.cursor, page.more = scan.cursor, True
        else:
            page.complete = scan.sound
        return page

    @never_raises
    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        """Map one product again."""
        return item(raw, self._ean_attribute)
