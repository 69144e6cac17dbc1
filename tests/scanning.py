"""Scans of the stock for tests and benchmarks: records in, what became of them out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from domain.counts import Counts
from domain.records import StockLevel
from ledger import scans
from ledger.database import Transaction
from ledger.rows import table
from ledger.stock_tables import StockChange

AGE_LIMIT = timedelta(minutes=240)
_change = table(StockChange)


@dataclass(frozen=True)
class Scanned:
    """What a scan led to: the SKUs that it changed, those whose zero waits, and why it was refused."""

    changed: frozenset[str]
    waiting: frozenset[str]
    refused: str


def fold(tx: Transaction, running: scans.Running, levels: Iterable[StockLevel], cursor: str | None) -> None:
    """Compare one page, of which every count passed the gate, and stage what differs."""
    scans.fold(tx, running, scans.compare(tx, running, Counts.of(levels)), cursor)


def finish(
    tx: Transaction,
    running: scans.Running,
    *,
    complete: bool = True,
    absent_is_zero: bool = False,
    omits_zeroes: bool = False,
) -> Scanned:
    """Finish a scan and settle it."""
    finished = scans.finish(
        tx,
        running,
        complete=complete,
        absent_is_zero=absent_is_zero,
        age_limit=AGE_LIMIT,
        omits_zeroes=omits_zeroes,
    )
    mine = _change.c.installation == tx.installation
    changed = frozenset(row.sku for row in tx.rows(select(_change.c.sku).where(mine).distinct()))
    scans.settle(tx)
    return Scanned(changed, finished.waiting, finished.refused)


def scan(
    tx: Transaction,
    levels: Iterable[StockLevel],
    *,
    began_at: datetime | None = None,
    complete: bool = True,
    absent_is_zero: bool = False,
    omits_zeroes: bool = False,
) -> Scanned:
    """Read a whole scan in one page."""
    running = scans.Running(began_at or tx.now)
    fold(tx, running, levels, None)
    return finish(tx, running, complete=complete, absent_is_zero=absent_is_zero, omits_zeroes=omits_zeroes)
