"""The journal, append only; and how far each feed was read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select

from ledger.database import Transaction
from ledger.rows import MINE, among, insert_all, table, upsert
from ledger.tables import Event, Watermark

_watermark, _event = table(Watermark), table(Event)
_OF_FEED = select(_watermark).where(_watermark.c.installation == MINE, _watermark.c.feed == bindparam("feed"))


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


class Note(NamedTuple):
    """One word that was written of an order, and when."""

    what: str
    at: datetime


def notes(tx: Transaction, kind: str, order_keys: Sequence[str]) -> dict[str, list[Note]]:
    """Return what was written of these orders under a kind, the oldest first."""
    found: dict[str, list[Note]] = {}
    where = (_event.c.installation == tx.installation, _event.c.kind == kind)
    for row in tx.rows(
        select(_event.c.order_key, _event.c.what, _event.c.at)
        .where(*where, among(tx, _event.c.order_key, order_keys))
        .order_by(_event.c.id)
    ):
        found.setdefault(row.order_key, []).append(Note(row.what, row.at))
    return found


def watermark(tx: Transaction, feed: str) -> Any | None:
    """Return (cursor, began_at, completed_at) of a feed, or None when it was never read."""
    return tx.one(_OF_FEED, {"feed": feed})


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
