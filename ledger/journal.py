"""The journal, append only; and how far each feed was read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from ledger.database import Transaction
from ledger.rows import insert_all, table, upsert
from ledger.tables import Event, Watermark

_watermark = table(Watermark)
_OF_FEED = select(_watermark).where(
    _watermark.c.installation == bindparam("installation"), _watermark.c.feed == bindparam("feed")
)


def write(tx: Transaction, entries: Sequence[tuple[str, str, str, str, str]]) -> None:
    """Append (order key, kind, key, what, detail) for each thing that happened; no personal data."""
    insert_all(
        tx,
        Event,
        [
            {
                "at": tx.now,
                "installation": tx.installation,
                "run_id": tx.run_id,
                "order_key": order_key,
                "kind": kind,
                "key": key,
                "what": what,
                "detail": detail[:500],
            }
            for order_key, kind, key, what, detail in entries
        ],
    )


def watermark(tx: Transaction, feed: str) -> Any | None:
    """Return (cursor, began_at, completed_at) of a feed, or None when it was never read."""
    return next(iter(tx.rows(_OF_FEED, {"installation": tx.installation, "feed": feed})), None)


def set_watermark(
    tx: Transaction, feed: str, cursor: str | None, began_at: datetime | None, completed_at: datetime | None
) -> None:
    """Remember how far a feed was read."""
    row = {
        "installation": tx.installation,
        "feed": feed,
        "cursor": cursor,
        "began_at": began_at,
        "completed_at": completed_at,
    }
    upsert(tx, Watermark, [row], ["installation", "feed"])
