"""Dispatches out: which of our sales changed, and then one call for each, because lists show no parcels."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from connectors.cin7_core.api import Api
from connectors.cin7_core.dispatch_mapping import SALE_KEEPS, dispatch_of, kept_sale, key_of, shipments
from connectors.cin7_core.mapping import moment, moment_text
from connectors.cin7_core.settings import Cin7CoreOptions
from connectors.http import VendorRefusal
from connectors.reading import Unreadable, never_raises, told_apart
from connectors.roles import FeedShape, OpenOrder
from domain.answers import NotNow, Unavailable
from domain.records import Page, Received, Reject

_OVERLAP = timedelta(minutes=5)
_SALES_A_PAGE = 45  # what the call budget reads in a slice
_WAITING_A_PAGE = 5
_STATUSES = ("SHIPPED", "PARTIALLY SHIPPED")


class _Row(NamedTuple):
    """A row of the sales list: the sale, when it changed, and a short mark of the two together."""

    updated_at: datetime
    sale_id: str
    mark: str


class _Bookmark(NamedTuple):
    """The cursor: up to when changes were read, and the marks of those read within the overlap before it."""

    since: datetime
    marks: frozenset[str]

    @classmethod
    def read(cls, cursor: str) -> "_Bookmark":
        since, *marks = cursor.split(" ")
        return cls(datetime.fromisoformat(since), frozenset(marks))

    def text(self) -> str:
        return " ".join([self.since.isoformat(), *sorted(self.marks)])


class DispatchFeed:
    """One `Dispatch` for each shipment line that has left.

    The cursor carries what was read within the overlap, so that re-reading costs no call, in this
    process or in the next. Orders that wait for a tracking number are read again besides, a few
    at a time, because a late number may not count as a change of its sale.
    """

    shape = FeedShape.LOG
    keeps: Mapping[str, Any] = SALE_KEEPS
    absent_is_zero = False

    def __init__(self, api: Api, options: Cin7CoreOptions) -> None:
        self._api, self._options = api, options

    async def read(self, cursor: str | None, about: Sequence[OpenOrder]) -> Page:
        """Read the next sales that changed. A spent budget ends the page early and loses nothing."""
        began_at = self._api.clock.now()
        first = _Bookmark(began_at - timedelta(days=self._options.dispatch_look_back_days), frozenset())
        bookmark = _Bookmark.read(cursor) if cursor else first
        newest, rows, rejects = await self._changed(bookmark, about)
        unread = sorted(row for row in rows if row.mark not in bookmark.marks)
        wanted = [row.sale_id for row in unread[:_SALES_A_PAGE]]
        if len(wanted) == len(unread):
            wanted += self._waiting(about, began_at, {row.sale_id for row in unread})
        sales = await self._sales(wanted)
        entries = [entry for sale in sales for entry in self._entries(sale)]
        left = unread[len(sales) :]
        since = max(bookmark.since, left[0].updated_at if left else min(newest, began_at))
        read = bookmark.marks | {row.mark for row in unread[: len(sales)]}
        marks = frozenset(row.mark for row in rows if row.mark in read and row.updated_at >= since - _OVERLAP)
        received, unreadable = told_apart(entries)
        return Page(
            received,
            rejects + unreadable,
            began_at=began_at,
            cursor=_Bookmark(since, marks).text(),
            more=bool(left),
        )

    @never_raises
    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        """Map one parcel."""
        try:
            return Received(dispatch_of(raw), raw)
        except Unreadable as fault:
            return Reject(key_of(raw), raw, fault.reason, fault.hold_type)

    def _entries(self, sale: Mapping[str, Any] | Reject) -> list[Received | Reject]:
        if isinstance(sale, Reject):
            return [sale]
        if not isinstance(sale.get("Fulfilments"), list):  # it is listed as shipped
            raw = kept_sale(sale)
            return [Reject(key_of(raw), raw, "the sale is listed as shipped and shows no fulfilments")]
        return [self.parse(raw) for raw in shipments(sale)]

    async def _changed(
        self, bookmark: _Bookmark, about: Sequence[OpenOrder]
    ) -> tuple[datetime, list[_Row], list[Reject]]:
        """Return the newest change that the lists show, our rows, and rows that cannot be read."""
        references, ids = {order.reference for order in about}, {order.external_id for order in about}
        since, newest = moment_text(bookmark.since - _OVERLAP), bookmark.since
        ours: dict[str, _Row] = {}
        rejects: list[Reject] = []
        for status in _STATUSES:
            async for row in self._api.rows("/saleList", "SaleList", UpdatedSince=since, CombinedShippingStatus=status):
                try:
                    read = _row(row)
                except Unreadable as fault:
                    rejects.append(Reject("row of saleList", {}, fault.reason))
                    continue
                newest = max(newest, read.updated_at)
                is_ours = str(row.get("ExternalID") or "").startswith(self._options.external_id_prefix)
                if is_ours or row.get("CustomerReference") in references or read.sale_id in ids:
                    ours[read.mark] = read
        return newest, list(ours.values()), rejects

    async def _sales(self, sale_ids: Sequence[str]) -> list[Mapping[str, Any] | Reject]:
        """Read the sales one by one; when it must stop, return what was read, or raise if that is nothing."""
        sales: list[Mapping[str, Any] | Reject] = []
        for sale_id in sale_ids:
            try:
                sales.append(await self._api.read("/sale", ID=sale_id, HideInventoryMovements=True))
            except VendorRefusal as refusal:
                reason = f"the sale is listed and cannot be read; the answer is kept as {refusal.evidence}"
                sales.append(Reject(sale_id, {"ID": sale_id}, reason))
            except (NotNow, Unavailable):
                if not sales:
                    raise
                break
        return sales

    @staticmethod
    def _waiting(about: Sequence[OpenOrder], now: datetime, already: set[str]) -> list[str]:
        """Return a few of the orders without tracking, others in every minute, so that each has its turn."""
        waiting = sorted(order.external_id for order in about if order.awaits_tracking and order.external_id)
        if not waiting:
            return []
        start = int(now.timestamp()) // 60 * _WAITING_A_PAGE % len(waiting)
        turn = [*waiting[start:], *waiting[:start]][:_WAITING_A_PAGE]
        return [sale_id for sale_id in turn if sale_id not in already]


def _row(row: Any) -> _Row:
    if not isinstance(row, Mapping) or not isinstance(row.get("SaleID"), str):
        raise Unreadable("a row of the sales list has no SaleID")
    sale_id, updated_at = row["SaleID"], moment(row.get("Updated"))
    mark = hashlib.sha256(f"{sale_id} {updated_at.isoformat()}".encode()).hexdigest()[:10]
    return _Row(updated_at, sale_id, mark)
