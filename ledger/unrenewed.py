"""Counts that a scan does not renew: absent from it, waiting, or renewed again; each with the moment at which it was true."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from ledger.comparing import KEYS
from ledger.database import Transaction
from ledger.rows import among, table
from ledger.seen import Seen
from ledger.stock_tables import StockChange, StockCount

_count, _change = table(StockCount), table(StockChange)
_BLOCK = 1 << 14  # ids looked at together: a multiple of eight


def take(tx: Transaction, seen: Seen, former_at: datetime | None, *, absent_is_zero: bool) -> None:
    """Stage zero for what the scan did not show, or date it where absence means unknown; stage what is renewed again.

    What was sold since a count's own moment is not taken as deducted from it.
    """
    again = tx.rows(select(_count.c.id).where(_mine(tx), _count.c.counted_at.is_not(None)))
    for start in range(0, len(again), _BLOCK):
        _stage(tx, among(tx, _count.c.id, seen.among(row.id for row in again[start : start + _BLOCK])))
    for absent in _absent(tx, seen):
        these = among(tx, _count.c.id, absent)
        if absent_is_zero:
            _stage(tx, these & (_count.c.quantity != 0), quantity=0)
        else:
            tx.run(update(_count).where(these, _count.c.counted_at.is_(None)).values(counted_at=former_at))


def date_waiting(tx: Transaction, skus: Sequence[str], former_at: datetime | None) -> None:
    """Date the counts of SKUs whose drop to zero is not believed yet."""
    these = (_mine(tx), among(tx, _count.c.sku, skus), _count.c.counted_at.is_(None))
    tx.run(update(_count).where(*these).values(counted_at=former_at))


def tell_expired(tx: Transaction, before: datetime) -> None:
    """Let the SKUs be worked out again of which a count is too old to be offered."""
    _stage(tx, _count.c.counted_at <= before)


def _absent(tx: Transaction, seen: Seen) -> list[list[int]]:
    """Return the ids of the counts that were not seen, block by block; the blocks that were seen whole are not read."""
    absent: list[list[int]] = []
    if seen.count() >= tx.value(select(func.count()).select_from(_count).where(_mine(tx))):
        return absent
    largest = tx.value(select(func.max(_count.c.id)).where(_mine(tx)))  # dearer than counting, and seldom needed
    for first in range(0, largest + 1, _BLOCK):
        block = (_mine(tx), _count.c.id >= first, _count.c.id < first + _BLOCK)
        if seen.count(first, first + _BLOCK) < tx.value(select(func.count()).select_from(_count).where(*block)):
            ids = [row.id for row in tx.rows(select(_count.c.id).where(*block))]
            met = set(seen.among(ids))
            absent.append([row_id for row_id in ids if row_id not in met])
    return absent


def _stage(tx: Transaction, these: ColumnElement[bool], quantity: int | None = None) -> None:
    """Stage counts as they are trusted, or as another number; what the scan staged itself stays."""
    number = _count.c.quantity if quantity is None else literal(quantity)
    rows = select(*(_count.c[name] for name in KEYS), number, _count.c.id).where(_mine(tx), these)
    dialect_insert = postgresql_insert if tx.is_postgresql else sqlite_insert
    statement = dialect_insert(_change).from_select([*KEYS, "quantity", "count_id"], rows, include_defaults=False)
    tx.run(statement.on_conflict_do_nothing(index_elements=KEYS))


def _mine(tx: Transaction) -> ColumnElement[bool]:
    return _count.c.installation == tx.installation
