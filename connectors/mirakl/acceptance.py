"""Acceptance: one call an order, every line decided; the proof is the state that the order shows."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from connectors.answering import answer_each
from connectors.http import VendorRefusal
from connectors.mirakl.api import ORDERS, Api
from connectors.mirakl.mapping import ORDER_STATES, is_id
from connectors.mirakl.refusals import shown_reason
from domain.answers import (
    Absent,
    Accepted,
    Answer,
    Contradicted,
    Done,
    Finding,
    Found,
    OutcomeUnknown,
    Refused,
    Unknown,
)
from domain.records import Acknowledgement

WAITING, REFUSED = "WAITING_ACCEPTANCE", "REFUSED"


class AcceptanceSink:
    """Accepts whole orders. A 204 has no body: it is a ticket."""

    batch = 1
    parallel = 4
    visible_after = timedelta(minutes=1)  # the vendor does not say; no case of a delay is known

    def __init__(self, api: Api) -> None:
        self._api = api

    async def send(self, records: Sequence[Acknowledgement]) -> Mapping[str, Answer]:
        """Accept each order."""
        return await answer_each(self._api.account.clock, records, self._send_one)

    async def find(self, records: Sequence[Acknowledgement]) -> Mapping[str, Finding]:
        """Return how the orders stand, a hundred a call."""
        shown = await self._api.orders_by_id(one.external_id for one in records)
        return {one.key: _finding(one, shown.get(one.external_id)) for one in records}

    async def _send_one(self, record: Acknowledgement) -> Answer:
        if not is_id(record.external_id):
            return Refused("The order has no usable id at Mirakl; it was not accepted.")
        clock, limit = self._api.account.clock, self._api.limits.accept
        body = {"order_lines": [{"id": line.line, "accepted": True} for line in record.lines]}
        try:
            answer = await self._api.account.write(
                "PUT", f"{ORDERS}/{record.external_id}/accept", body=body, params=self._api.shop, limit=limit
            )
        except OutcomeUnknown as trouble:
            return Unknown(str(trouble))
        except VendorRefusal as refusal:
            return await self._explained(record, refusal)
        if answer is not None:
            return Unknown(f"order {record.reference}: Mirakl answered the acceptance with something undocumented.")
        return Accepted(f"accept {clock.now():%Y-%m-%dT%H:%M:%SZ}")

    async def _explained(self, record: Acknowledgement, refusal: VendorRefusal) -> Answer:
        """Look at the order behind a refusal: it may have been accepted before."""
        match (await self.find([record]))[record.key]:
            case Found(evidence=evidence):
                return Done(evidence, record.external_id)
            case Contradicted(reason=reason):
                return Refused(f"{shown_reason(refusal)} The {reason}.", "contradiction")
            case _:
                return Refused(shown_reason(refusal))


def _finding(record: Acknowledgement, shown: Mapping[str, object] | None) -> Finding:
    """Judge by the order's state: every later one proves the acceptance, or leaves nothing to accept."""
    name = f"order {record.reference}"
    if shown is None:
        return Absent()
    state, lines = shown.get("order_state"), shown.get("order_lines")
    if not isinstance(state, str) or state not in ORDER_STATES:
        return Contradicted(f"{name} shows a state that is not documented", "unknown_value")
    quantities = {
        str(line.get("order_line_id")): line.get("quantity")
        for line in (lines if isinstance(lines, list) else [])
        if isinstance(line, dict)
    }
    for line in record.lines:
        if quantities.get(line.line) != (line.ordered or line.quantity):
            return Contradicted(f"{name} shows {quantities.get(line.line)} of line {line.line}, not what was accepted")
    if state == WAITING:
        return Absent()
    if state == REFUSED:
        return Contradicted(f"{name} shows {REFUSED}: it was refused in the portal, or its time ran out")
    return Found(f"{name} shows {state}", record.external_id)
