"""What operators do: each says first what it would do, and does it only when it is told to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.identifiers import visible
from ledger import holds, inbox, items, journal, levels, messages, scans, stages, stories, taking, tickets
from ledger.database import Transaction
from tasks import carriers

_TYPES_OF_SUBJECT = {holds.INBOX, holds.MESSAGE, holds.LEVEL, holds.ORDER, holds.INSTALLATION}


class NothingToDo(Exception):
    """What the operator named does not exist, or is not held; the message says what there is."""


@dataclass
class Plan:
    """What an action would do, or did, as rows for people."""

    title: str
    rows: list[dict[str, str]] = field(default_factory=list)
    done: bool = False


def release(tx: Transaction, *, order: str, cause: int, message: int, reason: str, by: str, dry_run: bool) -> Plan:
    """Put what is held back before its own gate, or let its message go on, with today's facts.

    Exactly one of `order` (reference or key), `cause` and `message` chooses. A named person with a
    reason is the only way besides evidence and mending.
    """
    found = _chosen(tx, order=order, cause=cause, message=message)
    if not found:
        raise NothingToDo("Nothing that is held matches; look at the hold's cause in the alert, or run timeline.")
    plan = Plan(f"Release {len(found)} holds", [_row(one) for one in found], done=not dry_run)
    if dry_run:
        return plan
    if not by or not reason:
        raise NothingToDo("Say who releases it and why: both are kept in the journal.")
    at_gate = [int(one.subject_id) for one in found if one.subject == holds.INBOX]
    if at_gate:
        inbox.set_gate(tx, at_gate, inbox.WAITING)
    for subject in _TYPES_OF_SUBJECT - {holds.INBOX}:
        ids = [one.subject_id for one in found if one.subject == subject]
        if ids:
            holds.close_holds(tx, subject, ids, f"released: {reason}", by)
    if any(one.type == "file_not_worked_off" for one in found):
        tickets.give_up(tx)
    by_hand = [int(one.subject_id) for one in found if one.type == "keyed_by_hand"]
    messages.send_afresh(tx, by_hand)
    messages.due_now(tx, [int(one.subject_id) for one in found if one.subject == holds.MESSAGE])
    levels.due_now(tx, [one.subject_id for one in found if one.subject == holds.LEVEL])
    journal.write(tx, [(one.order_key, one.type, one.subject_id, "released", f"by {by}: {reason}") for one in found])
    return plan


def map_carrier(
    tx: Transaction, *, carrier: str, service: str, code: str, owner: str, review_on: str, by: str, dry_run: bool
) -> Plan:
    """Map a back-office carrier to the marketplace's exact code, and release all that waits for it."""
    if not items.accepting(tx, code):
        accepted = items.approved_carriers(tx)
        raise NothingToDo(
            f"{code!r} is not a code that this account accepts; those are: {', '.join(sorted(accepted)) or 'none read yet'}."
        )
    waiting = carriers.waiting_for(tx, carrier, service)
    plan = Plan(f"Map {visible(carrier)} {visible(service)} to {code}", done=not dry_run)
    plan.rows = [{"order": key, "effect": "its dispatch goes back before the gate"} for key in waiting]
    if not dry_run:
        _named(by)
        released = carriers.map_carrier(tx, carrier, service, code, owner=owner, review_on=review_on, by=by)
        journal.write(tx, [("", "carrier", carrier, "mapped", f"to {code} by {by}; {released} dispatches released")])
    return plan


def approve_stock(tx: Transaction, *, by: str, dry_run: bool) -> Plan:
    """Let the drops to zero that wait pass with the next scan, and a changed number of rows be believed."""
    waiting = levels.waiting_zeroes(tx)
    refused = holds.open_holds(tx, type="snapshot_refused")
    if not waiting and not refused:
        raise NothingToDo("No drop to zero waits for approval, and no scan was refused.")
    plan = Plan(f"Approve {len(waiting)} drops to zero and {len(refused)} refused scans", done=not dry_run)
    plan.rows = [
        {"what": visible(row.sku), "detail": f"shows {row.published}, zero since {row.zero_since}"} for row in waiting
    ]
    plan.rows += [{"what": "refused scan", "detail": one.detail} for one in refused]
    if not dry_run:
        _named(by)
        levels.approve_zeroes(tx)
        if refused:
            scans.accept_next(tx)
        journal.write(tx, [("", "stock_level", tx.installation, "approved", f"{plan.title}, by {by}")])
    return plan


def take(tx: Transaction, *, cause: int, by: str, note: str) -> Plan:
    """Note who looks after a cause from now on, whoever did before: then it is escalated no further. It releases nothing."""
    found = taking.cause(tx, cause)
    if found is None:
        raise NothingToDo(f"There is no cause no. {cause} of {tx.installation}; its alert shows the number.")
    if found.closed_at is not None:
        raise NothingToDo(
            f"Cause no. {cause} was closed at {found.closed_at:%d %b %H:%M} UTC: there is nothing to take."
        )
    _named(by)
    taking.take(tx, cause, by.strip())
    before = f" over from {found.taken_by}" if found.taken_by else ""
    journal.write(tx, [("", "cause", str(cause), "taken", f"{before} by {by}: {note}".strip())])
    row = {"cause": str(cause), "what": found.title, "detail": found.detail, "waiting": str(found.count)}
    return Plan(f"{by} took cause no. {cause}{before}", [row], done=True)


def timeline(tx: Transaction, number: str) -> Plan:
    """Return the whole story of a John Lewis number, back-office number, tracking number, SKU or EAN."""
    keys, skus = stories.order_keys(tx, number), stories.skus(tx, number)
    if not keys and not skus:
        raise NothingToDo(f"Nothing here is called {visible(number)}: no order, shipment, SKU or EAN.")
    plan = Plan(f"{visible(number)}: {len(keys)} orders", done=True)
    rows = sorted([*stories.told(tx, keys), *stories.told_of_stock(tx, skus)], key=lambda pair: pair[0])
    plan.rows = [{"at": f"{at:%Y-%m-%d %H:%M:%S}", **told} for at, told in rows]
    plan.rows += [_stage(tx, row) for row in stages.of_orders(tx, keys)]
    return plan


def _stage(tx: Transaction, row: Any) -> dict[str, str]:
    """Return in words where an order stands now, since how long, and who has to act."""
    hours = (tx.now - row.since).total_seconds() / 3600
    acts = f"; {row.owner} acts" if row.owner else ""
    told = f"for {hours:.1f} hours, since {row.since:%d %b %H:%M} UTC{acts}"
    return {
        "at": f"{tx.now:%Y-%m-%d %H:%M:%S}",
        "order": row.key,
        "what": f"now: {row.stage}",
        "detail": told,
        "run": "",
    }


def _chosen(tx: Transaction, *, order: str, cause: int, message: int) -> Sequence[Any]:
    if sum(map(bool, (order, cause, message))) != 1:
        raise NothingToDo("Choose exactly one of order, cause and message.")
    if cause:
        return holds.open_holds(tx, cause_id=cause)
    if message:
        return holds.open_holds(tx, subject=holds.MESSAGE, subject_id=str(message))
    return [one for key in stories.order_keys(tx, order) or [order] for one in holds.open_holds(tx, order_key=key)]


def _named(by: str) -> None:
    if not by.strip():
        raise NothingToDo("Say who decides it: the name is kept in the journal.")


def _row(one: Any) -> dict[str, str]:
    effect = "back before its gate" if one.subject == holds.INBOX else "its hold is lifted"
    return {"order": one.order_key, "held for": one.type, "why": one.detail, "effect": effect}
