"""The order queue: requested cancellations first, then new orders, read again from the start each time."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from connectors.http import Account
from connectors.reading import never_raises, told_apart
from connectors.roles import FeedShape, OpenOrder
from connectors.virtualstock.lists import PAGE_SIZE, Rows, read_rows
from connectors.virtualstock.mapping import id_in
from connectors.virtualstock.originals import KEEPS, read_original
from domain.answers import Unavailable
from domain.clock import Clock
from domain.records import Page, Received, Reject

ORDERS = "/restapi/v4/orders/"
QUEUES = ("CANCEL", "ORDER")
"""In this order, so that a cancellation is seen before the creation that it stops."""
TIMES_AGAIN = 2


class Place(NamedTuple):
    """Where to read on: a queue, how many rows to skip, how many it had when last looked at, and those before it.

    `last` is the id of the last row of the page before.
    """

    queue: str
    offset: int = 0
    total: int | None = None
    before: int = 0
    last: str = ""

    def __str__(self) -> str:
        return f"{self.queue}:{self.offset}:{'' if self.total is None else self.total}:{self.before}:{self.last}"

    @classmethod
    def parsed(cls, cursor: str | None) -> "Place":
        """Return the place that a cursor names; None is the start."""
        if cursor is None:
            return cls(QUEUES[0])
        queue, offset, total, before, last = cursor.split(":")
        return cls(queue, int(offset), int(total) if total else None, int(before), last)

    def of_all(self, total: int) -> int | None:
        """Return how many orders wait in all queues, `total` of them in this one; None before the last is known."""
        return self.before + total if self.queue == QUEUES[-1] else None

    def shown_again(self, ids: Sequence[str]) -> int:
        """Return how many rows of a page were on the one before: it may overlap that, or be it once more."""
        return ids.index(self.last) + 1 if self.last and self.last in ids else 0

    def repeats(self, page: Rows, ids: Sequence[str]) -> bool:
        """Tell whether a page brings nothing new; rows that moved down to the very end of the list are no repeat."""
        is_tail = len(ids) < PAGE_SIZE and self.offset + len(ids) >= page.total
        return bool(ids) and self.shown_again(ids) == len(ids) and not is_tail

    def following(self, total: int, brought: int, last: str = "") -> "Place | None":
        """Return the next place after a page that brought so many new rows, the queue now having `total`; None after the last.

        When rows have left the queue, those behind them moved up, at most as far as the total fell:
        so far back is read again. Rows that came in meanwhile can hide a fall; what is missed
        then is still in the queue and the next walk, from the start, brings it.
        """
        if self.offset and self.total is not None and total < self.total:
            return self._replace(offset=max(0, self.offset - (self.total - total)), total=total, last="")
        if self.offset + brought < total:
            return self._replace(offset=self.offset + brought, total=total, last=last)
        later = QUEUES[QUEUES.index(self.queue) + 1 :]
        return Place(later[0], before=self.before + total) if later else None


class SalesOrderFeed:
    """Orders that wait for us, by status: the vendor has no date filter and documents no order of rows."""

    shape = FeedShape.QUEUE
    keeps: Mapping[str, Any] = KEEPS
    absent_is_zero = False

    def __init__(self, account: Account, clock: Clock, zone: ZoneInfo, retailer_id: int | None) -> None:
        self._account, self._clock, self._zone, self._retailer_id = account, clock, zone, retailer_id
        self._only_retailer: str | None = None

    async def read(self, cursor: str | None, about: Sequence[OpenOrder]) -> Page:  # noqa: ARG002 - the queue names its orders itself
        """Read one page of at most 100 orders.

        What a page shows a second time took the place of rows that are still to come, and is not counted as read: or the
        walk would seem whole, and a stock number would be offered before an order that it hides.
        """
        began_at, place = self._clock.now(), Place.parsed(cursor)
        total, rows = page = await self._page(place)
        read = [self._of_one_retailer(self.parse(row)) for row in rows]
        ids = _ids(page)
        brought = len(rows) - place.shown_again(ids) or len(rows)  # none new: they moved down at the end of the list
        following = place.following(total, brought, ids[-1] if ids else "")
        return Page(
            *told_apart(read),
            began_at=began_at,
            cursor=None if following is None else str(following),
            more=following is not None,
            total=place.of_all(total),
        )

    async def _page(self, place: Place) -> Rows:
        """Read one page; one that is the page before once more is read again."""
        for _ in range(1 + TIMES_AGAIN):
            page = await read_rows(
                self._account, ORDERS, status=place.queue, offset=place.offset, retailer_id=self._retailer_id
            )
            if not page.rows and place.offset < page.total:
                raise self._unusable(f"tells of {page.total} orders and shows none at {place.offset}", place)
            if not place.repeats(page, _ids(page)):
                return page
        raise self._unusable(f"shows the page before {place.offset} in its place, again and again", place)

    def _unusable(self, what: str, place: Place) -> Unavailable:
        advice = "It is tried again; if it stays so, ask Virtualstock's support."
        return Unavailable(self._account.name, f"the {place.queue} list {what}.", advice)

    @never_raises
    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        """Map one original again."""
        return read_original(raw, self._zone, self._retailer_id)

    def _of_one_retailer(self, one: Received | Reject) -> Received | Reject:
        """Refuse orders of a second retailer: an order number is unique within one retailer only."""
        if self._retailer_id is not None or isinstance(one, Reject):
            return one
        retailer = id_in(one.raw.get("retailer"))
        self._only_retailer = self._only_retailer or retailer
        if retailer == self._only_retailer:
            return one
        reason = "The account shows orders of more than one retailer; set the option retailer_id."
        return Reject(one.record.key, one.raw, reason)


def _ids(page: Rows) -> list[str]:
    """Return the id of each order of a page; an empty one where it cannot be read."""
    return [(id_in(row.get("url")) if isinstance(row, dict) else None) or "" for row in page.rows]
