"""Publish: pay the levels that are owed. The number is read at the moment of sending; one in flight a SKU."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.roles import Sink, WorksFilesOff
from domain.answers import Accepted, Answer, Done, Later, NotNow, Refused, SystemTrouble, Unknown
from domain.faults import SOFTWARE_FAULT
from domain.installation import Side
from domain.records import Kind
from domain.stock import REFUSED, UNANSWERED, Pace
from ledger import accounts, journal, levels, scans, tickets
from ledger.database import Transaction
from ledger.levels import Sending
from tasks.composing import availability
from tasks.faults import is_fault, note_fault
from tasks.holding import hold_level
from tasks.loops import INTAKES, Route
from tasks.run import Run
from tasks.telling import News

_CLAIMED_AT_ONCE = 50


async def publish(run: Run, route: Route) -> None:
    """Send owed levels until the slice ends: drops to zero first, rises only after a younger orders pull.

    To a marketplace that works files off, one file goes, and no other before it is answered.
    """
    sink = run.sink(route)
    at_once = sink.batch * sink.parallel
    alone = isinstance(sink, WorksFilesOff)
    limit = sink.batch if alone else max(at_once, _CLAIMED_AT_ONCE)
    with run.transaction() as tx:
        _expire(run, tx)
    while run.time_left:
        with run.transaction() as tx:
            claimed = levels.claim(
                tx,
                limit,
                run.lease,
                orders_seen_at=orders_seen_at(tx),
                alone=alone,
                zero_overtakes=getattr(sink, "zero_overtakes", False),
            )
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
        changed = sum(levels.recompute(tx, skus, run.installation.stock) for skus in levels.listed_skus(tx))
        if changed:
            told = f"the last whole scan began {trusted_at:%d %b %H:%M}: {changed} SKUs go to zero"
            run.tell(News("", Kind.STOCK_LEVEL, run.installation.name, "expired", told))


def orders_seen_at(tx: Transaction) -> datetime | None:
    """Return when the last whole pull of the orders began, over every account that may still sell."""
    sells = {account for account, left in accounts.unfinished(tx).items() if left.get("listings")}
    intake = INTAKES[Side.MARKETPLACE, Kind.SALES_ORDER].name
    seen: list[datetime | None] = []
    for feed in (intake, *(f"{intake}@{account}" for account in sells)):
        mark = journal.watermark(tx, feed)
        seen.append(mark.began_at if mark and mark.completed_at else None)
    return None if None in seen else min(filter(None, seen))


async def _send(run: Run, route: Route, batch: list[Sending]) -> bool:
    """Call and write the answers; False when the budget is spent for now. The claim was the attempt's commit."""
    sink = run.sink(route)
    try:
        async with run.within(batch[0].lease_until):
            answers = await sink.send([availability(sending) for sending in batch])
    except TimeoutError:
        answers = {}
    except NotNow as spent:
        with run.transaction() as tx:
            levels.postponed(tx, batch, spent.at)
        return False
    except SystemTrouble:
        _give_back(run, batch)
        raise
    except Exception as fault:
        if not is_fault(fault) or len(batch) > 1:  # of a file nobody knows which line it was, nor whether it went
            _give_back(run, batch)
            raise
        answers = {batch[0].sku: Refused(note_fault(run, fault), SOFTWARE_FAULT)}
    run.reached.add(run.account(route.side))
    with run.transaction() as tx:
        _settle(run, tx, sink, batch, answers)
    return True


def _settle(run: Run, tx: Transaction, sink: Sink[Any], batch: list[Sending], answers: Mapping[str, Answer]) -> None:
    taken: dict[str, list[Sending]] = {}
    told: list[News] = []
    for sending in batch:
        match answers.get(sending.sku, Unknown("the destination did not answer for it in time")):
            case Done():
                levels.published(tx, sending, proved=False)
                what, detail = "published", str(sending.quantity)
            case Accepted(ticket):
                taken.setdefault(ticket, []).append(sending)
                what, detail = "accepted", str(sending.quantity)
            case Later(at, reason):
                levels.postponed(tx, [sending], at)
                what, detail = "later", reason
            case Unknown(reason):
                levels.unanswered(tx, sending, _again(run, tx, UNANSWERED, sending.tries))
                what, detail = "unknown", f"{reason}; the newest number is owed again"
            case Refused(reason, hold_type):
                levels.refused(tx, sending, _again(run, tx, REFUSED, sending.tries))
                hold_level(run, tx, sending.sku, hold_type, reason)
                what, detail = "refused", reason
        told.append(News("", Kind.AVAILABILITY, sending.sku, what, detail))
    answer_by = tx.now + sink.ticket_limit if isinstance(sink, WorksFilesOff) else None
    for ticket, sendings in taken.items():
        tickets.taken(tx, sendings, ticket, answer_by)
    for news in told:
        run.tell(news)
    journal.write(tx, [(news.order_key, news.kind, news.key, news.what, news.detail) for news in told])


def _again(run: Run, tx: Transaction, pace: Pace, tries: int) -> datetime:
    """Return when a SKU is tried again: never in the same run, or one SKU would eat the calls of all."""
    return max(tx.now + pace.after(tries), run.ends_at)


def _give_back(run: Run, unsent: list[Sending]) -> None:
    with run.transaction() as tx:
        levels.postponed(tx, unsent, tx.now)
