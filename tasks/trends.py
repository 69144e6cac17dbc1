"""Trends: each day of the last week in a row, what is nearest to its deadline, what stock waits, and the calls to each account."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import Any

from domain.deadlines import LONDON
from domain.holds import Owner
from ledger import holds, lateness, levels, messages, stages, trends
from ledger.database import Transaction

DAYS = 7
_DEADLINES_WITHIN = timedelta(days=2)
_MOST_DEADLINES = 200
_WITHOUT_STOCK = ("no_free_stock", "backordered")
"""How a back office says of an order that it cannot be picked: the oversold orders that the ledger knows of, not their units."""
_ACTS = {True: Owner.WAREHOUSE.value, False: Owner.OPERATIONS.value}


def week(tx: Transaction) -> list[dict[str, Any]]:
    """Return a row for each of the last days in London, today first and not yet whole."""
    today = tx.now.astimezone(LONDON).replace(hour=0, minute=0, second=0, microsecond=0)
    starts = [today - timedelta(days=days) for days in range(-1, DAYS)]
    return [_row(start, trends.span(tx, start, end)) for end, start in pairwise(starts)]


def _row(day: datetime, span: trends.Span) -> dict[str, Any]:
    return {
        "day": f"{day:%a %d %b}",
        "orders in the back office": len(span.to_back_office),
        "minutes until there, median": _minutes(span.to_back_office, 0.5),
        "99 of 100": _minutes(span.to_back_office, 0.99),
        "dispatches told": span.dispatches,
        "in time": f"{span.in_time / span.dispatches:.1%}" if span.dispatches else "",
        "sold without stock": sum(span.holds[name] for name in _WITHOUT_STOCK),
        "holds": span.holds.total(),
        "most of them": ", ".join(f"{count} {name}" for name, count in span.holds.most_common(3)),
        "alerts": span.alerts,
    }


def _minutes(times: Sequence[timedelta], share: float) -> str:
    """Return what this share of the times does not pass."""
    return f"{times[ceil(share * len(times)) - 1].total_seconds() / 60:.1f}" if times else ""


def deadlines(tx: Transaction) -> list[dict[str, Any]]:
    """Return what waits and has a deadline, the nearest first: minutes left, or passed where negative."""
    near = tx.now + _DEADLINES_WITHIN
    waiting = [
        (one.deadline_at, one.order_key, f"held: {one.type}", one.owner)
        for one in holds.open_holds(tx)
        if one.deadline_at is not None and one.deadline_at < near
    ]
    shown = {order_key for _, order_key, _, _ in waiting}
    owed = [
        (row.deadline_at, row.order_key, f"{row.kind} owed", "")
        for row in messages.due_before(tx, near)
        if row.order_key not in shown
    ]
    waiting += owed
    shown |= {order_key for _, order_key, _, _ in owed}
    waiting += [
        (
            row.dispatch_by_at,
            row.key,
            "not shipped" if row.taken_at else "not in the back office",
            _ACTS[bool(row.taken_at)],
        )
        for row in stages.nearest(tx, near, _MOST_DEADLINES)
        if row.key not in shown
    ]
    return [
        {"minutes left": int((at - tx.now).total_seconds() // 60), "order": order, "what": what, "owner": owner}
        for at, order, what, owner in sorted(waiting)[:_MOST_DEADLINES]
    ]


def where(tx: Transaction) -> list[dict[str, Any]]:
    """Return how many orders stand at each stage, who has to act, and how long the oldest has stood there."""
    return [
        {
            "where": row.stage,
            "orders": row.orders,
            "oldest, minutes": int((tx.now - row.oldest).total_seconds() // 60),
            "owner": row.owner,
        }
        for row in stages.by_stage(tx)
    ]


def stock(tx: Transaction, late_after: timedelta) -> list[dict[str, Any]]:
    """Return how many SKUs wait to be shown, and how many of them for too long."""
    late = lateness.late_levels(tx, tx.now - late_after) or lateness.Late(0, 0, 0, 0, tx.now)
    return [
        {
            "SKUs that wait to be shown": levels.owed_count(tx),
            "for too long": late.skus,
            "of these sold out": late.to_zero,
            "held, and shown too high": late.held,
            "sent in vain": late.in_vain,
            "oldest, minutes": int((tx.now - late.since).total_seconds() // 60),
        }
    ]


def limits(tx: Transaction) -> list[dict[str, Any]]:
    """Return how many calls each account has made, and how often it refused one for their number."""
    names = ("account and calls", "calls so far", "refused for their number")
    return [dict(zip(names, row, strict=True)) for row in trends.budgets(tx)]
