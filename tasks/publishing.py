"""Publish: pay the levels that are owed. The number is read at the moment of sending; one in flight a SKU."""

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import datetime, timedelta
from typing import Any

from domain.answers import Accepted, Answer, Done, Found, Later, NotNow, NotYet, Refused, SystemTrouble, Unknown
from domain.installation import Side
from domain.records import Kind
from expectations.gate import Failure
from ledger import holds, journal, levels, scans
from ledger.database import Transaction
from ledger.levels import Sending
from tasks.composing import availability
from tasks.holding import hold
from tasks.loops import INTAKES, Route
from tasks.run import News, Run

_CLAIMED_AT_ONCE = 50
_PROVED_AT_ONCE = 1000
PROVE_AFTER = timedelta(minutes=10)


async def publish(run: Run, route: Route) -> None:
    """Send owed levels until the slice ends: drops to zero first, rises only after a younger orders pull."""
    sink = run.sink(route)
    at_once = sink.batch * sink.parallel
    with run.transaction() as tx:
        _expire(run, tx)
    while run.time_left:
        with run.transaction() as tx:
            claimed = levels.claim(tx, max(at_once, _CLAIMED_AT_ONCE), run.lease, orders_seen_at=orders_seen_at(tx))
        if not claimed:
            return
        for start in range(0, len(claimed), at_once):
            group = claimed[start : start + at_once]
            if not run.time_left or not run.enough_lease(group[0].lease_until):
                _give_back(run, claimed[start:])
                return
            batches = [group[i : i + sink.batch] for i in range(0, len(group), sink.batch)]
            if not all(await all_of(_send(run, route, batch) for batch in batches)):
                _give_back(run, claimed[start + at_once :])
                return


async def all_of(calls: Iterable[Awaitable[bool]]) -> list[bool]:
    """Let every call end before the trouble of one is raised: an answer that came is never lost."""
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return [bool(outcome) for outcome in outcomes]


def _expire(run: Run, tx: Transaction) -> None:
    """Once the last whole scan is older than its age limit, want zero for everything: nobody knows what is left."""
    trusted_at, _ = scans.trusted(tx)
    limit = timedelta(minutes=run.installation.stock.age_limit_minutes)
    if trusted_at is not None and tx.now - trusted_at > limit:
        changed = levels.recompute(tx, levels.listed_skus(tx), run.installation.stock)
        if changed:
            told = f"the last whole scan began {trusted_at:%d %b %H:%M}: {changed} SKUs go to zero"
            run.tell(News("", Kind.STOCK_LEVEL, run.installation.name, "expired", told))


def orders_seen_at(tx: Transaction) -> datetime | None:
    """Return when the last whole pull of the orders began."""
    mark = journal.watermark(tx, INTAKES[Side.MARKETPLACE, Kind.SALES_ORDER].name)
    began_at: datetime | None = mark.began_at if mark and mark.completed_at else None
    return began_at


async def prove(run: Run, route: Route) -> None:
    """Read back what was published some time ago, and what waits on a ticket."""
    sink = run.sink(route)
    with run.transaction() as tx:
        before = tx.now - PROVE_AFTER
        rows = [*levels.tickets(tx), *levels.unproved(tx, before, _PROVED_AT_ONCE)]
        sent = {row.sku: row for row in rows}
    if not sent:
        return
    records = [
        availability(
            Sending(sku, _shown(row), row.wanted_as_of, row.attempt, run.ends_at, row.stock_number, row.listing_id)
        )
        for sku, row in sent.items()
    ]
    findings = await sink.find(records)
    with run.transaction() as tx:
        for sku, row in sent.items():
            finding = findings.get(sku)
            if finding is None or isinstance(finding, NotYet):
                continue
            matches = isinstance(finding, Found)
            if row.ticket is not None:
                levels.answer_ticket(tx, sku, row.ticket, _shown(row) if matches else None)
            else:
                levels.proved(tx, sku, _shown(row), matches=matches)
            told = f"{_shown(row)} shown" if matches else "another number is shown: the newest is owed again"
            run.tell(News("", Kind.AVAILABILITY, sku, "proved" if matches else "differs", told))


async def _send(run: Run, route: Route, batch: list[Sending]) -> bool:
    """Call and write the answers; False when the budget is spent for now. The claim was the attempt's commit."""
    sink = run.sink(route)
    try:
        answers = await sink.send([availability(sending) for sending in batch])
    except NotNow as spent:
        with run.transaction() as tx:
            for sending in batch:
                levels.postponed(tx, sending, spent.at)
        return False
    except SystemTrouble:
        _give_back(run, batch)
        raise
    run.reached.add(run.account(route.side))
    with run.transaction() as tx:
        for sending in batch:
            answer = answers.get(sending.sku, Unknown("the destination did not answer for it"))
            _settle(run, tx, sending, answer)
    return True


def _settle(run: Run, tx: Transaction, sending: Sending, answer: Answer) -> None:
    match answer:
        case Done():
            levels.published(tx, sending, proved=False)
            what, detail = "published", str(sending.quantity)
        case Accepted(ticket):
            levels.ticketed(tx, sending, ticket)
            what, detail = "accepted", str(sending.quantity)
        case Later(at, reason):
            levels.postponed(tx, sending, at)
            what, detail = "later", reason
        case Unknown(reason):
            levels.postponed(tx, sending, tx.now)
            what, detail = "unknown", f"{reason}; the newest number is owed again"
        case Refused(reason, hold_type):
            levels.postponed(tx, sending, tx.now)
            failure = Failure(sending.sku, "expect_stock_to_be_taken", hold_type, reason, "")
            hold(run, tx, failure, holds.LEVEL, sending.sku)
            what, detail = "refused", reason
    run.tell(News("", Kind.AVAILABILITY, sending.sku, what, detail))
    journal.write(tx, [("", Kind.AVAILABILITY, sending.sku, what, detail)])


def _shown(row: Any) -> int:
    return int(row.sending if row.ticket is not None else row.published)


def _give_back(run: Run, unsent: list[Sending]) -> None:
    with run.transaction() as tx:
        for sending in unsent:
            levels.postponed(tx, sending, tx.now)
