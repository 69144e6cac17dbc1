"""The offers of the shop: a snapshot, page by page."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.mirakl.api import OFFERS, Api
from connectors.mirakl.mapping import nameless_key
from connectors.offset_scan import Scan
from connectors.reading import never_raises
from connectors.roles import FeedShape, OpenOrder
from domain.budgets import Lane
from domain.records import Item, Page, Received, Reject

_EAN_13 = re.compile(r"[0-9]{13}")


class ItemFeed:
    """All offers; whole only if their number stood still and no page was shown twice."""

    shape = FeedShape.SNAPSHOT
    absent_is_zero = False
    keeps: Mapping[str, Any] = {
        **dict.fromkeys(("offer_id", "shop_sku", "product_sku", "quantity", "active", "inactivity_reasons"), True),
        "product_references": {"reference": True, "reference_type": True},
    }

    def __init__(self, api: Api) -> None:
        self._api = api

    async def read(self, cursor: str | None, about: Sequence[OpenOrder]) -> Page:  # noqa: ARG002 - the list needs no orders
        """Read one page of at most 100 offers, by title: the usual order, by price, moves under our feet."""
        scan = Scan(self._api.account.clock.now()) if cursor is None else Scan.parsed(cursor)
        total, rows = await self._api.rows(
            OFFERS, "offers", self._api.limits.view_offers, Lane.BULK, offset=scan.offset, sort="productTitle"
        )
        return scan.page(map(self.parse, rows), total, [_id(row) or "" for row in rows])

    @never_raises
    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        """Map one offer. One without a SKU is an `Item` with an empty SKU: the listing exists, and is unmanaged."""
        offer_id, product = _id(raw), raw.get("product_sku") if isinstance(raw, dict) else None
        sku = raw.get("shop_sku") if isinstance(raw, dict) else None
        if offer_id is None or not isinstance(product, str) or not product or not isinstance(sku, str | None):
            key = product if isinstance(product, str) and product else nameless_key(raw)
            return Reject(key, raw, "The offer has no offer_id or no product_sku, or its shop_sku is not a text.")
        item = Item(sku=sku or "", ean=_ean(raw.get("product_references")), stock_number=product, external_id=offer_id)
        return Received(item, raw)


def _id(raw: Any) -> str | None:
    value = raw.get("offer_id") if isinstance(raw, dict) else None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _ean(references: Any) -> str | None:
    """Return the first EAN-13 among the product's references; others are of no use to a comparison."""
    for one in references if isinstance(references, list) else ():
        if isinstance(one, dict) and one.get("reference_type") in ("EAN", "GTIN"):
            value = one.get("reference")
            if isinstance(value, str) and _EAN_13.fullmatch(value):
                return value
    return None
