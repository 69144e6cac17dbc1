"""What filing sales orders means: fold them, owe what follows, hold what must wait, net the stock."""

from datetime import datetime, timedelta
from typing import Any

from domain.deadlines import dispatch_deadline
from domain.installation import Side
from domain.orders import OrderLife, fold, owes, taken_back
from domain.records import Dispatch, Kind, LineStatus, SalesOrder
from expectations.gate import Failure
from ledger import former_listings, holds, inbox, journal, levels, messages, orders
from ledger.database import Transaction
from tasks.holding import hold
from tasks.judge import Judged
from tasks.run import Run
from tasks.telling import News

GO_LIVE = "go_live"
_ACKNOWLEDGED = {LineStatus.ACCEPTED, LineStatus.BACKORDERED, LineStatus.DISPATCHED, LineStatus.RETURNED}
_UNANSWERED = {LineStatus.OPEN, LineStatus.CANCEL_REQUESTED}
_ASKED = "John Lewis asks to cancel it"
_MAY_STAND_THERE = f"{_ASKED}, and it was sent: look whether it, or a half of it, stands in the back office"
_TAKEN_BACK = "John Lewis asked to cancel it, and shows it as wanted again"
_UNKNOWN = OrderLife("", ())


def file_orders(run: Run, tx: Transaction, judged: Judged) -> None:
    """Fold the orders of a chunk into the ledger and owe, or hold, what follows from each."""
    received: list[SalesOrder] = [one.record for one in judged.fresh]
    inbox_ids = store(run, tx, judged, {order.key: order.key for order in received})
    known = orders.known(tx, [order.key for order in received])
    reopened = _reopened({order.key: order for order in received}, known)
    lives = {order.key: _folded(order, known.get(order.key), judged.skus) for order in received}
    orders.save(
        tx,
        [_row(run, tx, order, inbox_ids[order.key]) for order in received],
        [(key, line) for key, life in lives.items() for line in life.lines],
    )
    _prove_acknowledgements(tx, received)
    replaced = [str(inbox_ids[order.key]) for order in received]  # also a reject that can be read now
    holds.close_holds(tx, holds.INBOX, replaced, "replaced", "a newer record, or a release")
    inbox.set_gate(tx, [inbox_ids[key] for key in reopened], inbox.HELD)
    owed: list[messages.Owed] = []
    since = live_since(tx)
    for order in received:
        life, inbox_id = lives[order.key], inbox_ids[order.key]
        _stop_creation(run, tx, order, life, known[order.key].life.unwanted if order.key in known else 0)
        _mark_final(tx, life, known.get(order.key))
        failures = (*judged.failures.get(order.key, ()), *reopened.get(order.key, ()))
        if failures and not life.taken:
            _hold(run, tx, order, inbox_id, failures)
            if not life.attempted:
                continue
        owed += _owing(run, tx, life, inbox_id, order.placed_at, order.dispatch_by_at, since)
        run.tell(News(order.key, order.kind, order.key, "filed", f"lines: {len(order.lines)}, {order.reference}"))
    messages.owe(tx, owed)
    given_back = _given_back(lives, known)
    if run.former:
        former_listings.note(tx, run.former, given_back, tx.now, proofs=0)
    else:
        levels.owe_again(tx, given_back)
    levels.recompute(
        tx, {line.sku for life in lives.values() for line in life.lines if line.sku}, run.installation.stock
    )
    _release_waiting_dispatches(tx, received)


def _reopened(shown: dict[str, SalesOrder], known: dict[str, orders.KnownOrder]) -> dict[str, tuple[Failure, ...]]:
    """Return, of orders never sent, why a person must say whether they are wanted: their cancellation seems taken back.

    An older sight that is read late looks the same; the next sight ends the hold.
    """
    lives = {key: known[key].life for key in shown if key in known}
    return {
        key: (Failure(key, "expect_no_cancellation_to_be_taken_back", "cancellation_taken_back", _TAKEN_BACK, ""),)
        for key, life in lives.items()
        if not life.attempted and not life.taken and taken_back(life.lines, shown[key])
    }


def _mark_final(tx: Transaction, life: OrderLife, before: orders.KnownOrder | None) -> None:
    """Note that an order is over, whichever side said the last word; or that a line came which makes it go on."""
    was_final = before is not None and before.final_at is not None
    if life.final != was_final:
        orders.mark(tx, life.key, final_at=tx.now if life.final else None)


def _given_back(lives: dict[str, OrderLife], known: dict[str, orders.KnownOrder]) -> set[str]:
    """Return the SKUs of which units are newly not wanted: the marketplace took them off its number when it sold them."""
    return {
        line.sku
        for key, life in lives.items()
        if life.unwanted > (known[key].life.unwanted if key in known else 0)
        for line in life.lines
        if line.sku and (line.cancel_requested or line.cancelled)
    }


def owing(
    run: Run, tx: Transaction, life: OrderLife, inbox_id: int, placed_at: datetime, deadline_at: datetime | None
) -> list[messages.Owed]:
    """Return the messages that an order owes now.

    An order placed before the loop went live may have been keyed by hand: its creation begins as
    unknown, so that it is looked up before it is ever sent. So does one so old that the ledger may have
    known and forgotten it.
    """
    return _owing(run, tx, life, inbox_id, placed_at, deadline_at, live_since(tx))


def live_since(tx: Transaction) -> datetime | None:
    """Return when this installation went live, or None before its first trading run."""
    go_live = journal.watermark(tx, GO_LIVE)
    return None if go_live is None else go_live.began_at


def _owing(
    run: Run,
    tx: Transaction,
    life: OrderLife,
    inbox_id: int,
    placed_at: datetime,
    deadline_at: datetime | None,
    live_since: datetime | None,
) -> list[messages.Owed]:
    forgotten = tx.now - timedelta(days=run.installation.retention.records_days)
    before = live_since is None or placed_at < max(live_since, forgotten)
    due = {Kind.ACKNOWLEDGEMENT: _soonest(deadline_at, _accept_by(run, placed_at))}
    return [
        messages.Owed(
            kind,
            life.key,
            life.key,
            Side.BACK_OFFICE if kind is Kind.SALES_ORDER else Side.MARKETPLACE,
            inbox_id,
            due.get(kind, deadline_at),
            unknown=kind is Kind.SALES_ORDER and before,
        )
        for kind in owes(life, run.order_policy)
    ]


def store(run: Run, tx: Transaction, judged: Judged, order_keys: dict[str, str]) -> dict[str, int]:
    """Write the fresh records of a chunk to the inbox; return the inbox id of each key."""
    intake, feed = judged.pulled.intake, run.feed(judged.pulled.intake)
    arrivals = [
        inbox.Arrival(
            intake.side,
            intake.kind,
            one.record.key,
            one.fingerprint,
            one.raw,
            feed.keeps,
            _gate(one.record, judged),
            order_keys.get(one.record.key, ""),
            (one.record.tracking_number or "") if isinstance(one.record, Dispatch) else "",
            run.former,
        )
        for one in judged.fresh
    ]
    return {key: inbox_id for (kind, key), inbox_id in inbox.store(tx, arrivals).items() if kind is intake.kind}


def _gate(record: Any, judged: Judged) -> str:
    if record.key in judged.failures:
        return inbox.HELD
    return inbox.INCOMPLETE if getattr(record, "address_follows", False) else inbox.PASSED


def _accept_by(run: Run, placed_at: datetime) -> datetime | None:
    hours = run.installation.orders.accept_within_hours
    return None if hours is None else placed_at + timedelta(hours=hours)


def _soonest(*moments: datetime | None) -> datetime | None:
    return min(filter(None, moments), default=None)


def _folded(order: SalesOrder, before: orders.KnownOrder | None, skus: dict[str, str]) -> OrderLife:
    known = _UNKNOWN if before is None else before.life
    return OrderLife(
        order.key,
        fold(known.lines, order, skus),
        attempted=known.attempted,
        taken=known.taken,
        acknowledged=known.acknowledged or _shows_acknowledged(order),
        awaits_address=order.address_follows,
    )


def _shows_acknowledged(order: SalesOrder) -> bool:
    """Tell whether the marketplace shows what it still wants of the order as acknowledged."""
    shown = {line.status for line in order.lines}
    return not shown & _UNANSWERED and bool(shown & _ACKNOWLEDGED)


def _row(run: Run, tx: Transaction, order: SalesOrder, inbox_id: int) -> dict[str, object]:
    return {
        "key": order.key,
        "reference": order.reference,
        "external_id": order.external_id,
        "inbox_id": inbox_id,
        "back_office_id": "",
        "placed_at": order.placed_at,
        "dispatch_by_at": _dispatch_by(run, order),
        "filed_at": tx.now,
        "awaits_tracking": False,
        "account": run.former,
    }


def _dispatch_by(run: Run, order: SalesOrder) -> datetime:
    policy = run.installation.orders
    return order.dispatch_by_at or dispatch_deadline(
        order.placed_at, policy.dispatch_within_working_days, policy.dispatch_cut_off_hour
    )


def _prove_acknowledgements(tx: Transaction, received: list[SalesOrder]) -> None:
    for order in received:
        if _shows_acknowledged(order):
            orders.mark(tx, order.key, acknowledged_at=tx.now)
            messages.prove(tx, Kind.ACKNOWLEDGEMENT, order.key, "the order feed shows it acknowledged")


def _stop_creation(run: Run, tx: Transaction, order: SalesOrder, life: OrderLife, unwanted_before: int) -> None:
    """Where a cancellation is asked for, or is newly done: never create what was not begun; ask a person about what was."""
    if not life.cancel_requested and life.unwanted <= unwanted_before:
        return
    if not life.attempted and not life.taken:
        if not any(line.to_create for line in life.lines):
            messages.drop_unattempted(tx, Kind.SALES_ORDER, order.key, "cancelled before it was created")
        return
    failure = Failure(
        order.key,
        "expect_no_cancellation_after_creation",
        "cancelled_after_creation",
        _TAKEN_BACK if taken_back(life.lines, order) else _ASKED if life.taken else _MAY_STAND_THERE,
        "",
    )
    deadline_at = order.dispatch_by_at or tx.now + timedelta(hours=24)
    hold(run, tx, failure, holds.ORDER, order.key, order_key=order.key, deadline_at=deadline_at)


def _hold(run: Run, tx: Transaction, order: SalesOrder, inbox_id: int, failures: tuple[Failure, ...]) -> None:
    messages.drop_unattempted(tx, Kind.SALES_ORDER, order.key, "a newer version does not pass the gate")
    accept_by = None if _shows_acknowledged(order) else _accept_by(run, order.placed_at)
    deadline_at = _soonest(order.dispatch_by_at, accept_by)
    for failure in failures:
        by = deadline_at or (_dispatch_by(run, order) if failure.hold_type == "cancellation_taken_back" else None)
        hold(run, tx, failure, holds.INBOX, str(inbox_id), order_key=order.key, deadline_at=by)


def _release_waiting_dispatches(tx: Transaction, received: list[SalesOrder]) -> None:
    waiting = holds.open_holds(tx, type="dispatch_without_order") if received else []
    if waiting:
        inbox.set_gate(tx, [int(one.subject_id) for one in waiting], inbox.WAITING)
