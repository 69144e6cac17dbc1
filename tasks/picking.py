"""Picking: an order whose pick list was cancelled goes back into the warehouse's queue, or a person hears of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from connectors.roles import OpenOrder, ShowsProgress
from domain.answers import Done, NotNow, Refused, SystemTrouble
from domain.installation import Mode, Side
from domain.progress import REQUEUED, Move, Progress, Verdict, judge
from expectations.gate import Failure
from ledger import holds, journal, orders
from ledger.database import Transaction
from tasks.holding import hold
from tasks.run import Run
from tasks.telling import News

LOOKED = "picking"
_FIRST_LOOK_BACK = timedelta(days=2)
_MOST_ORDERS = 50_000
_HOLDS = {
    Move.HOLD: ("pick_voided", "its pick list was cancelled, and only the warehouse can take it up again"),
    Move.HOLD_REPEATED: ("pick_voided", "its pick list was cancelled more than once"),
    Move.HOLD_SHORT: ("backordered", "the back office lacks stock for it"),
    Move.HOLD_CANCELLED: ("cancelled_in_back_office", "the back office cancelled it"),
    Move.HOLD_UNHEARD_OF: ("unknown_value", "the back office shows a state that nobody documented"),
}
_TYPES = sorted({hold_type for hold_type, _ in _HOLDS.values()})


class _Seen(NamedTuple):
    """One open order, where it stands, and what that asks for."""

    order: OpenOrder
    verdict: Verdict


async def look_after_picking(run: Run) -> None:
    """Look where the open orders stand; put back what fell out of the queue, and hold what we cannot put back.

    What is noted is committed before the back office is asked to change anything: a look that is
    repeated finds the same cancelled pick list, and does not count it twice.
    """
    office = run.connectors[Side.BACK_OFFICE]
    if run.former or not isinstance(office, ShowsProgress):
        return  # the run over the account of today looks after all orders
    with run.transaction() as tx:
        began_at, mark = tx.now, journal.watermark(tx, LOOKED)
        rows = orders.open_for_dispatch(tx, "", _MOST_ORDERS, run.installation.orders.asked_after_cancellation_days)
    about = [OpenOrder(row.key, row.reference, row.back_office_id, row.awaits_tracking) for row in rows]
    since = mark.began_at if mark is not None else began_at - _FIRST_LOOK_BACK
    try:
        progress = await office.progress(since, about)
    except NotNow:
        return
    except SystemTrouble as trouble:
        run.troubles.append(trouble)
        return
    run.reached.add(run.account(Side.BACK_OFFICE))
    with run.transaction() as tx:
        seen = _noted(run, tx, began_at, progress, {order.key: order for order in about})
        journal.set_watermark(tx, LOOKED, None, began_at, tx.now)
    for one in seen:
        if one.verdict.move is Move.REQUEUE and run.time_left and not run.in_trouble(Side.BACK_OFFICE):
            await _requeue(run, office, one.order)


def _noted(
    run: Run, tx: Transaction, began_at: datetime, progress: Sequence[Progress], about: dict[str, OpenOrder]
) -> list[_Seen]:
    """Write what is new of each order, hold what only people can mend, and close what is mended.

    An order of which another worker noted something since this look began is left to the next look:
    what was seen of it is older than what is noted.
    """
    before = journal.notes(tx, LOOKED, [one.key for one in progress])
    held = {one.order_key for one in holds.open_holds(tx, subject=holds.ORDER) if one.type in _TYPES}
    seen = []
    for one in progress:
        notes = before.get(one.key, [])
        if not notes or notes[-1].at < began_at:
            seen.append(_Seen(about[one.key], judge(one, [note.what for note in notes])))
    journal.write(tx, [(one.order.key, LOOKED, one.order.key, what, "") for one in seen for what in one.verdict.notes])
    for order, verdict in seen:
        if verdict.move in _HOLDS:
            _hold(run, tx, order, *_HOLDS[verdict.move])
        elif verdict.move is Move.MEND and order.key in held:
            holds.close_holds(tx, holds.ORDER, [order.key], "mended", "the warehouse works on it", _TYPES)
    return seen


async def _requeue(run: Run, office: ShowsProgress, order: OpenOrder) -> None:
    if run.mode is not Mode.TRADE:
        run.tell(News(order.key, LOOKED, order.key, "would be put back", "the loop observes only"))
        return
    try:
        answer = await office.requeue(order)
    except NotNow:
        return  # it stands aside until the next look
    except SystemTrouble as trouble:
        run.troubles.append(trouble)
        return
    with run.transaction() as tx:
        match answer:
            case Done(evidence, _):
                journal.write(tx, [(order.key, LOOKED, order.key, REQUEUED, evidence)])
                holds.close_holds(tx, holds.ORDER, [order.key], "mended", run.id, _TYPES)
                run.tell(News(order.key, LOOKED, order.key, "put back", evidence))
            case Refused(reason, _):
                _hold(run, tx, order, "pick_voided", f"its pick list was cancelled. {reason}")


def _hold(run: Run, tx: Transaction, order: OpenOrder, hold_type: str, why: str) -> None:
    known = orders.known(tx, [order.key]).get(order.key)
    if known is None or not any(line.to_ship for line in known.life.lines):
        return
    if hold_type == "cancelled_in_back_office" and known.life.cancel_requested:
        return  # both sides want it cancelled
    failure = Failure(order.key, "expect_order_to_be_picked", hold_type, why, "")
    hold(run, tx, failure, holds.ORDER, order.key, order_key=order.key, deadline_at=known.dispatch_by_at)
