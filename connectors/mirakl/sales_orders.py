"""The order log: all orders that changed since the last walk, by offset, with an overlap."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from connectors.mirakl.api import ORDERS, Api, Rows
from connectors.mirakl.mapping import NOT_YET_OURS, ORDER_KEEPS, moment, read_order
from connectors.overlap import Overlap, changes
from connectors.reading import never_raises, told_apart
from connectors.roles import FeedShape, OpenOrder
from domain.answers import NotNow, Unavailable
from domain.records import Page, Received, Reject

SHOWS_WITHIN = timedelta(minutes=10)  # more than any clock of ours and of the vendor's should differ
LONGEST_MEMORY = 2_000
TIMES_AGAIN = 2


@dataclass(frozen=True)
class Bookmark:
    """How far the log was read: `since` is the start of the running walk, `offset` how many rows of it were read.

    `began_at` is when the walk began, and `overlap` says where the next one starts. `seen` are marks of what was read,
    so that the overlap is not read twice. `shown` are the orders of the page before, and `again` how often that one
    came in the place of the next.
    """

    overlap: Overlap
    since: datetime
    began_at: datetime
    offset: int = 0
    seen: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    again: int = 0

    def __str__(self) -> str:
        times = {"since": self.since.isoformat(), "began_at": self.began_at.isoformat()}
        return json.dumps({**vars(self), **times, "overlap": self.overlap.fields()})

    @classmethod
    def parsed(cls, cursor: str) -> "Bookmark":
        """Return the bookmark that a cursor holds."""
        held = json.loads(cursor)
        since = datetime.fromisoformat(held["since"])
        if "overlap" not in held:  # of an earlier version: its window is walked from the start
            return cls(Overlap.since(since, SHOWS_WITHIN), since, since, seen=tuple(held["seen"]))
        began_at, overlap = datetime.fromisoformat(held["began_at"]), Overlap.held(held["overlap"], SHOWS_WITHIN)
        seen, shown = tuple(held["seen"]), tuple(held["shown"])
        return cls(overlap, since, began_at, held["offset"], seen, shown, held["again"])

    def at(self, now: datetime) -> "Bookmark":
        """Return the bookmark with which the page at this moment is read: of the walk under way, or of one that begins."""
        if self.offset:
            return self
        overlap = self.overlap.begun(now)
        return Bookmark(overlap, overlap.start(now).astimezone(UTC), now, seen=self.seen)


class SalesOrderFeed:
    """Orders by the date of their last change.

    The window has no end: an order that changes while we page stays in it, so no row behind it moves
    up and is missed. What enters the window behind us is brought by the next walk.
    """

    shape = FeedShape.LOG
    keeps: Mapping[str, Any] = ORDER_KEEPS
    absent_is_zero = False

    def __init__(self, api: Api, gift_field: str | None, history: timedelta) -> None:
        self._api, self._gift_field, self._history = api, gift_field, history

    async def read(self, cursor: str | None, about: Sequence[OpenOrder]) -> Page:  # noqa: ARG002 - the log names its orders itself
        """Read at most 100 orders: one page, and on where it brings nothing but the overlap."""
        clock = self._api.account.clock
        now = clock.now()
        first = now - self._history
        mark = Bookmark.parsed(cursor) if cursor else Bookmark(Overlap.since(first, SHOWS_WITHIN), first, now)
        mark = mark.at(now)
        page = Page([], [], began_at=mark.began_at)
        for place in count():
            try:
                total, rows = await self._rows(mark)
            except (NotNow, Unavailable):
                if not place:
                    raise
                break
            read = [self.parse(row) for row in rows if _mark(row) not in mark.seen and not _is_staged(row)]
            page.received, page.rejects = told_apart(read)
            mark = replace(mark, overlap=mark.overlap.shown(changes(rows, _changed_at), clock.now()))
            mark = _after(mark, total, rows)
            if read or not mark.offset:
                break
        page.cursor, page.more = str(mark), mark.offset > 0
        return page

    async def _rows(self, mark: Bookmark) -> Rows:
        limits = self._api.limits
        window: dict[str, Any] = {"start_update_date": mark.since.strftime("%Y-%m-%dT%H:%M:%SZ")}
        window |= {"order_tax_mode": "TAX_EXCLUDED", "offset": mark.offset}
        limit = limits.view_orders if mark.offset else limits.poll_orders
        total, rows = await self._api.rows(ORDERS, "orders", limit, **window)
        if not rows and mark.offset < total:
            what = f"the order list tells of {total} orders and shows none at {mark.offset}."
            raise Unavailable(self._api.account.name, what, "It is tried again; if it stays so, ask the operator.")
        if mark.again >= TIMES_AGAIN and _repeats(mark, total, rows):
            what = f"the order list shows the page before {mark.offset} in its place, again and again."
            raise Unavailable(self._api.account.name, what, "It is tried again; if it stays so, ask the operator.")
        return Rows(total, rows)

    @never_raises
    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        """Map one original again."""
        return read_order(raw, self._gift_field)


def _after(mark: Bookmark, total: int, rows: Sequence[Any]) -> Bookmark:
    """Return the bookmark after a page; at the end of a walk it stands at the start of the next one.

    A page may overlap the one before, or be it once more. Only what is new on it counts as read: what it shows a second
    time took the place of rows that are still to come.
    """
    seen = tuple(dict.fromkeys((*mark.seen, *map(_mark, rows))))[-LONGEST_MEMORY:]
    if _repeats(mark, total, rows):
        return replace(mark, seen=seen, again=mark.again + 1)
    shown = tuple(map(_name, rows))
    offset = mark.offset + (sum(name not in mark.shown for name in shown) or len(rows))
    if offset < total:
        return replace(mark, offset=offset, seen=seen, shown=shown, again=0)
    return Bookmark(mark.overlap.after(mark.began_at), mark.since, mark.began_at, seen=seen)


def _repeats(mark: Bookmark, total: int, rows: Sequence[Any]) -> bool:
    """Tell whether a page has nothing but what the page before had; rows that moved on at the very end of the list are no repeat."""
    shown = tuple(map(_name, rows))
    is_tail = len(shown) < len(mark.shown) and shown == mark.shown[-len(shown) :] and mark.offset + len(rows) >= total
    return bool(shown) and mark.offset > 0 and set(shown) <= set(mark.shown) and not is_tail


def _name(row: Any) -> str:
    return str(row.get("order_id")) if isinstance(row, dict) else _mark(row)


def _mark(row: Any) -> str:
    """Return a short name of an order as it stands now; the whole of it counts, for a time may be coarse."""
    return hashlib.sha256(json.dumps(row, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _changed_at(row: Any) -> datetime:
    return moment(row, "last_updated_date")


def _is_staged(row: Any) -> bool:
    return isinstance(row, dict) and row.get("order_state") == NOT_YET_OURS
