"""Clear: take to zero what an account that was left still shows, and see it there. Derived from what it shows, not from what was sent."""

from datetime import timedelta
from typing import Any

from connectors.roles import WorksFilesOff
from domain.answers import Accepted, Answer, Done, Finding, Found, Later, NotNow, NotYet, Unknown
from domain.installation import Side
from domain.records import Availability, Kind
from ledger import former_listings, journal
from ledger.database import Transaction
from tasks.loops import STOCK
from tasks.run import Run
from tasks.telling import News

LOOK_AGAIN_SOON = timedelta(minutes=10)
_LOOK_AGAIN_LATER = timedelta(hours=24)
_NOT_YET = timedelta(minutes=1)
_AT_ONCE = 500


async def take_to_zero(run: Run) -> None:
    """Look at the listings that are due; send zero for each that shows more, until the slice ends."""
    sink = run.sink(STOCK.routes[0])
    limit = min(sink.batch, _AT_ONCE) if isinstance(sink, WorksFilesOff) else _AT_ONCE
    while run.time_left:
        with run.transaction() as tx:
            due = former_listings.due(tx, run.former, limit)
            waits = isinstance(sink, WorksFilesOff) and former_listings.under_way(tx, run.former)
        if waits:
            due = [row for row in due if row.ticket]
        asked = {row.sku: _zero(run, row) for row in due}
        if not asked:
            return
        try:
            findings = await sink.find(list(asked.values()))
            run.reached.add(run.account(Side.MARKETPLACE))
            with run.transaction() as tx:
                selling = _note_findings(run, tx, asked, findings)
            if not await _send(run, sink, selling):
                return
        except NotNow:
            return


def _zero(run: Run, row: Any) -> Availability:
    return Availability(
        sku=row.sku,
        stock_number=row.stock_number,
        external_id=row.listing_id,
        quantity=0,
        as_of=run.clock.now(),
        ticket=row.ticket or "",
    )


def _note_findings(run: Run, tx: Transaction, asked: dict[str, Availability], findings: Any) -> list[Availability]:
    """Note what is at zero and what is not known yet; return what still sells."""
    found: dict[str, Finding] = {sku: findings.get(sku, NotYet()) for sku in asked}
    at_zero = [sku for sku, finding in found.items() if isinstance(finding, Found)]
    waiting = [sku for sku, finding in found.items() if isinstance(finding, NotYet)]
    former_listings.proved(tx, run.former, at_zero, tx.now + LOOK_AGAIN_SOON, tx.now + _LOOK_AGAIN_LATER)
    former_listings.note(tx, run.former, waiting, tx.now + _NOT_YET)
    selling = [sku for sku in asked if not isinstance(found[sku], Found | NotYet)]
    former_listings.note(tx, run.former, selling, tx.now, proofs=0, ticket=None)
    return [asked[sku].model_copy(update={"ticket": ""}) for sku in selling]


async def _send(run: Run, sink: Any, selling: list[Availability]) -> bool:
    """Send zeroes; False when the budget is spent for now, or a file is under way."""
    for start in range(0, len(selling), sink.batch):
        if not run.time_left:
            return False
        batch = selling[start : start + sink.batch]
        answers = await sink.send(batch)
        with run.transaction() as tx:
            for one in batch:
                _settle(run, tx, one.sku, answers.get(one.sku, Unknown("the destination did not answer for it")))
        if isinstance(sink, WorksFilesOff):
            return False
    return True


def _settle(run: Run, tx: Transaction, sku: str, answer: Answer) -> None:
    match answer:
        case Done():
            what, detail, at, facts = "taken to zero", "", tx.now + _NOT_YET, {}
        case Accepted(ticket):
            what, detail, at, facts = "accepted", "0", tx.now, {"ticket": ticket}
        case Later(due_at, reason):
            what, detail, at, facts = "later", reason, due_at, {}
        case _:
            what, detail, at, facts = "not taken to zero", answer.reason, tx.now + LOOK_AGAIN_SOON, {}
    former_listings.note(tx, run.former, [sku], at, **facts)
    run.tell(News("", Kind.AVAILABILITY, sku, what, detail))
    journal.write(tx, [("", Kind.AVAILABILITY, sku, what, f"{run.former}: {detail}")])
