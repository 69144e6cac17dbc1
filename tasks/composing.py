"""Compose what is sent, afresh from the originals and from what is known now. A message holds no body."""

from collections.abc import Sequence
from typing import Any

from domain.deadlines import LONDON
from domain.faults import SOFTWARE_FAULT
from domain.installation import Side
from domain.orders import OrderLife
from domain.records import (
    Acknowledgement,
    Availability,
    Cancellation,
    Dispatch,
    DispatchAdvice,
    Kind,
    LineQuantity,
    Received,
    Record,
    SalesOrder,
)
from ledger import inbox, items, orders
from ledger.database import DATABASE_TROUBLES, Transaction
from ledger.levels import Sending
from ledger.messages import Claimed
from tasks.faults import is_fault, note_fault
from tasks.judge import with_skus
from tasks.loops import INTAKES
from tasks.run import Run

_BEFORE_THEIR_GATE = (inbox.WAITING, inbox.HELD)


class CannotCompose(Exception):
    """A message cannot be put into words any more: its original, or a fact that it needs, is gone.

    Without a `hold_type` nothing is wrong: it is simply no longer owed.
    """

    def __init__(self, hold_type: str | None, reason: str) -> None:
        super().__init__(reason)
        self.hold_type, self.reason = hold_type, reason


class ReadAgain(CannotCompose):
    """Its original will be seen again; until then it stays owed, or unknown, as it is."""


def compose(run: Run, tx: Transaction, claimed: Sequence[Claimed]) -> dict[int, Record | CannotCompose]:
    """Return, by message id, the record to send for each claimed message, or why there is none."""
    originals = inbox.originals(tx, [message.inbox_id for message in claimed])
    known = orders.known(tx, [message.order_key for message in claimed])
    gates = inbox.gates(tx, [message.inbox_id for message in claimed])
    composed: dict[int, Record | CannotCompose] = {}
    for message in claimed:
        try:
            order, original = known[message.order_key], originals.get(message.inbox_id)
            gate = gates.get(message.inbox_id)
            if message.kind is Kind.SALES_ORDER and gate == inbox.MOVED:
                composed[message.id] = ReadAgain(
                    None, "the road it came over was left; it is read again over the new one"
                )
            elif message.kind is Kind.DISPATCH and message.attempted_at is None and gate in _BEFORE_THEIR_GATE:
                composed[message.id] = ReadAgain(None, "a newer version of it has not passed the gate")
            else:
                composed[message.id] = _composed(run, tx, message, order, original)
        except CannotCompose as trouble:
            composed[message.id] = trouble
        except Exception as fault:
            if isinstance(fault, DATABASE_TROUBLES) or not is_fault(fault):
                raise
            composed[message.id] = CannotCompose(SOFTWARE_FAULT, note_fault(run, fault))
    return _with_item_ids(tx, composed)


def _composed(run: Run, tx: Transaction, message: Claimed, order: orders.KnownOrder, original: Any) -> Record:
    match message.kind:
        case Kind.SALES_ORDER:
            was_asked = message.attempted_at is not None
            sales_order = _sales_order(run, tx, original, order.life, was_asked=was_asked)
            return sales_order.model_copy(update={"never_sent": not was_asked and not message.resends})
        case Kind.DISPATCH:
            return _advice(run, tx, original, message, order).model_copy(update={"ticket": message.ticket or ""})
        case kind:
            return _answer(kind, order).model_copy(update={"ticket": message.ticket or ""})


def _with_item_ids(tx: Transaction, composed: dict[int, Record | CannotCompose]) -> dict[int, Record | CannotCompose]:
    """Give the lines of sales orders the ids that the items loop read, so that no sink asks for them again."""
    sales_orders = {number: record for number, record in composed.items() if isinstance(record, SalesOrder)}
    skus = {line.sku for order in sales_orders.values() for line in order.lines if line.sku}
    if not skus:
        return composed
    ids = {sku: item.back_office_id for sku, item in items.of(tx, sorted(skus)).items() if item.sellable}
    return composed | {
        number: order.model_copy(
            update={
                "lines": tuple(line.model_copy(update={"item_id": ids.get(line.sku or "", "")}) for line in order.lines)
            }
        )
        for number, order in sales_orders.items()
    }


def availability(sending: Sending, ticket: str = "") -> Availability:
    """Return the record of a level that is being sent, or was sent and has a ticket."""
    return Availability(
        sku=sending.sku,
        stock_number=sending.stock_number,
        external_id=sending.listing_id,
        quantity=sending.quantity,
        as_of=sending.as_of,
        ticket=ticket,
    )


def _parsed(run: Run, side: Side, kind: Kind, original: Any) -> Any:
    parsed = run.feed(INTAKES[side, kind]).parse(original)
    if isinstance(parsed, Received):
        return parsed.record
    raise CannotCompose(parsed.hold_type, f"its original cannot be read any more: {parsed.reason}")


def _sales_order(run: Run, tx: Transaction, original: Any, life: OrderLife, *, was_asked: bool) -> SalesOrder:
    """Return what is to be created, or looked for. `was_asked`: it may stand there, although nobody wants it any more."""
    order: SalesOrder = _parsed(run, Side.MARKETPLACE, Kind.SALES_ORDER, original)
    if order.address_follows and not was_asked:  # a look-up needs no address
        raise CannotCompose(None, "its address is awaited")
    numbers = [line.stock_number for line in order.lines if not line.sku and line.stock_number]
    filed = {line.stock_number: line.sku for line in life.lines if line.stock_number and line.sku}
    order = with_skus(order, filed | items.skus_of_stock_numbers(tx, numbers) if numbers else {})
    wanted = {line.line: line.to_create for line in life.lines}
    lines = tuple(
        line if line.quantity == wanted[line.line] else line.model_copy(update={"quantity": wanted[line.line]})
        for line in order.lines
        if wanted.get(line.line, 0) > 0
    )
    if not lines and not was_asked:
        raise CannotCompose(None, "nothing of it is wanted any more")
    return order.model_copy(update={"key": life.key, "lines": lines or order.lines})


def _answer(kind: Kind, order: orders.KnownOrder) -> Acknowledgement | Cancellation:
    cancels = kind is Kind.CANCELLATION
    lines = tuple(
        LineQuantity(
            line=line.line, sku=line.sku, stock_number=line.stock_number, quantity=quantity, ordered=line.ordered
        )
        for line in order.life.lines
        if (quantity := line.cancel_requested - line.cancelled if cancels else line.to_create) > 0
    )
    if not lines:
        raise CannotCompose(None, "nothing of it is left to answer")
    if cancels:
        return Cancellation(key=order.life.key, reference=order.reference, external_id=order.external_id, lines=lines)
    return Acknowledgement(
        key=order.life.key,
        reference=order.reference,
        external_id=order.external_id,
        lines=lines,
        dispatch_by_at=order.dispatch_by_at,
    )


def _advice(run: Run, tx: Transaction, original: Any, message: Claimed, order: orders.KnownOrder) -> DispatchAdvice:
    dispatch: Dispatch = _parsed(run, Side.BACK_OFFICE, Kind.DISPATCH, original)
    carriers = items.carriers(tx, run.former)
    code = carriers.get((dispatch.carrier, dispatch.service)) or carriers.get((dispatch.carrier, ""))
    if code is None:
        raise CannotCompose("unmapped_carrier", f"carrier {dispatch.carrier!r} is no longer mapped")
    return DispatchAdvice(
        key=dispatch.key,
        reference=order.reference,
        external_id=order.external_id,
        carrier_code=code,
        tracking_number=dispatch.tracking_number or "",
        shipped_on=dispatch.shipped_at.astimezone(LONDON).date(),
        lines=tuple(LineQuantity.model_validate(line) for line in message.lines or ()),
    )
