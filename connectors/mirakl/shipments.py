"""Dispatches as shipments: made in bulk and shipped at once; errors come row by row under a 201."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from connectors.http import VendorRefusal
from connectors.mirakl.api import PAGE_SIZE, Api
from connectors.mirakl.mapping import is_id
from connectors.mirakl.refusals import blames_carrier, harmless, shown_reason
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
    Partial,
    Refused,
    SystemTrouble,
    Unknown,
)
from domain.records import DispatchAdvice

SHIPMENTS = "/api/shipments"
MADE = frozenset({"SHIPPING", "READY_FOR_PICK_UP", "SHIPMENT_PREPARED"})
GONE = frozenset({"SHIPPED", "TO_COLLECT", "RECEIVED", "CLOSED"})
Shown = Mapping[str, Any]


class ShipmentSink:
    """The shipments of many orders in one call. An order has at most one in a call: errors name only the order."""

    batch = 100
    parallel = 1
    visible_after = timedelta(minutes=1)  # the vendor does not say; no case of a delay is known

    def __init__(self, api: Api) -> None:
        self._api = api

    async def send(self, records: Sequence[DispatchAdvice]) -> Mapping[str, Answer]:
        """Make the shipments as shipped; confirm those that stand there made and not shipped."""
        now = self._api.account.clock.now()
        answers: dict[str, Answer] = {}
        going: dict[str, DispatchAdvice] = {}
        for one in records:
            if not is_id(one.external_id) or not one.tracking_number or not one.carrier_code:
                answers[one.key] = Refused("The dispatch has no usable order id, carrier or tracking number.")
            elif one.external_id in going:
                answers[one.key] = Later(now, "another shipment of its order goes first")
            else:
                going[one.external_id] = one
        if not going:
            return answers
        body = {"shipments": [shipment_body(one) for one in going.values()]}
        try:
            answer = await self._write("POST", SHIPMENTS, body, self._api.limits.make_shipments)
        except OutcomeUnknown as trouble:
            return answers | {one.key: Unknown(str(trouble)) for one in going.values()}
        except VendorRefusal as refusal:
            return answers | {one.key: Refused(shown_reason(refusal)) for one in going.values()}
        made, refused = _sorted(answer, "order_id")
        doubtful: dict[str, tuple[DispatchAdvice, str]] = {}
        for order_id, one in going.items():
            if order_id in made and isinstance(finding := judged(one, [made[order_id]]), Found):
                answers[one.key] = Done(finding.evidence, finding.external_id)
            elif order_id in refused:
                doubtful[order_id] = (one, refused[order_id])
            else:
                answers[one.key] = Unknown(f"order {one.reference}: Mirakl's answer does not repeat the shipment.")
        return answers | await self._explained(doubtful)

    async def find(self, records: Sequence[DispatchAdvice]) -> Mapping[str, Finding]:
        """Return what the shipments of the orders show; `NotYet` for those that the budget did not reach."""
        order_ids = sorted({one.external_id for one in records if is_id(one.external_id)})
        shown = await self._listed(order_ids)
        return {
            one.key: judged(one, shown[one.external_id])
            if one.external_id in shown
            else NotYet("not looked up: the call budget is spent")
            for one in records
        }

    async def _listed(self, order_ids: Sequence[str]) -> dict[str, list[Shown]]:
        """Return the shipments of each order, fifty orders at a time; when the budget ends, what was read by then."""
        shown: dict[str, list[Shown]] = {}
        for start in range(0, len(order_ids), 50):
            asked = order_ids[start : start + 50]
            try:
                rows = await self._pages(asked)
            except NotNow:
                if not shown:
                    raise
                break
            shown |= {order_id: [] for order_id in asked}
            for row in rows:
                if isinstance(row, dict) and row.get("order_id") in shown:
                    shown[row["order_id"]].append(row)
        return shown

    async def _pages(self, order_ids: Sequence[str]) -> list[Any]:
        rows: list[Any] = []
        token: dict[str, Any] = {}
        while True:
            answer = await self._api.read(
                SHIPMENTS, self._api.limits.list_shipments, order_id=list(order_ids), limit=PAGE_SIZE, **token
            )
            if not isinstance(answer.get("data"), list):
                raise self._api.unreadable(SHIPMENTS)
            rows += answer["data"]
            following = answer.get("next_page_token")
            if not isinstance(following, str) or not following or token.get("page_token") == following:
                return rows
            token = {"page_token": following}

    async def _explained(self, doubtful: Mapping[str, tuple[DispatchAdvice, str]]) -> dict[str, Answer]:
        """Look behind the errors: a shipment may stand there already, shipped or only made."""
        if not doubtful:
            return {}
        answers: dict[str, Answer] = {}
        waiting: dict[str, tuple[DispatchAdvice, str]] = {}
        try:
            shown = await self._listed(sorted(doubtful))
        except (NotNow, SystemTrouble):
            shown = {}
        for order_id, (one, message) in doubtful.items():
            if order_id not in shown:
                answers[one.key] = Unknown(f"order {one.reference}: Mirakl refused it, and could not be asked why.")
                continue
            match judged(one, shown[order_id]):
                case Found(evidence=evidence, external_id=identity):
                    answers[one.key] = Done(evidence, identity)
                case Partial(missing=identity):
                    waiting[identity] = (one, message)
                case Contradicted(reason=reason):
                    answers[one.key] = Refused(f"{_said(message)} The {reason}.", "contradiction")
                case _:
                    hold_type = "invalid_carrier" if blames_carrier(harmless(message)) else "refused"
                    answers[one.key] = Refused(_said(message), hold_type)
        return answers | await self._confirmed(waiting)

    async def _confirmed(self, waiting: Mapping[str, tuple[DispatchAdvice, str]]) -> dict[str, Answer]:
        """Confirm the shipments that are made and not shipped."""
        if not waiting:
            return {}
        body = {"shipments": [{"id": identity} for identity in waiting]}
        limit = self._api.limits.confirm_shipments
        try:
            answer = await self._write("PUT", f"{SHIPMENTS}/ship", body, limit)
        except (OutcomeUnknown, NotNow, SystemTrouble) as trouble:
            return {one.key: Unknown(str(trouble)) for one, _ in waiting.values()}
        except VendorRefusal as refusal:
            return {one.key: Refused(shown_reason(refusal)) for one, _ in waiting.values()}
        good, bad = _sorted(answer, "id")
        return {
            one.key: Done(f"shipment {identity} of order {one.reference} is confirmed", identity)
            if identity in good
            else Refused(_said(bad[identity]))
            if identity in bad
            else Unknown(f"shipment {identity}: Mirakl's answer does not name it.")
            for identity, (one, _) in waiting.items()
        }

    async def _write(self, method: str, path: str, body: Any, limit: Any) -> Any:
        return await self._api.account.write(method, path, body=body, params=self._api.shop, limit=limit)


def shipment_body(record: DispatchAdvice) -> dict[str, Any]:
    """Return one shipment as it is written: by a registered carrier's code only, and shipped at once."""
    return {
        "order_id": record.external_id,
        "shipped": True,
        "tracking": {"carrier_code": record.carrier_code, "tracking_number": record.tracking_number},
        "shipment_lines": [{"order_line_id": line.line, "quantity": line.quantity} for line in record.lines],
    }


def judged(record: DispatchAdvice, shown: Sequence[Shown]) -> Finding:
    """Compare the shipments of an order with a dispatch: the tracking number names it, the lines must be the same."""
    name = f"order {record.reference}"
    same = [one for one in shown if _tracking(one) == record.tracking_number and one.get("status") != "CANCELED"]
    if not same:
        return Absent()
    if len(same) > 1:
        return Contradicted(f"{name} shows {len(same)} shipments with one tracking number")
    [one] = same
    identity, state = str(one.get("id")), one.get("status")
    wanted = sorted((line.line, line.quantity) for line in record.lines)
    if _lines(one) != wanted:
        return Contradicted(f"{name} shows a shipment with this tracking number and other lines")
    if state in GONE:
        return Found(f"{name} shows shipment {identity} {state}", identity)
    if state in MADE:
        return Partial(identity)
    return Contradicted(f"{name} shows a shipment in a state that is not documented", "unknown_value")


def _tracking(shown: Shown) -> str:
    tracking = shown.get("tracking")
    return str(tracking.get("tracking_number") or "") if isinstance(tracking, dict) else ""


def _lines(shown: Shown) -> list[tuple[str, Any]]:
    totals: dict[str, int] = {}
    for line in shown.get("shipment_lines") or []:
        if isinstance(line, dict) and isinstance(line.get("quantity"), int):
            name = str(line.get("order_line_id"))
            totals[name] = totals.get(name, 0) + line["quantity"]
    return sorted(totals.items())


def _sorted(answer: Any, name: str) -> tuple[dict[str, Shown], dict[str, str]]:
    """Return the rows of a bulk answer that succeeded, and the messages of those that failed, by this field."""
    if not isinstance(answer, dict):
        return {}, {}
    good, bad = answer.get("shipment_success"), answer.get("shipment_errors")
    return (
        {str(row.get(name)): row for row in (good if isinstance(good, list) else []) if isinstance(row, dict)},
        {
            str(row.get(name)): str(row.get("message") or "")
            for row in (bad if isinstance(bad, list) else [])
            if isinstance(row, dict)
        },
    )


def _said(message: str) -> str:
    return f"Mirakl refused it: {harmless(message) or 'in words that may hold personal data; see the portal'}"
