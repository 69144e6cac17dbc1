"""Acknowledging, confirming cancellations and dispatching: one call an order, looked up in lists."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Generic, TypeVar

from connectors.answering import answer_each
from connectors.http import Account, VendorRefusal
from connectors.virtualstock.judging import Action, Standing, standing
from connectors.virtualstock.mapping import id_in, is_id
from connectors.virtualstock.order_search import OrderSearch
from connectors.virtualstock.product_mapping import names_an_error
from connectors.virtualstock.refusals import blamed_fields, shown_reason
from connectors.virtualstock.sales_orders import ORDERS
from domain.answers import (
    Accepted,
    Answer,
    Contradicted,
    Done,
    Finding,
    Found,
    NotYet,
    OutcomeUnknown,
    Partial,
    Refused,
    Unknown,
)
from domain.budgets import Lane
from domain.clock import Clock
from domain.records import Acknowledgement, Cancellation, DispatchAdvice, LineQuantity

R = TypeVar("R", Acknowledgement, Cancellation, DispatchAdvice)


class OrderActionSink(Generic[R]):
    """One kind of action. The vendor documents no success body: a 2xx is a ticket, the order's lines are the proof."""

    batch = 1
    parallel = 4
    visible_after = timedelta(minutes=1)  # the vendor does not say; no case of a delay is known

    def __init__(
        self,
        account: Account,
        clock: Clock,
        search: OrderSearch,
        action: Action,
        line_body: Callable[[R, LineQuantity], dict[str, Any]],
    ) -> None:
        self._account, self._clock, self._search = account, clock, search
        self._action = action
        self._line_body: Callable[[R, LineQuantity], dict[str, Any]] = line_body

    async def send(self, records: Sequence[R]) -> Mapping[str, Answer]:
        """Do the action for each record."""
        return await answer_each(self._clock, records, self._send_one)

    async def find(self, records: Sequence[R]) -> Mapping[str, Finding]:
        """Return how the orders of the records stand; `NotYet` for those that the budget did not reach."""
        seen = await self._search.find({record.reference for record in records}, self._action.list_status)
        return {
            record.key: standing(self._action, record, seen[record.reference]).finding()
            if record.reference in seen
            else NotYet("not looked up: the call budget is spent")
            for record in records
        }

    async def _send_one(self, record: R) -> Answer:
        if not record.external_id:
            shown = await self._search.one(record.reference)  # it came by file, which knows no id
            if len(shown) != 1:
                return Refused(f"{len(shown)} orders are shown as {record.reference}.", "contradiction")
            record = record.model_copy(update={"external_id": id_in(shown[0].get("url")) or ""})
        if not is_id(record.external_id):
            return Refused(f"The order has no usable id at The Edge; {self._action.name} was not sent.")
        for line in record.lines:
            if not line.stock_number:
                return Refused(f"Line {line.line} has no stock number; The Edge names lines by it.")
        try:
            answer = await self._post(record, record.lines)
        except OutcomeUnknown as trouble:
            return Unknown(str(trouble))
        except VendorRefusal as refusal:
            return await self._explained(record, refusal)
        return self._taken(record, answer)

    async def _post(self, record: R, lines: Sequence[LineQuantity]) -> Any:
        path = f"{ORDERS}{record.external_id}/{self._action.name}/"
        body = {"items": [self._line_body(record, line) for line in lines]}
        lane = Lane.of(urgent=record.urgent)
        return await self._account.write("POST", path, body=body, params={"format": "json"}, lane=lane)

    def _taken(self, record: R, answer: Any) -> Answer:
        """Answer a 2xx: a ticket; but where a part of a line was sent, which no list shows, it is the only proof."""
        ticket = f"{self._action.name} {self._clock.now():%Y-%m-%dT%H:%M:%SZ}"
        parts = [line.line for line in record.lines if line.ordered is not None and line.quantity < line.ordered]
        if not parts:
            return Accepted(ticket)
        if names_an_error(answer):
            return Unknown(
                f"order {record.reference}: The Edge answered 2xx with an error, and shows no part of a line."
            )
        return Done(f"order {record.reference}: The Edge took {ticket} with a part of line {', '.join(parts)}")

    async def _explained(self, record: R, refusal: VendorRefusal) -> Answer:
        """Look at the order behind a refusal: messages may change, states may not."""
        if "carrier" in blamed_fields(refusal.body):
            return Refused(shown_reason(refusal), "invalid_carrier")
        seen = standing(self._action, record, await self._search.one(record.reference))
        match seen.finding():
            case Found(evidence=evidence) if not seen.parts:
                return Done(evidence, record.external_id)
            case Found(evidence=evidence):
                return Refused(f"{shown_reason(refusal)} The {evidence}; we sent a part of it.", "contradiction")
            case Contradicted(reason=reason):
                return Refused(f"{shown_reason(refusal)} The {reason}.", "contradiction")
            case Partial():
                return await self._finished(record, seen)
            case _:
                return Refused(shown_reason(refusal))

    async def _finished(self, record: R, seen: Standing) -> Answer:
        """Send the lines that are still undone: those that were done made the whole call refused."""
        try:
            answer = await self._post(record, seen.undone)
        except OutcomeUnknown as trouble:
            return Unknown(str(trouble))
        except VendorRefusal as refusal:
            return Refused(shown_reason(refusal))
        return self._taken(record, answer)
