"""Sales orders in: one call each, keyed by our own number; looked up before anything is sent again."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from connectors.answering import answer_each, find_each
from connectors.deposco.api import ORDERS, Api
from connectors.deposco.mapping import is_of, moment, moment_text
from connectors.deposco.order_mapping import (
    CANCELED,
    body_of,
    finding_of,
    harmless,
    lines_of,
    number_of,
    order_of,
    unknown_skus,
)
from connectors.deposco.settings import DeposcoOptions
from connectors.http import VendorRefusal
from connectors.ordering import Unsendable
from connectors.reading import Unreadable
from domain.answers import (
    Absent,
    Answer,
    Contradicted,
    Done,
    Finding,
    Found,
    Later,
    NotNow,
    NotYet,
    OutcomeUnknown,
    Refused,
    SystemTrouble,
    Unknown,
)
from domain.records import SalesOrder

_CLOCKS_DIFFER_BY = timedelta(hours=1)
_MOST_PAGES = 40
_BUSY_FOR = timedelta(seconds=5)
_NO_ANSWER = (NotNow, OutcomeUnknown, SystemTrouble)


class SalesOrderSink:
    """Takes sales orders. The vendor creates or updates by number, so a repeat makes no second order.

    Customer orders (the order management product) are never written: they know no key, and a second
    `POST` makes a second order.
    """

    batch = 1
    parallel = 2
    visible_after = timedelta(minutes=1)  # a create whose answer was lost may still be running there

    def __init__(self, api: Api, options: DeposcoOptions) -> None:
        self._api, self._options = api, options

    async def send(self, records: Sequence[SalesOrder]) -> Mapping[str, Answer]:
        """Create each order; raises when the first one could not be tried."""
        return await answer_each(self._api.clock, records, self._send)

    async def find(self, records: Sequence[SalesOrder]) -> Mapping[str, Finding]:
        """Look the orders up by our number, and by the Customer Order Number for those keyed by hand.

        One call for a single order that is there; else the list of what was created since the oldest
        was placed, newest first. What came back is compared whole: a filter may have been ignored.
        """
        rows = await self._rows(records)
        return await find_each(records, lambda order: self._finding(order, rows))

    async def _send(self, order: SalesOrder) -> Answer:
        try:
            body = body_of(order, self._options)
        except Unsendable as fault:
            return Refused(fault.reason, fault.hold_type)
        try:
            answer = await self._api.new.write("POST", ORDERS, body=body)
        except OutcomeUnknown as trouble:
            return Unknown(str(trouble))
        except VendorRefusal as refusal:
            return await self._after_refusal(order, refusal)
        try:
            return _answer(await self._judged(order, answer))
        except (ValueError, *_NO_ANSWER) as trouble:
            return Unknown(f"The answer to the create does not show the order whole ({type(trouble).__name__}).")

    async def _after_refusal(self, order: SalesOrder, refusal: VendorRefusal) -> Answer:
        """Look before calling it refused: an order that the warehouse works on may not be sent again."""
        if refusal.status == 409:
            return Later(self._api.clock.now() + _BUSY_FOR, "Deposco was changing it at the same moment.")
        if missing := unknown_skus(refusal.body, order):
            return Refused(f"Deposco's item master has no item {', '.join(missing)}.", "unknown_sku")
        try:
            found = (await self.find([order]))[order.key]
        except _NO_ANSWER:
            return Unknown(f"Refused (kept as {refusal.evidence}), and it could not be looked up.")
        if isinstance(found, Found | Contradicted | NotYet):
            return _answer(found)
        if words := harmless(refusal.body):
            return Refused(f"Deposco refuses it: {words}.", "address" if "shipTo" in words else "refused")
        return Refused(f"Deposco refuses it with HTTP {refusal.status}; its words are kept as {refusal.evidence}.")

    async def _rows(self, orders: Sequence[SalesOrder]) -> list[Mapping[str, Any]]:
        """Return rows among which the orders are, if they are there.

        A list that is too long ends the search for orders keyed by hand; ours are then asked for by number.
        """
        if len(orders) == 1:
            number = number_of(orders[0], self._options)
            by_number = [row for row in await self._by_number(orders[0]) if row.get("number") == number]
            if by_number:
                return by_number
        since = min(order.placed_at for order in orders) - _CLOCKS_DIFFER_BY
        page = await self._api.page(ORDERS, {"createdAfter": moment_text(since)})
        rows = list(page.rows)
        for _ in range(max(_MOST_PAGES, len(orders))):
            if page.search_id is None or _is_older(page.rows, since):
                return self._ours(rows)
            page = await self._api.page(ORDERS, search_id=page.search_id)
            rows += page.rows
        return self._ours(rows) + [row for order in orders for row in await self._by_number(order)]

    async def _by_number(self, order: SalesOrder) -> list[Mapping[str, Any]]:
        page = await self._api.page(ORDERS, {"number": number_of(order, self._options)})
        return self._ours(page.rows)

    def _ours(self, rows: Sequence[Any]) -> list[Mapping[str, Any]]:
        return [row for row in rows if isinstance(row, Mapping) and is_of(row, self._api.business_unit)]

    async def _finding(self, order: SalesOrder, rows: Sequence[Mapping[str, Any]]) -> Finding:
        hits = _hits(rows, order, self._options)
        if len(hits) > 1:
            return Contradicted(f"{len(hits)} orders stand under {order.reference}: {', '.join(sorted(hits))}.")
        for row in hits.values():
            try:
                return await self._judged(order, row)
            except ValueError as trouble:
                return NotYet(f"the order cannot be read ({trouble})")
        return Absent()

    async def _judged(self, order: SalesOrder, row: Any) -> Finding:
        found = order_of(row)
        rows = await self._api.whole(f"{ORDERS}/{found.id}/orderLines", row.get("orderLines"))
        return finding_of(found, lines_of(rows), order, self._options)


def _answer(found: Finding) -> Answer:
    match found:
        case Found(evidence, external_id):
            return Done(evidence, external_id)
        case Contradicted(reason, hold_type):
            return Refused(reason, hold_type)
        case NotYet(reason):
            return Unknown(reason)
    return Unknown("It is not there.")


def _is_older(rows: Sequence[Any], since: Any) -> bool:
    """Tell whether a page, newest first, has passed the moment asked for: the vendor ignored the filter."""
    for row in rows:
        try:
            if moment(row.get("createdDate") if isinstance(row, Mapping) else None) < since:
                return True
        except Unreadable:
            continue
    return False


def _hits(
    rows: Sequence[Mapping[str, Any]], order: SalesOrder, options: DeposcoOptions
) -> dict[str, Mapping[str, Any]]:
    """Return the orders that are this one by number -> row: ours, and living ones that were keyed by hand.

    An order of the same reference under another number of ours is another order.
    """
    hits: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        number = str(row.get("number") or "")
        by_hand = row.get("customerOrderNumber") == order.reference and not number.startswith(options.number_prefix)
        if number == number_of(order, options) or (by_hand and row.get("orderStatus") != CANCELED):
            hits[number] = row
    return hits
