"""What filing shipped records means: they prove the order's creation, and the dispatch is owed to the marketplace."""

from domain.installation import Side
from domain.orders import DoesNotFit, allocate
from domain.records import Dispatch, Kind
from expectations.gate import Failure
from ledger import holds, inbox, messages, orders
from ledger.database import Transaction
from tasks.changed_dispatches import changeable, withdraw
from tasks.filing_orders import owing, store
from tasks.holding import hold
from tasks.judge import Judged
from tasks.run import Run
from tasks.telling import News

_CARRIER_HOLDS = {"unmapped_carrier", "carrier_not_approved", "invalid_carrier"}


def file_dispatches(run: Run, tx: Transaction, judged: Judged) -> None:
    """File the shipped records of a chunk, each against its order."""
    intake, released = judged.pulled.intake, bool(judged.pulled.released)
    judged = Judged(judged.pulled, changeable(run, tx, intake, judged.fresh, released=released), judged.failures)
    keys = orders.by_reference(tx, [one.record.order_reference for one in judged.fresh])
    of_dispatch = {one.record.key: keys.get(one.record.order_reference, "") for one in judged.fresh}
    inbox_ids = store(run, tx, judged, of_dispatch)
    for one in judged.fresh:
        dispatch: Dispatch = one.record
        _file(
            run, tx, dispatch, of_dispatch[dispatch.key], inbox_ids[dispatch.key], judged.failures.get(dispatch.key, ())
        )


def _file(
    run: Run, tx: Transaction, dispatch: Dispatch, order_key: str, inbox_id: int, failures: tuple[Failure, ...]
) -> None:
    is_replaced = withdraw(run, tx, dispatch.key)
    known = orders.known(tx, [order_key]).get(order_key)
    if known is not None:
        prove_creation(run, tx, known, dispatch.order_id, f"the back office shipped it ({dispatch.key})")
    holds.close_holds(tx, holds.INBOX, [str(inbox_id)], "replaced", "a newer record, or a release")
    if not failures and known is not None:
        failures = _owe(run, tx, dispatch, known, inbox_id)
    if failures and not is_replaced and _is_told_again(tx, dispatch, order_key, failures):
        inbox.set_gate(tx, [inbox_id], inbox.PASSED)
        told = f"parcel {dispatch.tracking_number} was told before, under another key"
        run.tell(News(order_key, Kind.DISPATCH, dispatch.key, "repeated", told))
        return
    if known is not None and known.life.unwanted and _is_only_unfit(failures):
        failures = (_shipped_after_cancellation(dispatch, failures[0].value),)
    if failures:
        inbox.set_gate(tx, [inbox_id], inbox.HELD)
    for failure in failures:
        carrier = {"carrier": dispatch.carrier, "service": dispatch.service}
        hold(
            run,
            tx,
            failure,
            holds.INBOX,
            str(inbox_id),
            order_key=order_key,
            deadline_at=known.dispatch_by_at if known else None,
            fix=carrier if failure.hold_type in _CARRIER_HOLDS else None,
        )
    if known is not None:
        waits = any(failure.hold_type == "missing_tracking" for failure in failures)
        orders.mark(tx, order_key, awaits_tracking=waits)


def _is_told_again(tx: Transaction, dispatch: Dispatch, order_key: str, failures: tuple[Failure, ...]) -> bool:
    """Tell whether a shipment only seems not to fit: its parcel is filed already, as told in another way."""
    number = dispatch.tracking_number or ""
    return bool(
        _is_only_unfit(failures)
        and number
        and order_key
        and inbox.has_passed(tx, Kind.DISPATCH, order_key, number, besides=dispatch.key)
    )


def _is_only_unfit(failures: tuple[Failure, ...]) -> bool:
    return {failure.hold_type for failure in failures} == {"dispatch_does_not_fit"}


def prove_creation(run: Run, tx: Transaction, order: orders.KnownOrder, back_office_id: str, evidence: str) -> None:
    """Some record shows that the back office has the order: close its creation and owe what follows."""
    orders.mark_taken(tx, order.life.key, back_office_id)
    if not messages.prove(tx, Kind.SALES_ORDER, order.life.key, evidence):
        return
    run.tell(News(order.life.key, Kind.SALES_ORDER, order.life.key, "done", f"proved: {evidence}"))
    now = orders.known(tx, [order.life.key])[order.life.key]
    messages.owe(tx, owing(run, tx, now.life, now.inbox_id, now.placed_at, now.dispatch_by_at))


def _owe(run: Run, tx: Transaction, dispatch: Dispatch, order: orders.KnownOrder, inbox_id: int) -> tuple[Failure, ...]:
    try:
        lines = allocate(dispatch, order.life.lines)
    except DoesNotFit as misfit:
        return (Failure(dispatch.key, "expect_dispatch_to_fit_its_order", "dispatch_does_not_fit", str(misfit), ""),)
    orders.add_shipped(tx, order.life.key, {line.line: line.quantity for line in lines})
    messages.owe(
        tx,
        [
            messages.Owed(
                Kind.DISPATCH,
                dispatch.key,
                order.life.key,
                Side.MARKETPLACE,
                inbox_id,
                order.dispatch_by_at,
                lines=[line.model_dump() for line in lines],
            )
        ],
    )
    run.tell(News(order.life.key, Kind.DISPATCH, dispatch.key, "filed", f"lines: {len(lines)}"))
    if order.life.cancel_requested:
        failure = _shipped_after_cancellation(dispatch, "John Lewis asked to cancel what was shipped")
        message_id = str(messages.id_of(tx, Kind.DISPATCH, dispatch.key))
        hold(run, tx, failure, holds.MESSAGE, message_id, order_key=order.life.key, deadline_at=order.dispatch_by_at)
    return ()


def _shipped_after_cancellation(dispatch: Dispatch, reason: str) -> Failure:
    return Failure(dispatch.key, "expect_no_shipment_after_cancellation", "cancelled_but_shipped", reason, "")
