"""The listings of the account: a snapshot, page by page."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.http import Account
from connectors.offset_scan import Scan
from connectors.reading import never_raises
from connectors.roles import FeedShape, OpenOrder
from connectors.virtualstock.lists import read_rows
from connectors.virtualstock.product_mapping import ProductFields, product_id_of, read_product
from domain.budgets import Lane
from domain.clock import Clock
from domain.records import Page, Received, Reject

PRODUCTS = "/api/v4/products/"


class ItemFeed:
    """All products that this supplier has at its retailer; whole only if their number stood still and no page was shown twice."""

    shape = FeedShape.SNAPSHOT
    absent_is_zero = False

    def __init__(self, account: Account, clock: Clock, fields: ProductFields) -> None:
        self._account, self._clock, self._fields = account, clock, fields
        self.keeps: Mapping[str, Any] = fields.keeps

    async def read(self, cursor: str | None, about: Sequence[OpenOrder]) -> Page:  # noqa: ARG002 - the list needs no orders
        """Read one page of at most 100 products."""
        scan = Scan(self._clock.now()) if cursor is None else Scan.parsed(cursor)
        total, rows = await read_rows(self._account, PRODUCTS, lane=Lane.BULK, offset=scan.offset)
        return scan.page(map(self.parse, rows), total, [product_id_of(row) or "" for row in rows])

    @never_raises
    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        """Map one original again."""
        return read_product(raw, self._fields)
