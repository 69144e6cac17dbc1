"""Where each order stands, since when, and who has to act; and which ones nobody ships. It reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, exists, func, select, true

from domain.holds import Owner
from domain.records import Kind
from ledger import inbox
from ledger.database import Transaction
from ledger.rows import MINE, NOW, listed, table
from ledger.tables import Hold, Inbox, Message, Moment, OrderLineRow, SalesOrderRow

_order, _line, _message = table(SalesOrderRow), table(OrderLineRow), table(Message)
_hold, _inbox = table(Hold), table(Inbox)
_LINES = and_(_line.c.installation == _order.c.installation, _line.c.order_key == _order.c.key)
_units = _line.c.ordered - _line.c.cancelled
_TO_SHIP = exists().where(_LINES, _units > _line.c.shipped, _units > _line.c.dispatched)
_HELD = and_(
    _hold.c.installation == _order.c.installation, _hold.c.order_key == _order.c.key, _hold.c.closed_at.is_(None)
)
_STOPPED = and_(_HELD, _hold.c.type != "deadline_at_risk")  # that one only holds up a hand
_OPEN_HERE = and_(_order.c.installation == MINE, _order.c.final_at.is_(None))
_NOT_SHIPPED = (
    _OPEN_HERE,
    _order.c.dispatch_by_at < bindparam("before", type_=Moment),
    _TO_SHIP,
    ~exists().where(_HELD),
)
_COUNTED = select(
    func.count().label("orders"),
    func.sum(case((_order.c.dispatch_by_at < NOW, 1), else_=0)).label("late"),
    func.min(_order.c.dispatch_by_at).label("first"),
).where(*_NOT_SHIPPED)
_NEAREST = (
    select(_order.c.key, _order.c.dispatch_by_at, _order.c.taken_at)
    .where(*_NOT_SHIPPED)
    .order_by(_order.c.dispatch_by_at, _order.c.key)
    .limit(bindparam("limit"))
)


@dataclass(frozen=True)
class NotShipped:
    """How many orders are still to be shipped, how many of them are late, and the first of their deadlines."""

    orders: int
    late: int
    first_deadline_at: datetime


def not_shipped(tx: Transaction, before: datetime) -> NotShipped | None:
    """Return the orders with units to ship and a deadline `before` a moment, of which no hold speaks; None when there is none."""
    row = tx.one(_COUNTED, {"before": before})
    return NotShipped(int(row.orders), int(row.late), row.first) if row is not None and row.orders else None


def nearest(tx: Transaction, before: datetime, limit: int) -> list[Any]:
    """Return (key, dispatch_by_at, taken_at) of those orders, the nearest deadline first."""
    return tx.rows(_NEAREST, {"before": before, "limit": limit})


def _of_creation(*where: ColumnElement[bool]) -> tuple[ColumnElement[bool], ...]:
    mine = (_message.c.installation == _order.c.installation, _message.c.order_key == _order.c.key)
    return (*mine, _message.c.kind == Kind.SALES_ORDER, _message.c.closed_at.is_(None), *where)


def _stages() -> Select[Any]:
    """Return key, stage, since when and who acts, of each order of the installation."""
    held = exists().where(_STOPPED)
    addressed = ~exists().where(_inbox.c.id == _order.c.inbox_id, _inbox.c.gate == inbox.INCOMPLETE)
    asked = exists().where(*_of_creation(_message.c.attempted_at.is_not(None)))
    asked_at = select(func.min(_message.c.attempted_at)).where(*_of_creation()).scalar_subquery()
    held_at = select(func.min(_hold.c.opened_at)).where(_STOPPED).scalar_subquery()
    shipped_at = select(func.max(_line.c.shipped_at)).where(_LINES).scalar_subquery()
    holder = select(func.min(_hold.c.owner)).where(_STOPPED).scalar_subquery()
    taken = _order.c.taken_at.is_not(None)
    stages: tuple[tuple[ColumnElement[bool], str, Any, Any], ...] = (
        (_order.c.final_at.is_not(None), "finished", _order.c.final_at, ""),
        (held, "held", held_at, holder),
        (and_(taken, _TO_SHIP), "in the back office, to be shipped", _order.c.taken_at, Owner.WAREHOUSE.value),
        (taken, "shipped, not confirmed", func.coalesce(shipped_at, _order.c.taken_at), Owner.OPERATIONS.value),
        (~addressed, "its address is awaited", _order.c.filed_at, Owner.ECOMMERCE.value),
        (asked, "sent to the back office, outcome unknown", asked_at, Owner.OPERATIONS.value),
        (true(), "to be created in the back office", _order.c.filed_at, Owner.OPERATIONS.value),
    )
    return select(
        _order.c.key,
        case(*((where, name) for where, name, _, _ in stages)).label("stage"),
        case(*((where, since) for where, _, since, _ in stages)).label("since"),
        case(*((where, owner) for where, _, _, owner in stages)).label("owner"),
    ).where(_order.c.installation == MINE)


_EACH = _stages()
_OPEN = _EACH.where(_order.c.final_at.is_(None)).subquery()
_GROUPED = (
    select(_OPEN.c.stage, _OPEN.c.owner, func.count().label("orders"), func.min(_OPEN.c.since).label("oldest"))
    .group_by(_OPEN.c.stage, _OPEN.c.owner)
    .order_by(_OPEN.c.stage, _OPEN.c.owner)
)
_OF_KEYS = _EACH.where(listed(_order.c.key, "keys"))


def by_stage(tx: Transaction) -> list[Any]:
    """Return (stage, owner, orders, oldest) of the orders that are not finished; `oldest` is since when the first is there."""
    return tx.rows(_GROUPED)


def of_orders(tx: Transaction, keys: Sequence[str]) -> list[Any]:
    """Return (key, stage, since, owner) of these orders."""
    return tx.rows(_OF_KEYS, {"keys": list(keys)}) if keys else []
