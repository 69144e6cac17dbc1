"""Dispatches out: which shipments changed, newest first, walked to the end before the window moves on."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.deposco.api import OLDEST_SEARCH, ORDERS, SHIPMENTS, Api
from connectors.deposco.mapping import id_of, is_of, moment, moment_text
from connectors.deposco.settings import DeposcoOptions
from connectors.deposco.shipment_mapping import (
    NOT_LEFT,
    SHIPMENT_KEEPS,
    dispatch_of,
    has_units,
    kept_shipment,
    key_of,
    orders_of,
)
from connectors.overlap import Overlap, changes
from connectors.reading import Unreadable, never_raises, told_apart
from connectors.roles import FeedShape, OpenOrder
from domain.answers import NotNow, Unavailable
from domain.budgets import Lane
from domain.records import Page, Received, Reject

_SHOWS_WITHIN = timedelta(minutes=5)
_WAITING_A_PAGE = 5


@dataclass(frozen=True)
class _Walk:
    """The cursor: when the walk began, where it goes on, and the marks of what a later one will meet again.

    `read` are those of the walks before, `kept` those of this one.
    """

    overlap: Overlap
    began_at: datetime
    search_id: str = ""
    read: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    @classmethod
    def of(cls, cursor: str) -> "_Walk":
        held = json.loads(cursor)
        began_at = datetime.fromisoformat(held["began_at"])
        if "overlap" not in held:  # of an earlier version: its window is walked from the start
            return cls(Overlap.since(datetime.fromisoformat(held["since"]), _SHOWS_WITHIN), began_at)
        overlap = Overlap.held(held["overlap"], _SHOWS_WITHIN)
        return cls(overlap, began_at, held["search_id"], tuple(held["read"]), tuple(held["kept"]))

    def text(self) -> str:
        parts = {
            "began_at": self.began_at.isoformat(),
            "search_id": self.search_id,
            "read": self.read,
            "kept": self.kept,
        }
        return json.dumps({"overlap": self.overlap.fields(), **parts})

    def next_walk(self) -> "_Walk":
        """Return the walk after this one; what a far one did not meet, none will."""
        former = () if self.overlap.is_far(self.began_at) else self.read
        return _Walk(self.overlap.after(self.began_at), self.began_at, read=tuple(dict.fromkeys((*former, *self.kept))))


class DispatchFeed:
    """One `Dispatch` for each shipment that has left.

    The vendor lists the newest first, so the window moves on only when a walk has reached its end. The
    cursor carries what later walks will meet again, so that nothing is given twice. Orders that wait
    for a tracking number are asked for besides, a few at a time, in case a late one is no change.
    """

    shape = FeedShape.LOG
    keeps: Mapping[str, Any] = SHIPMENT_KEEPS
    absent_is_zero = False

    def __init__(self, api: Api, options: DeposcoOptions) -> None:
        self._api, self._options = api, options
        self._references: dict[str, str] = {}

    async def read(self, cursor: str | None, about: Sequence[OpenOrder]) -> Page:
        """Read one page of the window."""
        now = self._api.clock.now()
        look_back = timedelta(days=self._options.dispatch_look_back_days)
        walk = _Walk.of(cursor) if cursor else _Walk(Overlap.since(now - look_back, _SHOWS_WITHIN), now)
        if not walk.search_id or now - walk.began_at > OLDEST_SEARCH:
            walk = _Walk(walk.overlap.begun(now), now, read=walk.read)
        window = walk.overlap.start(walk.began_at)
        listed = await self._api.page(
            SHIPMENTS, {"updatedAfter": moment_text(window)}, search_id=walk.search_id or None
        )
        known = {order.external_id: order.reference for order in about}
        overlap = walk.overlap.shown(changes(listed.rows, _changed_at), self._api.clock.now())
        fresh, kept, is_past = self._fresh(listed.rows, walk, window, look_back)
        entries = [entry for row in fresh for entry in await self._entries(row, known)]
        walk = replace(walk, overlap=overlap, kept=(*walk.kept, *kept), search_id=listed.search_id or "")
        is_last = listed.search_id is None or is_past
        if is_last:
            entries += await self._waiting(about, known, now, fresh)
        return Page(
            *told_apart(entries),
            began_at=now,
            cursor=(walk.next_walk() if is_last else walk).text(),
            more=not is_last,
        )

    @never_raises
    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        """Map one shipment that `read` has joined with its order's reference."""
        try:
            return Received(dispatch_of(raw), raw)
        except Unreadable as fault:
            return Reject(key_of(raw), raw, fault.reason, fault.hold_type)

    def _fresh(
        self, rows: Sequence[Any], walk: _Walk, window: datetime, look_back: timedelta
    ) -> tuple[list[Any], list[str], bool]:
        """Return the rows to be read, by their change; the marks that a later walk will meet; and whether to stop.

        A row from before the window shows that the vendor ignored the filter: it is left out, and the
        walk ends where nothing younger than the look-back can follow.
        """
        fresh: list[tuple[datetime, Any]] = []
        kept: list[str] = []
        is_past = False
        for row in rows:
            try:
                updated_at = _changed_at(row)
            except Unreadable:
                fresh.append((walk.began_at, row))
                continue
            if updated_at < window:
                is_past = is_past or _created_before(row, walk.began_at - look_back)
                continue
            mark = hashlib.sha256(f"{id_of(row)} {updated_at.isoformat()}".encode()).hexdigest()[:10]
            if updated_at >= walk.overlap.earliest(walk.began_at):
                kept.append(mark)
            if mark not in walk.read:
                fresh.append((updated_at, row))
        return [row for _, row in sorted(fresh, key=lambda pair: (pair[0], id_of(pair[1])))], kept, is_past

    async def _entries(self, row: Any, known: Mapping[str, str]) -> list[Received | Reject]:
        if not is_of(row, self._api.business_unit):
            return []
        try:
            orders = orders_of(row)
        except Unreadable as fault:
            return [Reject(key_of(row), row if isinstance(row, dict) else {}, fault.reason, fault.hold_type)]
        ours = [one for one in orders if one[0] in known or one[1].startswith(self._options.number_prefix)]
        if not ours or str(row.get("status")) in NOT_LEFT:
            return []
        raw = kept_shipment(row)
        if len(orders) > 1:
            return [Reject(key_of(row), raw, "the shipment carries several orders", "dispatch_does_not_fit")]
        path = f"{SHIPMENTS}/{id_of(row)}/shipmentLines"
        if isinstance(row.get("shipmentLines"), Mapping):
            whole = await self._api.whole(path, row["shipmentLines"])
            raw = kept_shipment({**row, "shipmentLines": {**row["shipmentLines"], "data": whole}})
        if not has_units(raw) and row.get("status") == "Shipped":
            return []  # a label that nobody used
        raw["order_reference"] = known.get(ours[0][0]) or await self._reference(ours[0][0])
        return [self.parse(raw)]

    async def _reference(self, order_id: str) -> str:
        """Return the Customer Order Number of an order of ours that nobody told us of; empty when it has none."""
        if order_id not in self._references:
            order = await self._api.ask(self._api.new, f"{ORDERS}/{order_id}", {}, Lane.NORMAL)
            self._references[order_id] = str(order.get("customerOrderNumber") or "") if isinstance(order, dict) else ""
        return self._references[order_id]

    async def _waiting(
        self, about: Sequence[OpenOrder], known: Mapping[str, str], now: datetime, read: Sequence[Any]
    ) -> list[Received | Reject]:
        """Ask for a few of the orders without tracking, others in every minute, so that each has its turn."""
        waiting = sorted(order.reference for order in about if order.awaits_tracking and order.reference)
        if not waiting:
            return []
        start = int(now.timestamp()) // 60 * _WAITING_A_PAGE % len(waiting)
        already, entries = {id_of(row) for row in read}, []
        for reference in dict.fromkeys([*waiting[start:], *waiting[:start]][:_WAITING_A_PAGE]):
            try:
                page = await self._api.page(SHIPMENTS, {"customerOrderNumber": reference})
                ids = {order.external_id for order in about if order.reference == reference}
                rows = [row for row in page.rows if _is_of(row, ids) and id_of(row) not in already]
                entries += [entry for row in rows for entry in await self._entries(row, known)]
            except (NotNow, Unavailable):
                break  # each has its turn again
        return entries


def _is_of(row: Any, order_ids: set[str]) -> bool:
    """Tell whether a shipment is of one of these orders: the vendor may have ignored the filter."""
    try:
        return bool(order_ids & {order_id for order_id, _ in orders_of(row)})
    except Unreadable:
        return False


def _changed_at(row: Any) -> datetime:
    return moment(row.get("updatedDate") if isinstance(row, Mapping) else None)


def _created_before(row: Any, at: datetime) -> bool:
    try:
        return moment(row.get("createdDate")) < at
    except Unreadable:
        return False
