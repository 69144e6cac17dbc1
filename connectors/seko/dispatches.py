"""Dispatches out: they are pushed to us. What is read here is the sweep that finds what a push lost."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from connectors.reading import never_raises, told_apart
from connectors.roles import FeedShape, OpenOrder
from connectors.seko.api import Hub, HubFailure, entries
from connectors.seko.dispatch_mapping import KEEPS, parsed
from connectors.seko.settings import SekoOptions
from domain.answers import NotNow, Unavailable
from domain.budgets import Lane
from domain.clock import Clock
from domain.records import Page, Received, Reject

_ORDERS_A_PAGE = 50


class DispatchFeed:
    """The open orders that the legacy hub lists as dispatched for longer than a push may take.

    It names no lines there, so such an order counts as shipped whole, and one of which any unit was
    seen shipped is left to its pushes. Without the legacy reads there is nothing to read. `cursor`
    counts into `about`; the lists of a walk are read once, whatever its length.
    """

    shape = FeedShape.QUEUE
    absent_is_zero = False
    keeps: Mapping[str, Any] = KEEPS

    def __init__(self, legacy: Hub | None, options: SekoOptions, clock: Clock) -> None:
        self._legacy, self._options, self._clock = legacy, options, clock
        self._walk_began_at = clock.now()
        self._listed: dict[tuple[datetime, datetime], set[str]] = {}

    async def read(self, cursor: str | None, about: Sequence[OpenOrder]) -> Page:
        """Ask which of the next 50 open orders have left, and then for the tracking number of each that has.

        An order whose number could not be read is left to the next walk. Raises when not even the first could be.
        """
        start = int(cursor or 0)
        page = Page([], [], began_at=self._clock.now())
        if self._legacy is None:
            return page
        if not start:
            self._walk_began_at = page.began_at
            self._listed.clear()
        if start + _ORDERS_A_PAGE < len(about):
            page.cursor, page.more = str(start + _ORDERS_A_PAGE), True
        asked = {
            order.external_id.lower(): order
            for order in about[start : start + _ORDERS_A_PAGE]
            if order.external_id and order.unshipped
        }
        left = await self._left(self._legacy, asked.keys(), self._walk_began_at) if asked else {}
        swept = await self._all_swept(self._legacy, {guid: (asked[guid], day) for guid, day in left.items()})
        page.received, page.rejects = told_apart(map(self.parse, swept))
        return page

    @never_raises
    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        """Map one confirmation, pushed or swept."""
        return parsed(raw)

    async def _left(self, legacy: Hub, wanted: Any, now: datetime) -> dict[str, datetime]:
        """Return, by GUID, the day on which these orders left: asked for at once, then day by day for those that have."""
        end = now - timedelta(minutes=self._options.push_patience_minutes)
        begin = end - timedelta(days=self._options.sweep_look_back_days)
        missing = await self._dispatched(legacy, begin, end) & set(wanted)
        found: dict[str, datetime] = {}
        for day, day_end in _days(begin, end):
            if not missing:
                break
            of_day = missing & await self._dispatched(legacy, day, day_end)
            found |= dict.fromkeys(sorted(of_day), day)
            missing -= of_day
        return found

    async def _dispatched(self, legacy: Hub, begin: datetime, end: datetime) -> set[str]:
        if (begin, end) not in self._listed:
            self._listed[begin, end] = await self._list(legacy, begin, end)
        return self._listed[begin, end]

    async def _list(self, legacy: Hub, begin: datetime, end: datetime) -> set[str]:
        query: dict[str, Any] = {"status": "Dispatched"} | ({"dc": self._options.dc} if self._options.dc else {})
        try:
            path = f"/dispatches/v1/status/{_text(begin)}/{_text(end)}.json"
            answer = await legacy.read(path, lane=Lane.BULK, **query)
        except HubFailure as failure:
            if failure.is_nothing_found:
                return set()
            raise legacy.unavailable(f"What was dispatched cannot be read ({failure}).") from failure
        rows = entries(answer, "DispatchLineItem") or []
        return {str(row.get("GUID")).lower() for row in rows if isinstance(row, Mapping)}

    async def _all_swept(self, legacy: Hub, left: Mapping[str, tuple[OpenOrder, datetime]]) -> list[dict[str, Any]]:
        """Read one by one; a single failure passes its order over, a second in a row or a spent budget ends the page."""
        swept: list[dict[str, Any]] = []
        failed_before = False
        for order, day in left.values():
            try:
                swept.append(await self._swept(legacy, order, day))
            except (NotNow, Unavailable) as trouble:
                if not swept:
                    raise
                if failed_before or isinstance(trouble, NotNow):
                    break
                failed_before = True
            else:
                failed_before = False
        return swept

    async def _swept(self, legacy: Hub, order: OpenOrder, day: datetime) -> dict[str, Any]:
        try:
            tracking = await legacy.read(f"/salesorders/v1/{order.external_id}/tracking.json", lane=Lane.BULK)
        except HubFailure as failure:
            raise legacy.unavailable(f"The tracking of an order cannot be read ({failure}).") from failure
        return {
            "DispatchId": order.external_id,
            "InterfaceRecordId": order.external_id,
            "SalesOrderReference": order.reference,
            "DispatchDate": _text(day),
            **{name: tracking.get(name) or None for name in ("Courier", "TrackingNumber")},
            "Lines": [{"ProductCode": sku, "Quantity": units} for sku, units in order.unshipped],
        }


def _days(begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the days of a span, the newest first, each cut to the span at its end."""
    day = datetime.combine(end.date(), time.min, UTC)
    while day > begin - timedelta(days=1):
        yield day, min(end, day + timedelta(days=1))
        day -= timedelta(days=1)


def _text(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
