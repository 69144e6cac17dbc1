"""Confirm: prove, from the destination, what earlier runs left open. Unknown is looked up, never resent blind."""

from collections.abc import Sequence

from domain.answers import NotNow, NotYet, SystemTrouble
from domain.installation import Mode
from domain.records import Kind
from ledger import journal, messages
from ledger.messages import Claimed
from tasks.faults import apart, is_fault, note_fault
from tasks.filing_orders import GO_LIVE
from tasks.loops import Route
from tasks.proving import prove
from tasks.run import Run
from tasks.settling import READ_BACK_AFTER, sayable, settle_fault, settle_finding

_ASKED_AT_ONCE = 500


async def confirm(run: Run) -> None:
    """Look up every message whose outcome is unknown or whose ticket is open; note which system is in trouble."""
    if run.installation.loops.orders.mode is Mode.TRADE:
        go_live(run)
    for route in run.routes():
        if run.in_trouble(route.side):
            continue
        try:
            await _confirm(run, route)
        except SystemTrouble as trouble:
            run.troubles.append(trouble)
        except Exception as fault:
            if not is_fault(fault):
                raise
            note_fault(run, fault)


async def _confirm(run: Run, route: Route) -> None:
    if route.kind is Kind.AVAILABILITY:
        await prove(run, route)
        return
    last = 0
    while run.time_left:
        with run.transaction() as tx:
            claimed = messages.claim(
                tx,
                route.kind,
                _ASKED_AT_ONCE,
                run.lease,
                looking=True,
                not_before=last,
                account=run.former,
                along=READ_BACK_AFTER,
            )
        if not claimed or not await _look_up(run, route, claimed):
            return
        last = max(message.id for message in claimed)


def go_live(run: Run) -> None:
    """At the first trading run: from now on new orders are ours; those placed before may have been keyed by hand."""
    with run.transaction() as tx:
        if journal.watermark(tx, GO_LIVE) is None:
            moment = run.installation.orders.go_live_at or tx.now
            journal.set_watermark(tx, GO_LIVE, None, moment, tx.now)
            messages.begin_unknown(tx, Kind.SALES_ORDER, placed_before=moment)


async def _look_up(run: Run, route: Route, claimed: Sequence[Claimed]) -> bool:
    sink = run.sink(route)
    with run.transaction() as tx:
        asked = sayable(run, tx, claimed)
    try:
        findings, failed = await apart(run, [*asked.values()], lambda some: sink.find([record for _, record in some]))
    except BaseException as trouble:
        with run.transaction() as tx:
            due_at = trouble.at if isinstance(trouble, NotNow) else tx.now
            for message, _ in asked.values():
                messages.note(tx, message, lease_until=None, due_at=due_at)
        if isinstance(trouble, NotNow):
            return False
        raise
    run.reached.add(run.account(route.side))
    with run.transaction() as tx:
        for (message, _), told in failed:
            settle_fault(run, tx, message, told)
            del asked[message.key]
        for key, (message, record) in asked.items():
            settle_finding(run, tx, message, record, findings.get(key, NotYet("no answer")), sink.visible_after)
    return True
