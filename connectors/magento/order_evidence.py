"""What an order of the shop proves about a sales order of ours."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.magento.numbers import quantity
from connectors.magento.order_mapping import open_lines, order_number
from connectors.magento.settings import MagentoOptions
from domain.answers import Absent, Accepted, Answer, Contradicted, Done, Finding, Found, NotYet, Refused, Unknown
from domain.records import SalesOrder

ORDER_FIELDS = (
    "entity_id,increment_id,ext_order_id,state,status,items[item_id,parent_item_id,sku,qty_ordered,ext_order_item_id]"
)
_RELEASABLE = {"new", "processing", "complete"}
_WAITING = {"holded", "payment_review", "pending_payment"}


def answer_of_create(order: SalesOrder, answer: Any, options: MagentoOptions) -> Answer:
    """Return `Done` when the create call's answer repeats number, lines, quantities and state."""
    entity_id = answer.get("entity_id") if isinstance(answer, dict) else None
    if type(entity_id) is not int:
        return Unknown("POST /orders answered with something that is not an order.")
    lines = Counter((line.line, line.sku, Decimal(line.quantity)) for line in open_lines(order))
    repeated = Counter(
        (str(item.get("ext_order_item_id")), item.get("sku"), _number(item.get("qty_ordered")))
        for item in _items(answer)
    )
    whole = (
        answer.get("increment_id") == order_number(order, options)
        and answer.get("state") == options.order_state
        and repeated == lines
    )
    if not whole:
        return Accepted(ticket=str(entity_id))
    return Done(f"order {answer['increment_id']} (id {entity_id}): the answer repeats it", str(entity_id))


def finding(order: SalesOrder, orders: Sequence[Mapping[str, Any]], options: MagentoOptions) -> Finding:
    """Return what these orders of the shop prove: ours by its number, or one keyed by hand under the reference.

    A reference may stand on several orders of ours (other keys): those are recognised by our prefix.
    """
    hits = [found for found in orders if _names(found, order, options)]
    if not hits:
        return Absent()
    if len(hits) > 1:
        ids = ", ".join(str(hit.get("entity_id")) for hit in hits)
        return Contradicted(f"{len(hits)} orders of the shop stand for this one (ids {ids}).")
    hit = hits[0]
    entity_id, state = hit.get("entity_id"), hit.get("state")
    if _quantities(hit) != _wanted(order):
        return Contradicted(f"Order id {entity_id} of the shop has other SKUs or quantities.")
    if state in _WAITING:
        return NotYet(f"Order id {entity_id} of the shop is in state {state}.")
    if state not in _RELEASABLE:
        known = state if state in {"canceled", "closed"} else "unknown, or it has none"
        return Contradicted(f"Order id {entity_id} of the shop is not to be shipped; its state is {known}.")
    return Found(f"order id {entity_id} found with the same SKUs and quantities", str(entity_id))


def answer_of_finding(found: Finding) -> Answer | None:
    """Return what a look-up says about a create that was refused, or None when there is no such order."""
    match found:
        case Found(evidence=evidence, external_id=external_id):
            return Done(evidence, external_id)
        case Contradicted(reason=reason):
            return Refused(reason, "contradiction")
        case NotYet(reason=reason):
            return Accepted(ticket=reason)
    return None


def _names(found: Mapping[str, Any], order: SalesOrder, options: MagentoOptions) -> bool:
    number = str(found.get("increment_id"))
    if number == order_number(order, options):
        return True
    keyed_by_hand = order.reference in {number, found.get("ext_order_id")}
    return keyed_by_hand and not number.startswith(options.increment_prefix)


def _wanted(order: SalesOrder) -> Counter[str]:
    wanted: Counter[str] = Counter()
    for line in open_lines(order):
        wanted[line.sku or ""] += line.quantity
    return wanted


def _quantities(found: Mapping[str, Any]) -> dict[str, Decimal]:
    quantities: dict[str, Decimal] = {}
    for item in _items(found):
        if not item.get("parent_item_id"):  # a variant stands a second time below its configurable
            sku = str(item.get("sku"))
            quantities[sku] = quantities.get(sku, Decimal(0)) + _number(item.get("qty_ordered"))
    return quantities


def _items(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [item for item in found.get("items") or [] if isinstance(item, dict)]


def _number(value: Any) -> Decimal:
    try:
        return quantity(value)
    except (TypeError, ValueError, ArithmeticError):
        return Decimal(-1)  # no order has it, so that it never agrees
