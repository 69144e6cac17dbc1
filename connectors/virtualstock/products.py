"""The listings of the account: a snapshot, page by page."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from connectors.http import Account
from connectors.roles import FeedShape, OpenOrder
from connectors.virtualstock.lists import read_rows
from connectors.virtualstock.product_mapping import ProductFields, read_product
from domain.budgets import Lane
from domain.clock import Clock
from domain.records import Page, Received, Reject

PRODUCTS = "/api/v4/products/"


class Scan(NamedTuple):
    """A scan under way: when it began, how many rows it read, and how many it was told of at first."""

    began_at: datetime
    offset: int = 0
    total: int | None = None
    steady: bool = True

    def __str__(self) -> str:
        return f"{self.began_at.isoformat()}|{self.offset}|{self.total}|{int(self.steady)}"

    @classmethod
    def parsed(cls, cursor: str) -> "Scan":
        """Return the scan that a cursor names."""
        began_at, offset, total, steady = cursor.split("|")
        return cls(datetime.fromisoformat(began_at), int(offset), int(total), steady == "1")


class ItemFeed:
    """All products that this supplier has at its retailer; whole only if their number stood still meanwhile."""

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
        steady = scan.steady and scan.total in {None, total}
        after = Scan(scan.began_at, scan.offset + len(rows), total, steady)
        more = bool(rows) and after.offset < total
        return Page(
            [one for one in read if isinstance(one, Received)],
            [one for one in read if isinstance(one, Reject)],
            began_at=scan.began_at,
            cursor=str(after) if more else None,
            more=more,
            complete=steady and after.offset == total,
        )

    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        """Map one original again."""
        return read_product(raw, self._fields)
