"""Sales orders in: one create that Fulfil repeats without doubling; what stands there is read back by the hundred."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from connectors.answering import answer_each
from connectors.fulfil.order_evidence import LINE_FIELDS, SALE_FIELDS, Sale, answer_of, finding
from connectors.fulfil.order_mapping import order_of
from connectors.fulfil.settings import FulfilOptions
from connectors.fulfil.tenant import Tenant
from connectors.http import VendorRefusal
from connectors.ordering import Unsendable, open_lines
from domain.answers import (
    Absent,
    Accepted,
    Answer,
    Finding,
    NotNow,
    OutcomeUnknown,
    Refused,
    SystemTrouble,
    Unknown,
)
from domain.records import SalesOrder

_IN_ONE_SEARCH = 250  # half a page of sales, so that their lines are seldom more than one


class SalesOrderSink:
    """Takes sales orders. A channel identifier exists once in its channel, so a repeat makes no second order.

    The create answers with no more than an id, which is a ticket: the sale that is read back is the proof, and
    many are read back in one look. A SKU whose id the items loop read is there; any other is asked for first.
    """

    batch = 1
    parallel = 4
    visible_after = timedelta(minutes=1)  # a create whose answer was lost may still be running there

    def __init__(self, tenant: Tenant, options: FulfilOptions) -> None:
        self._tenant, self._options = tenant, options
        self._skus: set[str] = set()

    async def send(self, records: Sequence[SalesOrder]) -> Mapping[str, Answer]:
        """Create each order; raises when the first one could not be tried."""
        return await answer_each(self._tenant.clock, records, self._send)

    async def find(self, records: Sequence[SalesOrder]) -> Mapping[str, Finding]:
        """Look the orders up by channel identifier, and by reference for those keyed by hand: two calls for many."""
        findings: dict[str, Finding] = {}
        for start in range(0, len(records), _IN_ONE_SEARCH):
            asked = records[start : start + _IN_ONE_SEARCH]
            sales = await self._sales(asked)
            findings |= {order.key: finding(order, sales, self._options.channel) for order in asked}
        return findings

    async def _send(self, order: SalesOrder) -> Answer:
        try:
            body = order_of(order, self._options)
        except Unsendable as fault:
            return Refused(fault.reason, fault.hold_type)
        if unknown := await self._unknown(order):
            return Refused(
                f"Fulfil has no active product with exactly the SKU of line {', '.join(unknown)}.", "unknown_sku"
            )
        try:
            answer = await self._tenant.change("sale.channel", "create_order", [self._options.channel, body])
        except OutcomeUnknown as trouble:
            return Unknown(str(trouble))
        except VendorRefusal as refusal:
            return await self._after_refusal(order, refusal)
        return _ticket_of(answer)

    async def _after_refusal(self, order: SalesOrder, refusal: VendorRefusal) -> Answer:
        """Look before calling it refused: what a repeat with changed content is answered is not documented."""
        try:
            found = (await self.find([order]))[order.key]
        except (NotNow, SystemTrouble):
            return Unknown(f"Refused ({refusal}), and it could not be looked up.")
        if not isinstance(found, Absent):
            return answer_of(found)
        return Refused(f"Fulfil refuses it; its message is kept as {refusal.evidence}.")

    async def _unknown(self, order: SalesOrder) -> list[str]:
        """Return the lines whose SKU is not there. An order with an unknown SKU may be created without that line."""
        self._skus |= {line.sku for line in open_lines(order) if line.sku and line.item_id}
        wanted = {line.sku for line in open_lines(order) if line.sku} - self._skus
        if wanted:
            rows = await self._tenant.rows("product.product", ["code", "in", sorted(wanted)], ("id", "code"))
            self._skus |= {row["code"] for row in rows if isinstance(row.get("code"), str)}
        return [line.line for line in open_lines(order) if line.sku not in self._skus]

    async def _sales(self, orders: Sequence[SalesOrder]) -> list[Sale]:
        ours = ["AND", ["channel", "=", self._options.channel], _in("channel_identifier", (o.key for o in orders))]
        domain = ["OR", ours, _in("reference", (order.reference for order in orders))]
        found = await self._tenant.rows("sale.sale", domain, SALE_FIELDS)
        if not found:
            return []
        ids = [row.get("id") for row in found]
        lines = await self._tenant.rows("sale.line", ["sale", "in", ids], LINE_FIELDS)
        by_sale: dict[Any, list[Mapping[str, Any]]] = {}
        for line in lines:
            by_sale.setdefault(line.get("sale"), []).append(line)
        try:
            return [Sale.model_validate({**row, "lines": by_sale.get(row.get("id"), [])}) for row in found]
        except ValidationError:
            raise self._tenant.unavailable("it shows a sale that cannot be read.") from None


def _in(field: str, values: Iterable[str]) -> list[Any]:
    return [field, "in", sorted(set(values))]


def _ticket_of(answer: Any) -> Answer:
    if isinstance(answer, Mapping) and answer.get("__class__") == "AsyncResult":
        return Accepted("a long job of Fulfil's")
    if not _names_a_sale(answer):
        return Unknown("Fulfil answered the create with something that is not a sale.")
    return Accepted("created; to be read back")


def _names_a_sale(answer: Any) -> bool:
    """Tell whether this is a sale: a record, alone or in a list, or a bare id."""
    if isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    if isinstance(answer, Mapping):
        return answer.get("model_name") == "sale.sale" and type(answer.get("id")) is int
    return type(answer) is int
