"""What a span of time amounted to: how fast orders went over, whether dispatches were in time, what was held. It reads only."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from domain.records import Kind
from ledger.database import Transaction
from ledger.rows import table
from ledger.tables import BudgetRow, Cause, Hold, Message

_message, _hold, _cause, _budget = table(Message), table(Hold), table(Cause), table(BudgetRow)


@dataclass(frozen=True)
class Span:
    """One span of an installation.

    `to_back_office` is, of each order proved there in the span, how long it took since it was filed, shortest first.
    Of the `dispatches` that were settled with the marketplace, `in_time` had no deadline or kept it.
    """

    to_back_office: list[timedelta]
    dispatches: int
    in_time: int
    holds: Counter[str]
    alerts: int


def span(tx: Transaction, start: datetime, end: datetime) -> Span:
    """Return what happened from `start` until before `end`."""
    done = tx.rows(
        select(_message.c.kind, _message.c.created_at, _message.c.closed_at, _message.c.deadline_at).where(
            _message.c.installation == tx.installation,
            _message.c.closed_at >= start,
            _message.c.closed_at < end,
            _message.c.closed_as == "done",
            _message.c.kind.in_((Kind.SALES_ORDER, Kind.DISPATCH)),
        )
    )
    sent = [row for row in done if row.kind == Kind.DISPATCH]
    opened = (_hold.c.installation == tx.installation, _hold.c.opened_at >= start, _hold.c.opened_at < end)
    of_type = tx.rows(select(_hold.c.type, func.count().label("holds")).where(*opened).group_by(_hold.c.type))
    told = (_cause.c.installation == tx.installation, _cause.c.opened_at >= start, _cause.c.opened_at < end)
    return Span(
        to_back_office=sorted(row.closed_at - row.created_at for row in done if row.kind == Kind.SALES_ORDER),
        dispatches=len(sent),
        in_time=sum(row.deadline_at is None or row.closed_at <= row.deadline_at for row in sent),
        holds=Counter({row.type: int(row.holds) for row in of_type}),
        alerts=int(tx.value(select(func.count()).where(*told)) or 0),
    )


def budgets(tx: Transaction) -> list[tuple[str, int, int]]:
    """Return, of every account and group of calls, how many were made so far, and how often the vendor refused one for their number."""
    rows = tx.rows(select(_budget.c.key, _budget.c.calls, _budget.c.refused).order_by(_budget.c.key))
    return [(row.key, row.calls, row.refused) for row in rows]
