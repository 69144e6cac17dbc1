"""What the ledger amounts to, for reports: it reads, and changes nothing."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import func, select

from domain.records import Kind
from ledger import holds, messages
from ledger.database import Transaction
from ledger.inbox import PASSED
from ledger.rows import table
from ledger.stock_tables import Level
from ledger.tables import Cause, Event, Hold, Inbox, Message, OrderLineRow, SalesOrderRow

_order, _line, _inbox, _hold = table(SalesOrderRow), table(OrderLineRow), table(Inbox), table(Hold)
_message, _level, _event, _cause = table(Message), table(Level), table(Event), table(Cause)

ACCEPTED, HELD, CANCELLED, WAITING = "accepted", "held", "cancelled", "waiting"


@dataclass(frozen=True)
class Figures:
    """One installation in numbers. `orders` gives the class of every order by its Customer Order Number."""

    orders: dict[str, str]
    owed: dict[str, int]
    holds: dict[str, int]
    open_holds: dict[str, int]
    dispatches_held: int
    stock_confirmed: int
    unknown_outcomes: int
    alerts_opened: int
    alerts_closed: int
    runs: int = 0
    counted: dict[str, int] = field(default_factory=dict)


def figures(tx: Transaction) -> Figures:
    """Return the numbers of the transaction's installation."""
    here = _cause.c.installation == tx.installation
    happened = _happened(tx)
    return Figures(
        orders=order_classes(tx),
        owed=_owed(tx),
        holds=_by_type(tx, only_open=False),
        open_holds=_by_type(tx, only_open=True),
        dispatches_held=_dispatches_held(tx),
        stock_confirmed=happened[Kind.AVAILABILITY, "published"],  # only an answer that repeats the number is one
        unknown_outcomes=sum(count for (_, what), count in happened.items() if what == "unknown"),
        alerts_opened=int(tx.value(select(func.count()).where(here)) or 0),
        alerts_closed=int(tx.value(select(func.count()).where(here, _cause.c.closed_at.is_not(None))) or 0),
        runs=int(
            tx.value(select(func.count(_event.c.run_id.distinct())).where(_event.c.installation == tx.installation))
            or 0
        ),
        counted={f"{kind} {what}": count for (kind, what), count in sorted(happened.items())},
    )


def order_classes(tx: Transaction) -> dict[str, str]:
    """Return, by Customer Order Number, where each order stands: accepted by the back office, held, cancelled, waiting.

    An original that could not be read has no number; it stands under the key of its inbox row.
    """
    open_here = (_hold.c.installation == tx.installation, _hold.c.closed_at.is_(None))
    held = {row.order_key for row in tx.rows(select(_hold.c.order_key).where(*open_here))}
    wanted = select(_line.c.order_key, func.sum(_line.c.ordered - _line.c.cancel_requested).label("units")).where(
        _line.c.installation == tx.installation
    )
    units = {row.order_key: int(row.units) for row in tx.rows(wanted.group_by(_line.c.order_key))}
    classes = {
        row.reference: _class_of(taken=row.taken_at is not None, held=row.key in held, units=units.get(row.key, 0))
        for row in tx.rows(
            select(_order.c.key, _order.c.reference, _order.c.taken_at).where(_order.c.installation == tx.installation)
        )
    }
    unreadable = select(_inbox.c.key).where(
        _inbox.c.installation == tx.installation, _inbox.c.kind == Kind.SALES_ORDER, _inbox.c.gate == "rejected"
    )
    return {**{row.key: HELD for row in tx.rows(unreadable) if row.key in held}, **classes}


def _class_of(*, taken: bool, held: bool, units: int) -> str:
    if taken:
        return ACCEPTED
    if held:
        return HELD
    return WAITING if units > 0 else CANCELLED


def _owed(tx: Transaction) -> dict[str, int]:
    """Return how much is owed and not held, by kind; a level counts where its published number is not the wanted one."""
    owed = Counter(kind for kind, is_stopped in _open_messages(tx) if not is_stopped)
    here = (_level.c.installation == tx.installation, _level.c.owed)
    waiting = (_hold.c.installation == tx.installation, _hold.c.subject == holds.LEVEL, _hold.c.closed_at.is_(None))
    withheld = {row.subject_id for row in tx.rows(select(_hold.c.subject_id).where(*waiting))}
    owed["availability"] = sum(row.sku not in withheld for row in tx.rows(select(_level.c.sku).where(*here)))
    return {kind: count for kind, count in owed.items() if count}


def _open_messages(tx: Transaction) -> Iterator[tuple[str, bool]]:
    """Yield the kind of each open message, and whether it is stopped: held, or behind a held one for the same order."""
    asked = select(_message.c.kind, _message.c.order_key, _message.c.side, messages.held().label("held"))
    stopped_orders = set()
    for row in tx.rows(
        asked.where(_message.c.installation == tx.installation, _message.c.closed_at.is_(None)).order_by(_message.c.id)
    ):
        if row.held:
            stopped_orders.add((row.order_key, row.side))
        yield str(row.kind), (row.order_key, row.side) in stopped_orders


def _by_type(tx: Transaction, *, only_open: bool) -> dict[str, int]:
    where = [_hold.c.installation == tx.installation, *([_hold.c.closed_at.is_(None)] if only_open else [])]
    rows = tx.rows(select(_hold.c.type, func.count().label("holds")).where(*where).group_by(_hold.c.type))
    return {row.type: int(row.holds) for row in rows}


def _dispatches_held(tx: Transaction) -> int:
    at_gate = select(_hold.c.subject_id).where(
        _hold.c.installation == tx.installation, _hold.c.subject == holds.INBOX, _hold.c.closed_at.is_(None)
    )
    inbox_ids = {int(row.subject_id) for row in tx.rows(at_gate)}
    dispatches = (_inbox.c.installation == tx.installation, _inbox.c.kind == Kind.DISPATCH, _inbox.c.gate != PASSED)
    rejected = sum(row.id in inbox_ids for row in tx.rows(select(_inbox.c.id).where(*dispatches)))
    return rejected + sum(is_stopped for kind, is_stopped in _open_messages(tx) if kind == Kind.DISPATCH)


def _happened(tx: Transaction) -> Counter[tuple[str, str]]:
    rows = tx.rows(
        select(_event.c.kind, _event.c.what, func.count().label("times"))
        .where(_event.c.installation == tx.installation)
        .group_by(_event.c.kind, _event.c.what)
    )
    return Counter({(str(row.kind), row.what): int(row.times) for row in rows})
