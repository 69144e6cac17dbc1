"""Prove: read back what was published, and ask what became of the files that the marketplace works off."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from connectors.roles import WorksFilesOff
from domain.answers import Absent, Contradicted, Finding, Found, NotNow, NotYet, Refused
from domain.records import Kind
from expectations.gate import Failure
from ledger import holds, levels, tickets
from ledger.database import Transaction
from ledger.levels import Sending
from tasks.composing import availability
from tasks.holding import hold, hold_level
from tasks.loops import Route
from tasks.run import News, Run

PROVE_AFTER = timedelta(minutes=10)
PROVE_WITHIN = timedelta(minutes=60)
"""A list shows a hundred numbers for one call, so the read-back waits until all is sent, but no longer than this."""
_PROVED_AT_ONCE = 1000
_FILE = "file_not_worked_off"


async def prove(run: Run, route: Route) -> None:
    """Read back what was published some time ago, and what waits on a ticket; hold a ticket past its limit."""
    sink = run.sink(route)
    with run.transaction() as tx:
        rows = [*tickets.unanswered(tx)]
        if _is_due(tx):
            rows += levels.unproved(tx, tx.now - sink.visible_after, _PROVED_AT_ONCE)
        sent = {row.sku: row for row in rows}
    try:
        findings = await sink.find([_record(run, row) for row in sent.values()]) if sent else {}
    except NotNow:
        findings = {}  # the budget is spent: asked again by the next run
    with run.transaction() as tx:
        for sku, row in sent.items():
            _settle(run, tx, row, findings.get(sku, NotYet()))
        if isinstance(sink, WorksFilesOff):
            _settle_files(run, tx, {sku: row.ticket for sku, row in sent.items() if row.ticket}, findings)


def _is_due(tx: Transaction) -> bool:
    """Tell whether what was published is read back now."""
    if levels.unproved(tx, tx.now - PROVE_WITHIN, 1):
        return True
    return bool(levels.unproved(tx, tx.now - PROVE_AFTER, 1)) and not levels.owed_count(tx)


def _record(run: Run, row: Any) -> Any:
    sending = Sending(
        row.sku, _shown(row), row.wanted_as_of, row.attempt, run.ends_at, row.stock_number, row.listing_id
    )
    return availability(sending, row.ticket or "")


def _settle(run: Run, tx: Transaction, row: Any, finding: Finding) -> None:
    if isinstance(finding, NotYet):
        return
    matches = isinstance(finding, Found)
    if row.ticket is not None:
        tickets.answered(tx, row.sku, row.ticket, _shown(row) if matches else None)
    else:
        levels.proved(tx, row.sku, _shown(row), matches=matches)
    told = f"{_shown(row)} shown" if matches else "another number is shown: the newest is owed again"
    if isinstance(finding, Contradicted | Refused):
        hold_level(run, tx, row.sku, finding.hold_type, finding.reason)
        told = finding.reason
    run.tell(News("", Kind.AVAILABILITY, row.sku, "proved" if matches else "differs", told))


def _settle_files(run: Run, tx: Transaction, asked: Mapping[str, str], findings: Mapping[str, Finding]) -> None:
    """Hold a file that is past its limit, or of which nothing at all was taken; a file that was taken mends that."""
    name = run.installation.name
    overdue = {row.ticket for row in tickets.unanswered(tx) if row.due_at is not None and row.due_at < tx.now}
    answers: dict[str, list[Finding]] = {}
    for sku, ticket in asked.items():
        answers.setdefault(ticket, []).append(findings.get(sku, NotYet()))
    lost = {ticket for ticket, all_ in answers.items() if all(isinstance(one, Absent) for one in all_)}
    if overdue or lost:
        told = f"{', '.join(sorted(overdue))} is not answered" if overdue else f"nothing of {min(lost)} was taken"
        hold(run, tx, Failure(name, "expect_file_to_be_worked_off", _FILE, told, ""), holds.INSTALLATION, name)
    elif any(isinstance(one, Found) for all_ in answers.values() for one in all_):
        holds.close_holds(tx, holds.INSTALLATION, [name], "mended", "a file was worked off", [_FILE])


def _shown(row: Any) -> int:
    return int(row.sending if row.ticket is not None else row.published)
