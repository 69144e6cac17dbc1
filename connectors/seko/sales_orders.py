"""Sales orders in: one call an order; looked up by our own GUID where the legacy hub may be read."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from connectors.answering import answer_each, find_each
from connectors.http import VendorRefusal
from connectors.seko.api import FAILED, Hub, HubFailure
from connectors.seko.order_mapping import merged_lines, order_body, order_fault, order_guid, order_number
from connectors.seko.refusals import Meaning, meaning
from connectors.seko.settings import SekoOptions
from domain.answers import (
    Absent,
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
from domain.records import SalesOrder

_LIVING = {"Confirmed", "To Be Picked", "Being Picked", "Pick Complete", "To Be Packed", "To Dispatch", "Dispatched"}
_GOING = {"Cancelled", "Cancellation: To Cancel"}


class SalesOrderSink:
    """Takes sales orders. SEKO lets a number exist once and nobody edit it, so a repeat makes no second order.

    Without the legacy reads nothing can be looked up: `find` then says absent, the core sends the same
    number again, and only a number that `find` was asked for before may count as ours when SEKO
    says that it is taken.
    """

    batch = 1
    parallel = 4
    visible_after = timedelta(minutes=10)  # what is taken shows after about five

    def __init__(self, hub: Hub, legacy: Hub | None, options: SekoOptions) -> None:
        self._hub, self._legacy, self._options = hub, legacy, options
        self._looked_for: set[str] = set()

    async def send(self, records: Sequence[SalesOrder]) -> Mapping[str, Answer]:
        """Create the orders; raises when the first one could not be tried, and puts off what comes after trouble."""
        return await answer_each(self._hub.clock, records, self._create)

    async def find(self, records: Sequence[SalesOrder]) -> Mapping[str, Finding]:
        """Look the orders up by GUID, one call each; without the legacy reads every one is absent."""
        findings = await find_each(records, self._finding)
        self._looked_for |= findings.keys()
        return findings

    async def _create(self, order: SalesOrder) -> Answer:
        if fault := order_fault(order, self._options):
            return fault
        try:
            answer = await self._hub.write("/salesorders/v4/websubmit", order_body(order, self._options))
        except OutcomeUnknown as trouble:
            return Unknown(str(trouble))
        except VendorRefusal as refusal:
            words = Meaning(f"SEKO answers HTTP {refusal.status}; its message is kept as {refusal.evidence}.")
            return await self._after_refusal(order, words)
        except HubFailure as failure:
            return await self._after_failure(order, failure)
        guid, number = order_guid(order, self._options), order_number(order, self._options)
        if str(answer.get("GUID")).lower() != guid:
            return Unknown(f"SEKO says that it took order {number}, and does not repeat its GUID.")
        return Done(f"order {number} taken whole: the answer repeats its GUID {guid}", guid)

    async def _after_failure(self, order: SalesOrder, failure: HubFailure) -> Answer:
        if failure.code != FAILED:
            return Unknown(f"SEKO reports a failure of an unknown kind, kept as {failure.evidence}.")
        return await self._after_refusal(order, meaning(failure, {line.sku for line in merged_lines(order)}))

    async def _after_refusal(self, order: SalesOrder, refusal: Meaning) -> Answer:
        """Look before calling it refused: an earlier attempt of ours may be the reason for it."""
        try:
            found = await self._finding(order)
        except (NotNow, SystemTrouble):
            return Unknown(f"{refusal.reason} It could not be looked up.")
        match found:
            case Found(evidence, external_id):
                return Done(evidence, external_id)
            case Contradicted(reason, hold_type):
                return Refused(reason, hold_type)
        if refusal.number_is_taken:
            return self._taken(order, refusal)
        return Refused(refusal.reason, refusal.hold_type)

    def _taken(self, order: SalesOrder, refusal: Meaning) -> Answer:
        number = order_number(order, self._options)
        if self._legacy is not None:
            return Unknown(f"{refusal.reason} The legacy hub does not show {number} yet.")
        if order.key in self._looked_for:
            guid = order_guid(order, self._options)
            return Done(f"order {number} stands there since an earlier attempt: {refusal.reason}", guid)
        return Refused(
            f"{refusal.reason} Look for {number} in SEKO 360: release if it stands there whole; if it was "
            "rejected there, ask SEKO to free the number first.",
            refusal.hold_type,
        )

    async def _finding(self, order: SalesOrder) -> Finding:
        if self._legacy is None or order_fault(order, self._options) is not None:
            return Absent(only_ours=True)
        guid, number = order_guid(order, self._options), order_number(order, self._options)
        try:
            answer = await self._legacy.read(f"/salesorders/v1/{guid}/status.json")
        except HubFailure as failure:
            if failure.is_nothing_found:
                return Absent(only_ours=True)
            raise self._legacy.unavailable(f"The status of an order cannot be read ({failure}).") from failure
        return _judged(number, guid, answer.get("Status"))


def _judged(number: str, guid: str, status: Any) -> Finding:
    if status in _LIVING:
        return Found(f"order {number} found by its GUID {guid}: {status}", guid)
    if status in _GOING:
        return Contradicted(f"Order {number} stands at SEKO as cancelled; its number cannot be used again.")
    return Contradicted(f"Order {number} stands at SEKO in a state that nobody documented.", "unknown_value")
