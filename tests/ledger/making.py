"""Invented rows of one installation."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.installation import Side
from domain.orders import LineLife
from domain.records import Deducts, Item, Kind, StockLevel
from ledger import holds, items, levels, messages, orders
from ledger.database import Database, Transaction

PLACED_AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LEASE = timedelta(seconds=120)


def begin(database: Database, run_id: str = "run-1") -> AbstractContextManager[Transaction]:
    return database.transaction("towels", run_id)


def owed(key: str, kind: Kind = Kind.SALES_ORDER, side: Side = Side.BACK_OFFICE, **more: Any) -> messages.Owed:
    return messages.Owed(kind, key, more.pop("order_key", key), side, more.pop("inbox_id", 1), **more)


def claim(tx: Transaction, limit: int = 100, *, kind: Kind = Kind.SALES_ORDER, looking: bool = False) -> list[Any]:
    return messages.claim(tx, kind, limit, LEASE, looking=looking)


def hold(subject: str, subject_id: str, kind: str = "refused", **more: Any) -> holds.NewHold:
    return holds.NewHold(kind, "operations", subject, subject_id, "because", **more)


def save_order(tx: Transaction, key: str, *lines: LineLife, placed_at: datetime = PLACED_AT) -> None:
    row = {
        "key": key,
        "reference": f"CON-{key}",
        "external_id": f"ext-{key}",
        "inbox_id": 1,
        "back_office_id": "",
        "placed_at": placed_at,
        "dispatch_by_at": None,
        "filed_at": tx.now,
        "awaits_tracking": False,
    }
    orders.save(tx, [row], [(key, line) for line in lines])


def count(sku: str, quantity: int, pool: str = "main", deducts: Deducts = Deducts.ON_ACCEPTANCE) -> StockLevel:
    return StockLevel(sku=sku, pool=pool, quantity=quantity, deducts=deducts)


def list_skus(tx: Transaction, *skus: str) -> None:
    """Let both sides know these SKUs, and begin their levels."""
    items.store(tx, Side.BACK_OFFICE, [Item(sku=sku, external_id=f"back-{sku}") for sku in skus])
    listings = [Item(sku=sku, stock_number=f"number-{sku}", external_id=f"listing-{sku}") for sku in skus]
    items.store(tx, Side.MARKETPLACE, listings)
    levels.enrol(tx)
