"""What a sale that Fulfil shows proves about a sales order of ours."""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from pydantic import Field

from connectors.fulfil.wire import Number, Wire
from connectors.ordering import open_lines
from domain.answers import Absent, Accepted, Answer, Contradicted, Done, Finding, Found, NotYet, Refused, Unknown
from domain.records import OrderLine, SalesOrder

SALE_FIELDS = ("id", "number", "channel", "channel_identifier", "reference", "state")
LINE_FIELDS = ("id", "sale", "product.code", "quantity", "is_return")
_TAKEN = {"processing", "done"}
_WORKED_ON = {"draft", "quotation", "confirmed"}
_CANCELLED = {"cancel", "cancelled"}


class SaleLine(Wire):
    """One line of a sale; a line without a product (a charge, a remark) has no code."""

    sale: int
    code: str | None = Field(default=None, alias="product.code")
    quantity: Number
    is_return: bool | None = None


class Sale(Wire):
    """A sale without its shopper."""

    id: int
    number: str | None = Field(default=None, max_length=64)
    channel: int | None = None
    channel_identifier: str | None = None
    reference: str | None = None
    state: str
    lines: tuple[SaleLine, ...] = ()

    @property
    def shown(self) -> str:
        """Return how a person finds the sale."""
        return f"sale {self.number or self.id}"

    @property
    def is_return(self) -> bool:
        """Tell whether it takes goods back: a return may carry the reference of its order."""
        return bool(self.lines) and all(line.is_return for line in self.lines)

    def units(self) -> dict[str, Any]:
        """Return the units by SKU."""
        return _counted((line.code, line.quantity) for line in self.lines if line.code and not line.is_return)


def finding(order: SalesOrder, sales: Sequence[Sale], channel: int) -> Finding:
    """Return what these sales prove: ours by its channel identifier, or one keyed by hand under the reference.

    A sale of our channel with another identifier is another order of ours, or the return of one.
    """
    ours = [sale for sale in sales if sale.channel == channel and sale.channel_identifier == order.key]
    by_hand = [sale for sale in sales if _is_by_hand(sale, order, channel)]
    hits = ours + by_hand
    if not hits:
        return Absent()
    if len(hits) > 1:
        return Contradicted(f"{len(hits)} sales stand for this order: {', '.join(sale.shown for sale in hits)}.")
    return _judged(hits[0], order, by_hand=not ours)


def answer_of(found: Finding) -> Answer:
    """Return what a look-up says about a create that was answered with an id."""
    match found:
        case Found(evidence=evidence, external_id=external_id):
            return Done(evidence, external_id)
        case Contradicted(reason=reason, hold_type=hold_type):
            return Refused(reason, hold_type)
        case NotYet(reason=reason):
            return Accepted(reason)
    return Unknown("Fulfil answered with the id of a sale and does not show it.")


def _is_by_hand(sale: Sale, order: SalesOrder, channel: int) -> bool:
    is_of_ours = sale.channel == channel and bool(sale.channel_identifier)
    return sale.reference == order.reference and not is_of_ours and not sale.is_return and sale.state not in _CANCELLED


def _judged(sale: Sale, order: SalesOrder, *, by_hand: bool) -> Finding:
    if fault := _contradiction(sale, order, by_hand=by_hand):
        return Contradicted(f"{sale.shown} {fault}")
    if sale.state in _TAKEN:
        return Found(f"{sale.shown}, {sale.state}, repeats reference, SKUs and quantities", str(sale.id))
    return NotYet(f"{sale.shown} is {sale.state}: Fulfil has not planned it yet")


def _contradiction(sale: Sale, order: SalesOrder, *, by_hand: bool) -> str | None:
    if sale.reference != order.reference:
        return "carries our identifier and another reference."
    if sale.state in _CANCELLED:
        return "was cancelled in Fulfil, which creates no second one under its identifier."
    wanted = [_wanted(lines) for lines in (open_lines(order), order.lines)]  # cancelled since, all may be in it
    if sale.units() not in wanted:
        return f"holds {_text(sale.units())}; the order wants {_text(wanted[0])}."
    if sale.state not in _TAKEN | _WORKED_ON:
        return "is in a state that nobody documented."
    if by_hand and sale.state in _WORKED_ON:
        return f"was keyed by hand and is {sale.state}: let it be processed, or cancel it."
    return None


def _wanted(lines: Iterable[OrderLine]) -> dict[str, Any]:
    return _counted((line.sku or "", line.quantity) for line in lines)


def _counted(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    counted: Counter[str] = Counter()
    for sku, quantity in pairs:
        counted[sku] += quantity
    return {sku: quantity for sku, quantity in counted.items() if quantity}


def _text(units: dict[str, Any]) -> str:
    return ", ".join(f"{Decimal(each).normalize():f} x {sku}" for sku, each in sorted(units.items())) or "nothing"
