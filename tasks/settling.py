"""Settle: write what a destination said of a message, with everything that follows from it, in one transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.answers import (
    Absent,
    Accepted,
    Answer,
    Contradicted,
    Done,
    Finding,
    Found,
    Later,
    NotYet,
    Partial,
    Refused,
    Unknown,
)
from domain.budgets import Lane
from domain.faults import SOFTWARE_FAULT
from domain.records import Kind, LineQuantity, Record, SalesOrder
from expectations.gate import Failure
from ledger import holds, journal, levels, messages, orders
from ledger.database import Transaction
from ledger.messages import Claimed
from tasks.composing import CannotCompose, ReadAgain, compose
from tasks.filing_orders import live_since, owing
from tasks.holding import hold
from tasks.run import Run
from tasks.telling import News

LOOK_AGAIN_AFTER = timedelta(seconds=30)
READ_BACK_AFTER = timedelta(minutes=5)
"""When what a destination took is read back: all of it at once, since a list costs one call for one and for a hundred."""
MOST_RESENDS = 2
_THERE_BUT_WRONG = {
    "contradiction",
    "backordered",
    SOFTWARE_FAULT,
}  # released, these are looked up again, never sent again


def settle(
    run: Run, tx: Transaction, message: Claimed, record: Record, answer: Answer, visible_after: timedelta
) -> None:
    """Write the answer to a sending. A claim that was lost meanwhile writes nothing: its new owner looks it up."""
    match answer:
        case Done(evidence, external_id):
            _done(run, tx, message, record, evidence, external_id)
        case Accepted(ticket):
            if messages.note(tx, message, ticket=ticket, lease_until=None, due_at=tx.now + READ_BACK_AFTER):
                _tell(run, tx, message, "accepted", "to be confirmed")
        case Refused(reason, hold_type):
            facts = {} if hold_type in _THERE_BUT_WRONG else _sent_before(message)
            if messages.note(tx, message, lease_until=None, **facts):
                _hold(run, tx, message, hold_type, reason)
        case Later(at, reason):
            if messages.note(tx, message, attempted_at=None, lease_until=None, due_at=at):
                _tell(run, tx, message, "later", reason)
        case Unknown(reason):
            if messages.note(tx, message, lease_until=None, due_at=tx.now + visible_after):
                _tell(run, tx, message, "unknown", reason)


def sayable(run: Run, tx: Transaction, claimed: Sequence[Claimed]) -> dict[str, tuple[Claimed, Record]]:
    """Return, by key, the messages that can be put into words, with their words; settle the others as unsayable."""
    composed = compose(run, tx, claimed)
    said: dict[str, tuple[Claimed, Record]] = {}
    for message in claimed:
        record = composed[message.id]
        if isinstance(record, CannotCompose):
            settle_unsayable(run, tx, message, record)
        else:
            said[message.key] = (message, record)
    return said


def settle_unsayable(run: Run, tx: Transaction, message: Claimed, trouble: CannotCompose) -> None:
    """Hold a message that cannot be composed, or drop one that is no longer owed; let one wait whose original comes again.

    Nothing was asked, so nothing was answered: what was sent, or taken for later, stays so and is looked up after a release.
    """
    if isinstance(trouble, ReadAgain):
        messages.note(tx, message, lease_until=None, due_at=tx.now + LOOK_AGAIN_AFTER)
    elif trouble.hold_type is not None:
        if messages.note(tx, message, lease_until=None):
            _hold(run, tx, message, trouble.hold_type, trouble.reason)
    elif messages.close(tx, message, messages.DROPPED, trouble.reason):
        _tell(run, tx, message, "dropped", trouble.reason)
        if orders.known(tx, [message.order_key])[message.order_key].life.final:
            orders.mark(tx, message.order_key, final_at=tx.now)


def settle_fault(run: Run, tx: Transaction, message: Claimed, told: str) -> None:
    """Hold what our own code breaks on. What became of it stays as unknown as it was: released, it is looked up first."""
    if messages.note(tx, message, lease_until=None):
        _hold(run, tx, message, SOFTWARE_FAULT, told)


def settle_finding(
    run: Run, tx: Transaction, message: Claimed, record: Record, finding: Finding, visible_after: timedelta
) -> None:
    """Write what a look-up showed. Late beats twice: absent is believed only after `visible_after`."""
    match finding:
        case Found(evidence, external_id):
            _done(run, tx, message, record, evidence, external_id)
        case Partial(missing):
            if messages.note(tx, message, lease_until=None, due_at=tx.now, **_sent_before(message)):
                _tell(run, tx, message, "partial", f"to be finished: {missing}")
        case NotYet(reason):
            messages.note(tx, message, lease_until=None, due_at=tx.now + LOOK_AGAIN_AFTER)
            _tell(run, tx, message, "not yet", reason)
        case Contradicted(reason, hold_type):
            if messages.note(tx, message, lease_until=None):
                _hold(run, tx, message, hold_type, reason)
        case Refused():
            settle(run, tx, message, record, finding, visible_after)
        case Absent(only_ours):
            by_hand = only_ours and message.resends == 0 and _from_before(tx, record)
            _absent(run, tx, message, visible_after, by_hand=by_hand)


def _sent_before(message: Claimed) -> dict[str, Any]:
    """Return the facts of a message that may be sent, and of which something may stand there since it was last sent.

    It goes before what was never begun: half an order is worse than none, and whoever saw it needs no second look.
    """
    return {"attempted_at": None, "ticket": None, "resends": max(message.resends, 1), "lane": int(Lane.URGENT)}


def not_sent(tx: Transaction, message: Claimed, due_at: datetime) -> None:
    """The system was not reached: the message is as if it had never been attempted."""
    messages.note(tx, message, attempted_at=None, lease_until=None, due_at=due_at)


def _from_before(tx: Transaction, record: Record) -> bool:
    """Tell whether an order was placed before this installation went live."""
    since = live_since(tx)
    return isinstance(record, SalesOrder) and since is not None and record.placed_at < since


def _absent(run: Run, tx: Transaction, message: Claimed, visible_after: timedelta, *, by_hand: bool) -> None:
    believed_at = (message.attempted_at or tx.now) + visible_after
    if tx.now < believed_at:
        messages.note(tx, message, lease_until=None, due_at=believed_at)
    elif by_hand:
        if messages.note(tx, message, lease_until=None):
            _hold(run, tx, message, "keyed_by_hand", "placed before going live; only a person can look for it")
    elif message.resends >= MOST_RESENDS:
        if messages.note(tx, message, lease_until=None):
            _hold(run, tx, message, "unknown_outcome", f"sent {message.resends + 1} times, and not to be found")
    elif messages.note(
        tx, message, attempted_at=None, ticket=None, lease_until=None, due_at=tx.now, resends=message.resends + 1
    ):
        _tell(run, tx, message, "absent", "it is not there: it is sent")


def _done(run: Run, tx: Transaction, message: Claimed, record: Record, evidence: str, external_id: str) -> None:
    if not messages.close(tx, message, "done", evidence, external_id):
        return
    lines: tuple[LineQuantity, ...] = getattr(record, "lines", ())
    match message.kind:
        case Kind.SALES_ORDER:
            orders.mark_taken(tx, message.order_key, external_id)
            if message.attempted_at is not None:  # what a newer version was held for matters no more
                _let_pass(tx, message.order_key)
        case Kind.ACKNOWLEDGEMENT:
            orders.mark(tx, message.order_key, acknowledged_at=tx.now)
        case Kind.CANCELLATION:
            orders.add(tx, message.order_key, "cancelled", {line.line: line.quantity for line in lines})
            levels.recompute(tx, {line.sku for line in lines}, run.installation.stock)
            _let_pass(tx, message.order_key, "cancellation_taken_back")
        case Kind.DISPATCH:
            orders.add(tx, message.order_key, "dispatched", {line.line: line.quantity for line in lines})
    _tell(run, tx, message, "done", evidence)
    order = orders.known(tx, [message.order_key])[message.order_key]
    if order.life.final:  # from now on; also what was cancelled and is there only now, as that may be shipped
        orders.mark(tx, message.order_key, final_at=tx.now)
    messages.owe(tx, owing(run, tx, order.life, order.inbox_id, order.placed_at, order.dispatch_by_at))


def _let_pass(tx: Transaction, order_key: str, *types: str) -> None:
    """Close what an order is held for at its gate (all, or these types): what was done answers it."""
    inbox_id = orders.known(tx, [order_key])[order_key].inbox_id
    holds.close_holds(tx, holds.INBOX, [str(inbox_id)], "proved", tx.run_id, types)


def _hold(run: Run, tx: Transaction, message: Claimed, hold_type: str, reason: str) -> None:
    failure = Failure(message.key, f"expect_{message.kind.value}_to_be_taken", hold_type, reason, "")
    hold(
        run,
        tx,
        failure,
        holds.MESSAGE,
        str(message.id),
        order_key=message.order_key,
        deadline_at=message.deadline_at,
    )
    journal.write(tx, [(message.order_key, message.kind, message.key, "held", f"{hold_type}: {reason}")])


def _tell(run: Run, tx: Transaction, message: Claimed, what: str, detail: str) -> None:
    run.tell(News(message.order_key, message.kind, message.key, what, detail))
    journal.write(tx, [(message.order_key, message.kind, message.key, what, detail)])
