"""Proofs: what was read back of the levels that were published."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from ledger.database import Transaction
from ledger.rows import MINE, NOW, table
from ledger.stock_tables import Level
from ledger.tables import ItemRow, Moment

_level, _item = table(Level), table(ItemRow)
_MINE = _level.c.installation == MINE
_PUBLISHED = update(_level).where(
    _MINE,
    _level.c.sku == bindparam("of_sku"),
    _level.c.published == bindparam("quantity"),
)
_PROVED = _PUBLISHED.values(proved_at=NOW, tries=0)
_DIFFERS = _PUBLISHED.values(published=None, owed=True, due_at=bindparam("due", type_=Moment), tries=_level.c.tries + 1)
_UNPROVED = (
    select(_level, _item.c.stock_number, _item.c.listing_id)
    .join(_item, (_item.c.installation == _level.c.installation) & (_item.c.sku == _level.c.sku))
    .where(
        _MINE,
        _level.c.published.is_not(None),
        _level.c.proved_at.is_(None),
        _level.c.published_at < bindparam("before"),
    )
    .limit(bindparam("limit"))
)


def unproved(tx: Transaction, before: datetime, limit: int) -> list[Any]:
    """Return levels that were taken before `before` and not read back since."""
    return tx.rows(_UNPROVED, {"before": before, "limit": limit})


def proved(tx: Transaction, shown: Mapping[str, int]) -> None:
    """A read-back showed these numbers by SKU."""
    tx.run(_PROVED, [{"of_sku": sku, "quantity": quantity} for sku, quantity in shown.items()])


def differ(tx: Transaction, sent: Mapping[str, int], due: Mapping[str, datetime]) -> None:
    """A read-back showed other numbers than these, which were sent: the newest of each is owed again, from its moment in `due`."""
    tx.run(_DIFFERS, [{"of_sku": sku, "quantity": quantity, "due": due[sku]} for sku, quantity in sent.items()])
