"""Proofs: what was read back of the levels that were published."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, bindparam, func, select, update

from ledger.database import Transaction
from ledger.rows import MINE, NOW, listed, table
from ledger.stock_tables import Level
from ledger.tables import ItemRow, Moment, OrderLineRow, SalesOrderRow

_level, _item, _line, _order = table(Level), table(ItemRow), table(OrderLineRow), table(SalesOrderRow)
_MINE = _level.c.installation == MINE
_PUBLISHED = update(_level).where(
    _MINE,
    _level.c.sku == bindparam("of_sku"),
    _level.c.published == bindparam("quantity"),
)
_AFRESH: dict[str, Any] = {"fewer": None, "fewer_at": None}
_PROVED = _PUBLISHED.values(**_AFRESH, proved_at=NOW, tries=0)
_EXPLAINED = _PUBLISHED.values(
    **_AFRESH,
    published=bindparam("shown", type_=Integer),
    may_show=bindparam("shown", type_=Integer),
    owed=_level.c.wanted != bindparam("shown", type_=Integer),
    proved_at=NOW,
    tries=0,
)
_DIFFERS = _PUBLISHED.values(
    **_AFRESH, published=None, owed=True, due_at=bindparam("due", type_=Moment), tries=_level.c.tries + 1
)
_FEWER = _PUBLISHED.values(fewer=bindparam("shown", type_=Integer), fewer_at=NOW)
_UNEXPLAINED = select(_level.c.sku, _level.c.published, _level.c.fewer, _level.c.tries).where(
    _MINE,
    _level.c.fewer_at.is_not(None),
    _level.c.fewer_at < bindparam("seen_at", type_=Moment),
    _level.c.published.is_not(None),
    _level.c.proved_at.is_(None),
)
_SOLD = (
    select(_level.c.sku, func.sum(_line.c.ordered).label("units"))
    .join(_line, (_line.c.installation == _level.c.installation) & (_line.c.sku == _level.c.sku))
    .join(_order, (_order.c.installation == _line.c.installation) & (_order.c.key == _line.c.order_key))
    .where(_MINE, listed(_level.c.sku, "skus"), _order.c.account == "", _order.c.filed_at >= _level.c.published_at)
    .group_by(_level.c.sku)
)
_UNPROVED = (
    select(_level, _item.c.stock_number, _item.c.listing_id)
    .join(_item, (_item.c.installation == _level.c.installation) & (_item.c.sku == _level.c.sku))
    .where(
        _MINE,
        _level.c.published.is_not(None),
        _level.c.proved_at.is_(None),
        _level.c.fewer_at.is_(None),
        _level.c.published_at < bindparam("before"),
    )
    .limit(bindparam("limit"))
)


def unproved(tx: Transaction, before: datetime, limit: int) -> list[Any]:
    """Return levels that were taken before `before` and not read back since. What was seen to show fewer is to be explained."""
    return tx.rows(_UNPROVED, {"before": before, "limit": limit})


def proved(tx: Transaction, shown: Mapping[str, int]) -> None:
    """A read-back showed these numbers by SKU."""
    tx.run(_PROVED, [{"of_sku": sku, "quantity": quantity} for sku, quantity in shown.items()])


def explained(tx: Transaction, sku: str, sent: int, shown: int) -> None:
    """Fewer than was sent were shown, as the difference was sold: what is shown counts as published, and the newest is owed beside it."""
    tx.run(_EXPLAINED, {"of_sku": sku, "quantity": sent, "shown": shown})


def differ(tx: Transaction, sent: Mapping[str, int], due: Mapping[str, datetime]) -> None:
    """A read-back showed other numbers than these, which were sent: the newest of each is owed again, from its moment in `due`."""
    tx.run(_DIFFERS, [{"of_sku": sku, "quantity": quantity, "due": due[sku]} for sku, quantity in sent.items()])


def shows_fewer(tx: Transaction, sku: str, sent: int, shown: int) -> None:
    """A read-back showed less of the number than was sent: that is still to be explained."""
    tx.run(_FEWER, {"of_sku": sku, "quantity": sent, "shown": shown})


def unexplained(tx: Transaction, orders_seen_at: datetime) -> list[Any]:
    """Return the levels that showed fewer than was sent, at a moment of which all orders are known."""
    return tx.rows(_UNEXPLAINED, {"seen_at": orders_seen_at})


def sold(tx: Transaction, skus: Sequence[str]) -> dict[str, int]:
    """Return how many units of these SKUs the marketplace sold in orders that came since their numbers were taken."""
    return {row.sku: int(row.units) for row in tx.rows(_SOLD, {"skus": list(skus)})} if skus else {}
