"""Prove: read back what was published, and ask what became of the files that the marketplace works off."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.roles import WorksFilesOff
from domain.answers import Absent, Contradicted, Fewer, Finding, Found, NotNow, NotYet, Refused
from domain.faults import SOFTWARE_FAULT
from domain.records import Kind
from domain.stock import REFUSED, UNANSWERED, is_explained
from expectations.gate import Failure
from ledger import holds, levels, proofs, tickets
from ledger.database import Transaction
from ledger.levels import Sending
from tasks.composing import availability
from tasks.faults import apart
from tasks.holding import hold, hold_level, mend_levels
from tasks.loops import Route
from tasks.publishing import orders_seen_at
from tasks.run import Run
from tasks.telling import News

PROVE_AFTER = timedelta(minutes=10)
PROVE_WITHIN = timedelta(minutes=60)
"""A list shows a hundred numbers for one call, so the read-back waits until all is sent, but no longer than this."""
_PROVED_AT_ONCE, _PROVED_BESIDE = 1000, 20
_ASKED_AT_ONCE = 5000
_FILE = "file_not_worked_off"


async def prove(run: Run, route: Route) -> None:
    """Read back what was published some time ago, and what waits on a ticket; hold a ticket past its limit.

    Tickets are asked about whole, some thousand levels at a time: a large catalogue is never in memory at once.
    """
    sink = run.sink(route)
    with run.transaction() as tx:
        _explain(run, tx)
        waiting = _grouped(tickets.unanswered(tx))
    answers: dict[str, set[type]] = {}
    while True:
        asked = waiting.pop(0) if waiting else []
        with run.transaction() as tx:
            rows = list(tickets.levels_of(tx, asked)) if asked else []
            if not waiting and (many := _due(tx)):
                rows += proofs.unproved(tx, tx.now - sink.visible_after, many)
        sent = {row.sku: row for row in rows}
        try:
            findings, failed = await apart(
                run, [*sent.values()], lambda some: sink.find([_record(run, row) for row in some])
            )
        except NotNow:
            break  # the budget is spent: asked again by the next run
        with run.transaction() as tx:
            _settle(run, tx, sent, findings)
            for row, told in failed:
                hold_level(run, tx, row.sku, SOFTWARE_FAULT, told)
        for sku, row in sent.items():
            if row.ticket is not None:
                answers.setdefault(row.ticket, set()).add(type(findings.get(sku, NotYet())))
        if not waiting or not run.time_left:
            break
    if isinstance(sink, WorksFilesOff):
        with run.transaction() as tx:
            _settle_files(run, tx, answers)


def _grouped(waiting: Mapping[str, int]) -> list[list[str]]:
    """Return tickets together as long as their levels are not too many to ask about at once."""
    groups: list[list[str]] = []
    room = 0
    for ticket, count in waiting.items():
        if count > room:
            groups.append([])
            room = _ASKED_AT_ONCE
        groups[-1].append(ticket)
        room -= count
    return groups


def _due(tx: Transaction) -> int:
    """Return how many of those that were published are read back now: few while the calls are for what is owed."""
    if not levels.is_owed(tx):
        return _PROVED_AT_ONCE if proofs.unproved(tx, tx.now - PROVE_AFTER, 1) else 0
    return _PROVED_BESIDE if proofs.unproved(tx, tx.now - PROVE_WITHIN, 1) else 0


def _explain(run: Run, tx: Transaction) -> None:
    """Judge what showed fewer than was sent, now that the orders of that moment are known.

    What they do not explain was not taken: the newest number is owed again. Before, it might rise over what was just sold.
    """
    if (seen_at := orders_seen_at(tx)) is None:
        return
    rows = proofs.unexplained(tx, seen_at)
    sold = proofs.sold(tx, [row.sku for row in rows])
    for row in rows:
        units = sold.get(row.sku, 0)
        told = f"{row.fewer} were shown of {row.published}, and {units} sold since"
        if is_explained(row.published, row.fewer, units):
            mend_levels(tx, [row.sku])
            proofs.explained(tx, row.sku, row.published, row.fewer)
            run.tell(News("", Kind.AVAILABILITY, row.sku, "proved", told))
        else:
            proofs.differ(tx, {row.sku: row.published}, {row.sku: _again(tx, row)})
            run.tell(News("", Kind.AVAILABILITY, row.sku, "differs", f"{told}: the newest is owed again"))


def _again(tx: Transaction, row: Any) -> datetime:
    """Return when another number is sent in place of one that is not shown: at once the first time."""
    return tx.now + UNANSWERED.after(row.tries) if row.tries else tx.now


def _record(run: Run, row: Any) -> Any:
    sending = Sending(
        row.sku, _shown(row), row.wanted_as_of, row.attempt, run.ends_at, row.stock_number, row.listing_id
    )
    return availability(sending, row.ticket or "")


def _settle(run: Run, tx: Transaction, sent: Mapping[str, Any], findings: Mapping[str, Finding]) -> None:
    """Write what became of the levels, those of one ticket together."""
    shown: dict[str | None, dict[str, int]] = {}
    differing: dict[str | None, dict[str, int]] = {}
    due = {sku: _again(tx, row) for sku, row in sent.items()}
    for sku, row in sent.items():
        finding = findings.get(sku, NotYet())
        if isinstance(finding, NotYet):
            continue
        if isinstance(finding, Fewer):
            _shows_fewer(tx, row, finding)
            continue
        matches = isinstance(finding, Found)
        (shown if matches else differing).setdefault(row.ticket, {})[sku] = _shown(row)
        told = f"{_shown(row)} shown" if matches else "another number is shown: the newest is owed again"
        if isinstance(finding, Contradicted | Refused):
            hold_level(run, tx, sku, finding.hold_type, finding.reason)
            told, due[sku] = finding.reason, tx.now + REFUSED.after(row.tries)
        run.tell(News("", Kind.AVAILABILITY, sku, "proved" if matches else "differs", told))
    mend_levels(tx, [sku for skus in shown.values() for sku in skus])
    proofs.proved(tx, shown.pop(None, {}))
    proofs.differ(tx, differing.pop(None, {}), due)
    for ticket in {**shown, **differing}:
        lost = {sku: due[sku] for sku in differing.get(ticket, {})}
        tickets.answered(tx, str(ticket), shown.get(ticket, {}), lost)


def _shows_fewer(tx: Transaction, row: Any, finding: Fewer) -> None:
    """Note what is shown: it is explained once the orders were pulled from a moment after this look."""
    if row.ticket is None:
        proofs.shows_fewer(tx, row.sku, _shown(row), finding.shown)
    else:
        tickets.shows_fewer(tx, row.ticket, row.sku, _shown(row), finding.shown)


def _settle_files(run: Run, tx: Transaction, answers: Mapping[str, set[type]]) -> None:
    """Hold a file that is past its limit, or of which nothing at all was taken; a file that was taken mends that."""
    name = run.installation.name
    overdue = tickets.overdue(tx)
    lost = {ticket for ticket, kinds in answers.items() if kinds == {Absent}}
    if overdue or lost:
        told = f"{', '.join(sorted(overdue))} is not answered" if overdue else f"nothing of {min(lost)} was taken"
        hold(run, tx, Failure(name, "expect_file_to_be_worked_off", _FILE, told, ""), holds.INSTALLATION, name)
    elif any(Found in kinds for kinds in answers.values()):
        holds.close_holds(tx, holds.INSTALLATION, [name], "mended", "a file was worked off", [_FILE])


def _shown(row: Any) -> int:
    return int(row.sending if row.ticket is not None else row.published)
