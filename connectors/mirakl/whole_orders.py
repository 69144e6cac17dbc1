"""Dispatches of whole orders, where the operator allows one shipment an order: tracking first, then the confirmation."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from connectors.answering import answer_each
from connectors.http import VendorRefusal
from connectors.mirakl.api import ORDERS, Api
from connectors.mirakl.mapping import LINE_STATUSES, is_id
from connectors.mirakl.refusals import blames_carrier, shown_reason
from domain.answers import (
    Absent,
    Accepted,
    Answer,
    Contradicted,
    Done,
    Finding,
    Found,
    NotNow,
    OutcomeUnknown,
    Refused,
    SystemTrouble,
    Unknown,
)
from domain.records import DispatchAdvice, LineStatus

_GONE = LineStatus.CANCELLED


class WholeOrderSink:
    """Two calls an order. Both may be repeated until the order is shipped; the order's lines are the proof."""

    batch = 1
    parallel = 4
    visible_after = timedelta(minutes=1)  # the vendor does not say; no case of a delay is known

    def __init__(self, api: Api) -> None:
        self._api = api

    async def send(self, records: Sequence[DispatchAdvice]) -> Mapping[str, Answer]:
        """Report each dispatch."""
        return await answer_each(self._api.account.clock, records, self._send_one)

    async def find(self, records: Sequence[DispatchAdvice]) -> Mapping[str, Finding]:
        """Return how the orders stand, a hundred a call."""
        shown = await self._api.orders_by_id(one.external_id for one in records)
        return {one.key: _finding(one, shown.get(one.external_id)) for one in records}

    async def _send_one(self, record: DispatchAdvice) -> Answer:
        """Look first: what is confirmed is the whole order, so the dispatch must be of the whole of it."""
        if not is_id(record.external_id) or not record.tracking_number or not record.carrier_code:
            return Refused("The dispatch has no usable order id, carrier or tracking number.")
        shown = (await self._api.orders_by_id([record.external_id])).get(record.external_id)
        match _finding(record, shown):
            case Found(evidence=evidence):
                return Done(evidence, record.external_id)
            case Contradicted(reason=reason, hold_type=hold_type):
                return Refused(f"The {reason}.", hold_type)
            case _ if shown is None:
                return Refused(f"Order {record.reference} is not shown by Mirakl.")
        return await self._track(record) or await self._ship(record)

    async def _track(self, record: DispatchAdvice) -> Answer | None:
        """Note carrier and tracking number; None when that went well."""
        body = {"carrier_code": record.carrier_code, "tracking_number": record.tracking_number}
        try:
            await self._put(f"{ORDERS}/{record.external_id}/tracking", body, self._api.limits.track)
        except OutcomeUnknown as trouble:
            return Unknown(str(trouble))
        except VendorRefusal as refusal:
            reason = shown_reason(refusal)
            return Refused(reason, "invalid_carrier" if blames_carrier(reason) else "refused")
        return None

    async def _ship(self, record: DispatchAdvice) -> Answer:
        try:
            await self._put(f"{ORDERS}/{record.external_id}/ship", None, self._api.limits.ship)
        except (OutcomeUnknown, NotNow, SystemTrouble) as trouble:
            return Unknown(str(trouble))
        except VendorRefusal as refusal:
            return Refused(shown_reason(refusal), "contradiction")
        return Accepted(f"ship {self._api.account.clock.now():%Y-%m-%dT%H:%M:%SZ}")

    async def _put(self, path: str, body: Any, limit: Any) -> None:
        if await self._api.account.write("PUT", path, body=body, params=self._api.shop, limit=limit) is not None:
            raise OutcomeUnknown(f"PUT {path} answered with something undocumented.")


def _finding(record: DispatchAdvice, shown: Mapping[str, Any] | None) -> Finding:
    name = f"order {record.reference}"
    if shown is None:
        return Absent()
    lines = {str(one.get("order_line_id")): one for one in shown.get("order_lines") or [] if isinstance(one, dict)}
    status = {line: LINE_STATUSES.get(str(one.get("order_line_state"))) for line, one in lines.items()}
    wanted = {line.line: line.quantity for line in record.lines}
    for line, one in lines.items():
        if status[line] is _GONE and line not in wanted:
            continue
        if wanted.get(line) != one.get("quantity"):
            return Contradicted(f"{name} allows one shipment of all of it, and the dispatch is of a part")
    if missing := sorted(set(wanted) - set(lines)):
        return Contradicted(f"{name} does not show line {missing[0]}")
    states = {status[line] for line in wanted}
    if states <= {LineStatus.DISPATCHED, LineStatus.RETURNED}:
        return Found(f"{name} shows {shown.get('order_state')}", record.external_id)
    if shown.get("order_state") == "SHIPPING":
        return Absent()
    return Contradicted(f"{name} is in a state in which it cannot be shipped")
