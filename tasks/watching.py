"""Watch: what no run of a loop can see of itself: silence, and deadlines that come near."""

from datetime import UTC, date, datetime, time, timedelta
from typing import cast

from domain import escalation
from domain.deadlines import LONDON
from domain.holds import TROUBLES, Owner
from domain.identifiers import visible
from domain.installation import Escalation, Installation, Mode
from domain.stock import MANY_TRIES
from ledger import holds, items, journal, lateness, messages, orders, stages, taking
from ledger.database import Transaction
from tasks.calls import notice_silence
from tasks.loops import LOOPS
from tasks.refusals import notice_refusals

SILENT_AFTER_ROUNDS = 5
SILENT_AFTER_AT_LEAST = timedelta(minutes=30)
AT_RISK_BEFORE = timedelta(hours=4)


def watch(tx: Transaction, installation: Installation) -> str:
    """Look after one installation; return in words what was found."""
    silent = [name for name in LOOPS if _silent(tx, installation, name)]
    late = _warn_of_late_stock(tx, installation)
    at_risk = _warn_of_deadlines(tx, installation)
    unshipped = _warn_of_the_unshipped(tx, installation)
    partly = _hold_partly_shipped(tx, installation)
    to_review = _hold_for_review(tx, installation)
    uncalled = notice_silence(tx, installation)
    refusing = notice_refusals(tx, installation)
    escalated = _escalate(tx, installation.escalation)
    told = f"silent loops {silent or 'none'}, {late} SKUs shown too late, vendors that stopped calling: {'one' if uncalled else 'none'}"
    told += f", {refusing} accounts that refuse many calls"
    told += f", {at_risk} near their deadline, {unshipped} not shipped in time, {partly} shipped in part for long"
    return f"{installation.name}: {told}, {to_review} mappings to review, {escalated} escalated"


def _silent(tx: Transaction, installation: Installation, name: str) -> bool:
    """Tell whether a loop has not read its source to the end for long, or never; that is one cause, closed by its next end."""
    settings = getattr(installation.loops, name)
    mark = journal.watermark(tx, LOOPS[name].intakes[0].name)
    limit = max(SILENT_AFTER_AT_LEAST, timedelta(seconds=settings.every_seconds) * SILENT_AFTER_ROUNDS)
    last = mark.completed_at if mark is not None else None
    quiet_since = last or (mark.began_at if mark is not None else None) or _watched_since(tx, name)
    signature = f"silent:{name}:{installation.name}"
    if settings.mode is Mode.OFF:
        journal.set_watermark(tx, _watched(name), None, tx.now, None)  # switched on, it has its time again
    if settings.mode is Mode.OFF or tx.now - quiet_since <= limit:
        holds.close_cause(tx, signature)
        return False
    trouble = TROUBLES["loop_silent"]
    since = f"since {last:%d %b %H:%M} UTC" if last is not None else "yet"
    holds.open_cause_once(
        tx,
        signature=signature,
        type_=trouble.name,
        owner=Owner.OPERATIONS,
        title=f"{trouble.title}: {name}",
        detail=f"{name} of {installation.name} has not read its source to the end {since}.",
    )
    return True


def _watched_since(tx: Transaction, name: str) -> datetime:
    """Return since when a loop is looked after: one that never began is as silent as one that stopped."""
    if (mark := journal.watermark(tx, _watched(name))) is None:
        journal.set_watermark(tx, _watched(name), None, tx.now, None)
        return tx.now
    return cast("datetime", mark.began_at)


def _watched(name: str) -> str:
    return f"watched:{name}"


def _warn_of_late_stock(tx: Transaction, installation: Installation) -> int:
    """Call a person where stock is owed for long: that is one cause, closed once none is. Where nothing is to be sent, none is."""
    signature = f"stock_late:{installation.name}"
    late = lateness.late_levels(tx, tx.now - timedelta(minutes=installation.stock.late_after_minutes))
    if late is None or installation.loops.stock.mode is not Mode.TRADE:
        holds.close_cause(tx, signature)
        return 0
    trouble = TROUBLES["stock_late"]
    holds.open_cause_once(
        tx,
        signature=signature,
        type_=trouble.name,
        owner=Owner.OPERATIONS,
        title=trouble.title,
        detail=f"{late.skus} SKUs wait to be shown, {late.to_zero} of them are sold out, {late.held} are held and show more "
        f"than may be sold, {late.in_vain} were sent {MANY_TRIES} times or more in vain; the first since {late.since:%d %b %H:%M} UTC.",
    )
    return late.skus


def _hold_partly_shipped(tx: Transaction, installation: Installation) -> int:
    """Hold each order of which a part left long ago; it closes when nothing is left, or more of it leaves."""
    hours = installation.orders.partly_shipped_hours
    rows = orders.partly_shipped(tx, tx.now - timedelta(hours=hours))
    held = {one.order_key for one in holds.open_holds(tx, type="partly_dispatched")}
    moved = sorted(held - {row.key for row in rows})
    holds.close_holds(tx, holds.ORDER, moved, "done", "it went on", ["partly_dispatched"])
    for row in rows:
        holds.open_hold(
            tx,
            holds.NewHold(
                "partly_dispatched",
                installation.owner_of("partly_dispatched"),
                holds.ORDER,
                row.key,
                f"A part of it left more than {hours} hours ago, and nothing since.",
                order_key=row.key,
                deadline_at=row.dispatch_by_at,
            ),
        )
    return len(rows)


def _warn_of_deadlines(tx: Transaction, installation: Installation) -> int:
    """Hold up a hand for each order whose open message is near its deadline; the message itself goes on."""
    near = messages.due_before(tx, tx.now + AT_RISK_BEFORE)
    at_risk = {row.order_key for row in near}
    held = {one.order_key for one in holds.open_holds(tx, type="deadline_at_risk")}
    settled = sorted(held - at_risk)
    holds.close_holds(tx, holds.ORDER, settled, "done", "nothing of it is owed any more", ["deadline_at_risk"])
    for row in near:
        holds.open_hold(
            tx,
            holds.NewHold(
                "deadline_at_risk",
                installation.owner_of("deadline_at_risk"),
                holds.ORDER,
                row.order_key,
                f"{row.kind} is owed and its deadline is {row.deadline_at:%d %b %H:%M} UTC.",
                order_key=row.order_key,
                deadline_at=row.deadline_at,
            ),
        )
    return len(at_risk)


def _warn_of_the_unshipped(tx: Transaction, installation: Installation) -> int:
    """Call the warehouse where orders near or past their deadline are to be shipped and nothing else tells so.

    That is one cause, whose alert is kept true; where the dispatches are not ours to tell, none is.
    """
    signature = f"not_shipped:{installation.name}"
    found = stages.not_shipped(tx, tx.now + AT_RISK_BEFORE)
    if found is None or installation.loops.dispatch.mode is not Mode.TRADE:
        holds.close_cause(tx, signature)
        return 0
    trouble = TROUBLES["not_shipped"]
    holds.keep_cause(
        tx,
        signature=signature,
        type_=trouble.name,
        owner=trouble.owner,
        title=trouble.title,
        detail=f"{found.orders} orders are still to be shipped, {found.late} of them are late; "
        f"the first deadline is {found.first_deadline_at:%d %b %H:%M} UTC.",
        count=found.orders,
        deadline_at=found.first_deadline_at,
    )
    return found.orders


def _hold_for_review(tx: Transaction, installation: Installation) -> int:
    """Remind the owner of each carrier mapping whose review is due; it stays in use, and a later date closes it."""
    due = {row.source: row for row in items.due_for_review(tx, tx.now.astimezone(LONDON).date())}
    held = {one.subject_id for one in holds.open_holds(tx, type="mapping_review")}
    holds.close_holds(tx, holds.INSTALLATION, sorted(held - set(due)), "mended", "a later date", ["mapping_review"])
    for source, row in due.items():
        carrier, service = source.split(items.ANY_SERVICE)
        review_on = date.fromisoformat(row.review_on)
        holds.open_hold(
            tx,
            holds.NewHold(
                "mapping_review",
                row.owner or installation.owner_of("mapping_review"),
                holds.INSTALLATION,
                source,
                f"{visible(' / '.join(filter(None, (carrier, service))))} is mapped to {row.target}; to be reviewed on {review_on:%d %b %Y}.",
                signature=source,
                deadline_at=datetime.combine(review_on, time(), LONDON).astimezone(UTC),
                fix={"carrier": carrier, "service": service},
            ),
        )
    return len(due)


def _escalate(tx: Transaction, policy: Escalation) -> int:
    """Give each cause that nobody took in time to the next owner, one step at a time; Slack is told with what is owed."""
    after, steps = timedelta(minutes=policy.after_minutes), []
    for cause in taking.untaken(tx, tx.now - escalation.AT_LEAST):
        due = escalation.is_due(
            told_at=cause.told_at,
            taken_at=cause.taken_at,
            first_deadline_at=cause.first_deadline_at,
            after=after,
            now=tx.now,
        )
        owner = escalation.next_owner(cause.owner, cause.escalated_to, policy.to)
        if due and owner:
            taking.escalate(tx, cause.id, owner)
            steps.append(("", "cause", str(cause.id), "escalated", f"to {owner}: nobody took it since it was told"))
    journal.write(tx, steps)
    return len(steps)
