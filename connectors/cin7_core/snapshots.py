"""Whole scans: stock rows and products, page after page, proved whole by their count."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter
from typing import Any

from connectors.cin7_core.api import ROWS_A_PAGE, Api
from connectors.cin7_core.mapping import (
    PRODUCT_KEEPS,
    STOCK_KEEPS,
    item_of,
    kept_product,
    stock_level_of,
    stock_rows,
)
from connectors.counting import tally
from connectors.reading import Unreadable, never_raises, told_apart
from connectors.roles import FeedShape, OpenOrder
from domain.budgets import Lane
from domain.counts import StockPage
from domain.records import Deducts, Page, Received, Reject

_PLAINLY, _PLACE = itemgetter("SKU", "Location", "Available"), itemgetter("SKU", "Location")
_ID = itemgetter("ID")
_IDENTITY = ("ID", "SKU", "Location", "Bin", "Batch", "ExpiryDate")


@dataclass(frozen=True)
class _Scan:
    """How far a scan is; its text is the cursor. `over` are rows whose product may go on on the next page."""

    began_at: datetime
    page: int = 1
    rows: int = 0
    total: int | None = None
    last: str = ""
    over: tuple[dict[str, Any], ...] = ()

    @classmethod
    def read(cls, cursor: str) -> "_Scan":
        fields = json.loads(cursor)
        return cls(
            **{**fields, "began_at": datetime.fromisoformat(fields["began_at"]), "over": tuple(fields.get("over", ()))}
        )

    def text(self) -> str:
        return json.dumps({**self.__dict__, "began_at": self.began_at.isoformat()}, default=str)


class _SnapshotFeed:
    """A scan of one list, complete when its rows are as many as every page said there are.

    A page that shows the last row of the page before it again spoils it: the list has shifted.
    A scan that can no longer be proved whole ends at once, not complete, and the next begins anew.
    An empty list is never complete: a company without a single row is a fault, not news.
    """

    shape = FeedShape.SNAPSHOT
    keeps: Mapping[str, Any] = {}
    absent_is_zero = False
    _path: str
    _rows: str
    _filters: Mapping[str, Any] = {}
    _floats = False

    def __init__(self, api: Api) -> None:
        self._api = api

    async def read(self, cursor: str | None, about: Sequence[OpenOrder]) -> Page:  # noqa: ARG002 - a list knows no orders
        """Read one page of up to 1000 rows. `began_at` is that of the first page."""
        scan = _Scan.read(cursor) if cursor else _Scan(self._api.clock.now())
        page = await self._api.page(
            self._path, self._rows, scan.page, lane=Lane.BULK, floats=self._floats, **self._filters
        )
        seen = scan.rows + len(page.rows)
        is_steady = scan.total in {None, page.total} and not _shows(page.rows, scan.last)
        ended = not is_steady or len(page.rows) < ROWS_A_PAGE or seen >= page.total
        rows = [*scan.over, *page.rows]
        closed = len(rows) if ended else self._closed(rows)
        read = self._read(rows[:closed], scan.began_at)
        if not ended:
            last, over = _mark(page.rows[-1]), tuple(map(_carried, rows[closed:]))
            after = replace(scan, page=scan.page + 1, rows=seen, total=page.total, last=last, over=over)
            read.cursor = after.text()
        read.more = not ended
        read.complete = ended and is_steady and seen == page.total and seen > 0
        return read

    @never_raises
    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        """Map one original."""
        try:
            return Received(self._record(raw), raw)
        except Unreadable as fault:
            key = str(raw.get("SKU") or raw.get("ID") or "row without a SKU") if isinstance(raw, Mapping) else "row"
            return Reject(key, raw, fault.reason, fault.hold_type)

    def _closed(self, rows: list[Any]) -> int:
        """Return how many rows of a page need none of the next one."""
        return len(rows)

    def _read(self, rows: list[Any], began_at: datetime) -> Page:
        """Return what the rows of a page become."""
        raise NotImplementedError

    def _record(self, raw: dict[str, Any]) -> Any:
        raise NotImplementedError


def _is_of(row: Any, sku: Any) -> bool:
    return isinstance(row, dict) and row.get("SKU") == sku


def _carried(row: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a stock row that counts."""
    return {name: row[name] for name in ("SKU", "Location", "Available") if name in row}


def _mark(row: Any) -> str:
    """Return what makes a row of either list one of its kind, as far as it can be read."""
    return json.dumps([row.get(name) for name in _IDENTITY], default=str) if isinstance(row, Mapping) else repr(row)


def _shows(rows: Sequence[Any], last: str) -> bool:
    """Tell whether one of the rows has this mark; rows are marked for that only where one is of the same product."""
    try:
        if json.loads(last)[0] not in map(_ID, rows):
            return False
    except (ValueError, TypeError, LookupError):
        pass  # a row that cannot be read, now or then
    return bool(last) and last in map(_mark, rows)


class StockFeed(_SnapshotFeed):
    """What is available, summed for each SKU and location.

    The rows of a SKU may stand on two pages; then they all count with the later one, as a count that
    comes twice in a scan replaces the former. A SKU without any row has nothing in stock.
    """

    keeps: Mapping[str, Any] = STOCK_KEEPS
    absent_is_zero = True
    _path, _rows, _floats = "/ref/productavailability", "ProductAvailabilityList", True

    def __init__(self, api: Api, sell_locations: Sequence[str]) -> None:
        super().__init__(api)
        self._sell_locations = frozenset(sell_locations)

    def _read(self, rows: list[Any], began_at: datetime) -> StockPage:
        sold = [row for row in rows if not self._is_elsewhere(row)] if self._sell_locations else rows
        counts, rejects = tally(sold, _PLAINLY, _PLACE, Deducts.ON_ACCEPTANCE, self._with_care)
        return StockPage(counts, rejects, began_at=began_at)

    def _closed(self, rows: list[Any]) -> int:
        closed, last = len(rows), rows[-1]
        while isinstance(last, dict) and closed and _is_of(rows[closed - 1], last.get("SKU")):
            closed -= 1
        return closed

    def _is_elsewhere(self, row: Any) -> bool:
        location = row.get("Location") if isinstance(row, dict) else None
        return isinstance(location, str) and location not in self._sell_locations

    def _with_care(self, rows: list[Any]) -> list[Received | Reject]:
        return [self.parse(raw) for raw in stock_rows(rows)]

    def _record(self, raw: dict[str, Any]) -> Any:
        return stock_level_of(raw)


class ItemFeed(_SnapshotFeed):
    """The item master, deprecated products included so that they are seen as not sellable."""

    keeps: Mapping[str, Any] = PRODUCT_KEEPS
    _path, _rows, _filters = "/product", "Products", {"IncludeDeprecated": True}

    def _read(self, rows: list[Any], began_at: datetime) -> Page:
        return Page(*told_apart(self.parse(kept_product(row)) for row in rows), began_at=began_at)

    def _record(self, raw: dict[str, Any]) -> Any:
        return item_of(raw)
