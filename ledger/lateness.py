"""Stock that should be shown for long already, and is not: looked at from outside, as what sends it may itself stand still."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, or_, select, true, update

from domain.stock import MANY_TRIES
from ledger import levels
from ledger.database import Transaction
from ledger.rows import MINE, NOW, table
from ledger.stock_tables import Level
from ledger.tables import ItemRow

_level, _item = table(Level), table(ItemRow)
_MINE = _level.c.installation == MINE
_UNSEEN = update(_level).where(_MINE, _level.c.owed, _level.c.owed_since.is_(None)).values(owed_since=NOW)
_SETTLED = (
    update(_level).where(_MINE, _level.c.owed_since.is_not(None), _level.c.owed != true()).values(owed_since=None)
)


@dataclass(frozen=True)
class Late:
    """How many SKUs wait, how many of them to be shown at zero, are held, or were tried in vain; since when the first waits."""

    skus: int
    to_zero: int
    held: int
    in_vain: int
    since: datetime


def late_levels(tx: Transaction, before: datetime) -> Late | None:
    """Return what of the stock is owed since `before`; None when nothing is. Note what is owed and what no more.

    Of what is held only that is late which may show more than may be sold: the rest waits for its hold. What was
    sent many times in vain is late at once.
    A level is owed since the first call of this that saw it owed, or since a number of it was last
    taken, if that was later: a SKU that sells all day is never shown for good, and is not late.
    """
    tx.run(_SETTLED)
    tx.run(_UNSEEN)
    since: ColumnElement[datetime] = case(
        (_level.c.published_at > _level.c.owed_since, _level.c.published_at), else_=_level.c.owed_since
    )
    sold_out = func.sum(case((_level.c.wanted == 0, 1), else_=0))
    held = func.sum(case((levels.held(), 1), else_=0))
    in_vain = _level.c.tries >= MANY_TRIES
    many = func.sum(case((in_vain, 1), else_=0))
    listed = and_(_item.c.installation == _level.c.installation, _item.c.sku == _level.c.sku, _item.c.listed)
    row = tx.one(
        select(
            func.count().label("skus"),
            sold_out.label("to_zero"),
            held.label("held"),
            many.label("in_vain"),
            func.min(since).label("since"),
        )
        .join_from(_level, _item, listed)
        .where(
            _MINE,
            _level.c.owed,
            _level.c.owed_since.is_not(None),
            or_(since < before, in_vain),
            or_(levels.falls(), ~levels.held()),
        )
    )
    if row is None or not row.skus:
        return None
    return Late(row.skus, int(row.to_zero), int(row.held), int(row.in_vain), row.since)
