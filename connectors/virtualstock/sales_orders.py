"""The order queue: requested cancellations first, then new orders, read again from the start each time."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from connectors.http import Account
from connectors.reading import never_raises, told_apart
from connectors.roles import FeedShape, OpenOrder
from connectors.virtualstock.lists import read_rows
from connectors.virtualstock.mapping import id_in
from connectors.virtualstock.originals import KEEPS, read_original
from domain.answers import Unavailable
from domain.clock import Clock
from domain.records import Page, Received, Reject

ORDERS = "/restapi/v4/orders/"
QUEUES = ("CANCEL", "ORDER")
"""In this order, so that a cancellation is seen before the creation that it stops."""


class Place(NamedTuple):
    """Where to read on: a queue, how many rows to skip, how many it had when last looked at, and those before it."""

    queue: str
    offset: int = 0
    total: int | None = None
    before: int = 0

    def __str__(self) -> str:
        return f"{self.queue}:{self.offset}:{'' if self.total is None else self.total}:{self.before}"

    @classmethod
    def parsed(cls, cursor: str | None) -> "Place":
        """Return the place that a cursor names; None is the start."""
        if cursor is None:
            return cls(QUEUES[0])
        queue, offset, total, before = cursor.split(":")
        return cls(queue, int(offset), int(total) if total else None, int(before))

    def of_all(self, total: int) -> int | None:
        """Return how many orders wait in all queues, `total` of them in this one; None before the last is known."""
        return self.before + total if self.queue == QUEUES[-1] else None

    def following(self, total: int, brought: int) -> "Place | None":
        """Return the next place after a page of `brought` rows, the queue now having `total`; None after the last.

        When rows have left the queue, those behind them moved up, at most as far as the total fell:
        so far back is read again. Rows that came in meanwhile can hide a fall; what is missed
        then is still in the queue and the next walk, from the start, brings it.
        """
        if self.offset and self.total is not None and total < self.total:
            return self._replace(offset=max(0, self.offset - (self.total - total)), total=total)
        if self.offset + brought < total:
            return self._replace(offset=self.offset + brought, total=total)
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
        """Read one page of at most 100 orders."""
        began_at, place = self._clock.now(), Place.parsed(cursor)
        total, rows = await read_rows(
            self._account, ORDERS, status=place.queue, offset=place.offset, retailer_id=self._retailer_id
        )
        if not rows and place.offset < total:
            raise Unavailable(
                self._account.name,
                f"the {place.queue} list tells of {total} orders and shows none at {place.offset}.",
                "It is tried again; if it stays so, ask Virtualstock's support.",
            )
        read = [self._of_one_retailer(self.parse(row)) for row in rows]
        following = place.following(total, len(rows))
        return Page(
            *told_apart(read),
            began_at=began_at,
            cursor=None if following is None else str(following),
            more=following is not None,
            total=place.of_all(total),
        )

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
