"""Shipments that change: until one is sent, its newest version counts; what was sent stands, and a person learns what is different."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from domain.identifiers import visible
from domain.records import Dispatch, Kind, Received, Reject
from expectations.gate import Failure
from ledger import holds, inbox, messages, orders, payloads
from ledger.database import Transaction
from ledger.messages import Standing
from tasks.holding import hold
from tasks.loops import Intake
from tasks.run import Run
from tasks.telling import News


def begun_dispatches(tx: Transaction, keys: Sequence[str]) -> dict[str, Standing]:
    """Return, by key, those of these shipments that the marketplace was told of, or may have been."""
    standing = messages.standing(tx, Kind.DISPATCH, keys)
    return {key: message for key, message in standing.items() if message.begun}


def changeable(
    run: Run, tx: Transaction, intake: Intake, fresh: Sequence[Received], *, released: bool
) -> list[Received]:
    """Return those of the shipments that may replace what stands here; of the others, tell what changed.

    The original of one that was sent stays: what is looked up, or sent again, must be what was sent.
    """
    begun = begun_dispatches(tx, [one.record.key for one in fresh])
    feed = run.feed(intake)
    originals = inbox.originals(tx, [message.inbox_id for message in begun.values()])
    for one in fresh:
        if (message := begun.get(one.record.key)) is None:
            continue
        if released:  # a person has seen to it; what it looks like now was seen before
            inbox.set_gate(tx, [message.inbox_id], inbox.PASSED)
            holds.close_holds(tx, holds.INBOX, [str(message.inbox_id)], "released", run.id)
        else:
            tell_change(run, tx, message, feed.parse(originals[message.inbox_id]), one, feed.keeps)
    return [one for one in fresh if one.record.key not in begun]


def tell_change(
    run: Run, tx: Transaction, message: Standing, sent: Received | Reject, now: Received, keeps: Mapping[str, Any]
) -> None:
    """Tell that a shipment changed after it was sent, and hold up a hand where the marketplace was told otherwise."""
    dispatch: Dispatch = now.record
    payloads.keep(tx, [(now.raw, keeps)])
    inbox.see(tx, message.inbox_id, now.fingerprint)
    holds.close_holds(tx, holds.INBOX, [str(message.inbox_id)], "replaced", "a newer record, or a release")
    different = _different(sent.record, dispatch) if isinstance(sent, Received) else "what was sent cannot be read"
    told = f"after it was sent: {different or 'nothing of it that is told'}"
    run.tell(News(message.order_key, Kind.DISPATCH, dispatch.key, "changed", told))
    if different:
        failure = Failure(dispatch.key, "expect_shipment_to_stay_as_sent", "dispatch_changed", different, "")
        hold(run, tx, failure, holds.INBOX, str(message.inbox_id), order_key=message.order_key)


def withdraw_unread(run: Run, tx: Transaction, keys: Sequence[str]) -> None:
    """Take back what is owed of shipments that cannot be read any more (one was voided); the next sight of each counts as new."""
    standing = messages.standing(tx, Kind.DISPATCH, keys)
    for key, message in standing.items():
        if withdraw(run, tx, key):
            inbox.see(tx, message.inbox_id, "")


def withdraw(run: Run, tx: Transaction, key: str) -> bool:
    """Take back what is owed for a former version of a shipment, as if it had never come; False where nothing may be.

    A worker that has claimed it loses its claim.
    """
    message = messages.standing(tx, Kind.DISPATCH, [key]).get(key)
    if message is None or message.begun:
        return False
    messages.replace(tx, Kind.DISPATCH, key, "its back office tells it otherwise now")
    units = Counter[str]()
    for line in message.lines:
        units[line["line"]] += line["quantity"]
    orders.take_back_shipped(tx, message.order_key, units)
    run.tell(News(message.order_key, Kind.DISPATCH, key, "changed", "before it was sent: what was owed is taken back"))
    return True


def _different(sent: Dispatch, now: Dispatch) -> str:
    """Return in words what of that which the marketplace was told is different now."""
    pairs = (
        ("order", sent.order_reference, now.order_reference),
        ("tracking number", sent.tracking_number, now.tracking_number),
        ("carrier", sent.carrier, now.carrier),
        ("service", sent.service, now.service),
    )
    changes = [
        f"{name} {visible(was or 'missing')} is now {visible(is_ or 'missing')}"
        for name, was, is_ in pairs
        if was != is_
    ]
    before, after = _units(sent), _units(now)
    changes += [
        f"{before[sku]} of {visible(sku)} are now {after[sku]}"
        for sku in dict.fromkeys((*before, *after))
        if before[sku] != after[sku]
    ]
    return "; ".join(changes)


def _units(dispatch: Dispatch) -> Counter[str]:
    units = Counter[str]()
    for line in dispatch.lines:
        units[line.sku] += line.quantity
    return units
