"""Mass drops to zero: which listed SKUs must wait for a person or for a second scan that agrees."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, Select, and_, cast, func, null, select, union_all, update

from domain.stock import SECOND_OPINION_AFTER, Falling, zeroes_that_wait
from ledger.comparing import KEYS
from ledger.database import Transaction
from ledger.rows import MINE, among, table
from ledger.stock_tables import Level, StockChange, StockCount

_count, _change, _level = table(StockCount), table(StockChange), table(Level)


def _of_emptied() -> Select[Any]:
    """Select the listed SKUs that have trusted stock, and none with what is staged, with the units that they had.

    The units of a SKU are the smallest sum over the ways of deducting.
    """
    mine = _change.c.installation == MINE
    listed = (_level.c.installation == _change.c.installation) & (_level.c.sku == _change.c.sku)
    moved = select(_change.c.sku).join(_level, listed).where(mine)
    known = _count.outerjoin(_change, and_(*(_count.c[name] == _change.c[name] for name in KEYS)))
    both = union_all(
        select(
            _count.c.sku,
            _count.c.deducts,
            _count.c.quantity.label("before"),
            func.coalesce(_change.c.quantity, _count.c.quantity).label("after"),
        )
        .select_from(known)
        .where(_count.c.installation == MINE, _count.c.sku.in_(moved)),
        select(_change.c.sku, _change.c.deducts, cast(null(), Integer), _change.c.quantity).where(
            mine, _change.c.sku.in_(moved), _change.c.count_id.is_(None)
        ),
    ).subquery()
    sums = (func.sum(both.c.before).label("before"), func.sum(both.c.after).label("after"))
    by_way = select(both.c.sku, *sums).group_by(both.c.sku, both.c.deducts).subquery()
    before, after = func.min(by_way.c.before), func.min(by_way.c.after)
    emptied = (
        select(by_way.c.sku, before.label("before")).group_by(by_way.c.sku).having(after <= 0, before > 0).subquery()
    )
    return (
        select(emptied.c.sku, emptied.c.before, _level.c.zero_since, _level.c.zero_approved)
        .join(_level, _level.c.sku == emptied.c.sku)
        .where(_level.c.installation == MINE)
        .order_by(emptied.c.sku)
    )


_EMPTIED = _of_emptied()


def wait(tx: Transaction, began_at: datetime, age_limit: timedelta) -> frozenset[str]:
    """Return the listed SKUs that must wait, and mark them; those that a second scan confirms no longer wait."""
    where = _level.c.installation == tx.installation
    if tx.one(select(_level.c.sku).where(where).limit(1)) is None:
        return frozenset()
    falling: list[Falling] = []
    waited: set[str] = set()
    for row in tx.rows(_EMPTIED):
        if row.zero_since is None:
            falling.append(Falling(row.sku, row.before))
            continue
        agreed = began_at - row.zero_since >= SECOND_OPINION_AFTER
        if not (row.zero_approved or agreed or tx.now - row.zero_since > age_limit):
            waited.add(row.sku)  # else each scan of one passing fault would let a few more go
    new = zeroes_that_wait(falling, *_listed_stock(tx)) if falling else frozenset()
    waiting = frozenset(waited | new)
    still = among(tx, _level.c.sku, sorted(waiting))
    tx.run(
        update(_level)
        .where(where, _level.c.zero_since.is_not(None), ~still)
        .values(zero_since=None, zero_approved=False)
    )
    tx.run(update(_level).where(where, _level.c.zero_since.is_(None), still).values(zero_since=began_at))
    return waiting


def _listed_stock(tx: Transaction) -> tuple[int, int]:
    """Return how many listed SKUs have trusted stock, and their units: the smallest sum over the ways of deducting."""
    by_way = (
        select(_count.c.sku, func.sum(_count.c.quantity).label("units"))
        .join(_level, (_level.c.installation == _count.c.installation) & (_level.c.sku == _count.c.sku))
        .where(_count.c.installation == tx.installation)
        .group_by(_count.c.sku, _count.c.deducts)
        .subquery()
    )
    smallest = select(func.min(by_way.c.units).label("units")).group_by(by_way.c.sku).subquery()
    row = tx.one(select(func.count(), func.coalesce(func.sum(smallest.c.units), 0)).where(smallest.c.units > 0))
    return (0, 0) if row is None else (int(row[0]), int(row[1]))
