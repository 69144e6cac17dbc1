"""The listings of the account: a snapshot, page by page."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from connectors.http import Account
from connectors.roles import FeedShape, OpenOrder
from connectors.virtualstock.lists import read_rows
from connectors.virtualstock.product_mapping import ProductFields, product_id_of, read_product
from domain.budgets import Lane
from domain.clock import Clock
from domain.records import Page, Received, Reject

PRODUCTS = "/api/v4/products/"


class Scan(NamedTuple):
    """A scan under way: when it began, how many rows it read, how many it was told of, and the last one's id.

    It is `steady` while every page tells of the same number and none shows the last row of the page before again.
    """

    began_at: datetime
    offset: int = 0
    total: int | None = None
    last: str = ""
    steady: bool = True

    def __str__(self) -> str:
        return f"{self.began_at.isoformat()}|{self.offset}|{self.total}|{self.last}|{int(self.steady)}"

    def after(self, total: int, rows: Sequence[Any]) -> "Scan":
        """Return the scan after a page of these rows."""
        ids = [product_id_of(row) or "" for row in rows]
        steady = self.steady and self.total in {None, total} and not (self.last and self.last in ids)
        return Scan(self.began_at, self.offset + len(rows), total, ids[-1] if ids else self.last, steady)

    @classmethod
    def parsed(cls, cursor: str) -> "Scan":
        """Return the scan that a cursor names."""
        began_at, offset, total, last, steady = cursor.split("|")
        return cls(datetime.fromisoformat(began_at), int(offset), int(total), last, steady == "1")


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
        read = [self.parse(row) for row in rows]
        after = scan.after(total, rows)
        more = bool(rows) and after.offset < total
        return Page(
            [one for one in read if isinstance(one, Received)],
            [one for one in read if isinstance(one, Reject)],
            began_at=scan.began_at,
            cursor=str(after) if more else None,
            more=more,
            complete=after.steady and after.offset == total,
        )

    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        """Map one original again."""
        return read_product(raw, self._fields)
