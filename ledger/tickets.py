"""Tickets: levels that the marketplace took for later, and works on. Nothing else is sent for their SKUs meanwhile."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Integer, bindparam, func, or_, select, update

from ledger.database import Transaction
from ledger.rows import MINE, NOW, among, table
from ledger.tables import ItemRow, Level

if TYPE_CHECKING:
    from ledger.levels import Sending

_level, _item = table(Level), table(ItemRow)
_OF_TICKET = (
    update(_level)
    .where(
        _level.c.installation == MINE,
        _level.c.sku == bindparam("of_sku"),
        _level.c.ticket == bindparam("of_ticket"),
    )
    .values(ticket=None, sending=None, due_at=None, published_at=NOW)
)
_quantity = bindparam("quantity", type_=Integer)
_SHOWN = _OF_TICKET.values(published=_quantity, proved_at=NOW, owed=_level.c.wanted != _quantity)
_LOST = _OF_TICKET.values(published=None, proved_at=None, owed=True)


def under_way(tx: Transaction) -> bool:
    """Tell whether a worker is sending a level, or the marketplace still works on one."""
    sent = (_level.c.sending.is_not(None), or_(_level.c.ticket.is_not(None), _level.c.lease_until >= tx.now))
    return tx.value(select(_level.c.sku).where(_level.c.installation == tx.installation, *sent).limit(1)) is not None


def taken(tx: Transaction, sendings: Sequence["Sending"], ticket: str, answer_by: datetime | None) -> None:
    """The marketplace works on them; nothing else is sent for these SKUs until the ticket is answered.

    While the ticket is open, `due_at` is the moment by which it should be. Claims that were lost
    meanwhile are passed over.
    """
    mine = (_level.c.installation == tx.installation, _level.c.sku == bindparam("of_sku"))
    same = (*mine, _level.c.attempt == bindparam("of_attempt"))
    statement = update(_level).where(*same).values(ticket=ticket, lease_until=None, due_at=answer_by)
    tx.run(statement, [{"of_sku": one.sku, "of_attempt": one.attempt} for one in sendings])


def unanswered(tx: Transaction) -> dict[str, int]:
    """Return the tickets that are not answered yet, the last one first, and how many levels each is for."""
    rows = tx.rows(
        select(_level.c.ticket, func.count().label("levels"))
        .where(*_open(tx))
        .group_by(_level.c.ticket)
        .order_by(_level.c.ticket.desc())
    )
    return {row.ticket: row.levels for row in rows}


def levels_of(tx: Transaction, tickets: Sequence[str]) -> Sequence[Any]:
    """Return the levels that wait for these tickets."""
    return tx.rows(
        select(_level, _item.c.stock_number, _item.c.listing_id)
        .join(_item, (_item.c.installation == _level.c.installation) & (_item.c.sku == _level.c.sku))
        .where(*_open(tx), among(tx, _level.c.ticket, tickets))
    )


def overdue(tx: Transaction) -> set[str]:
    """Return the tickets that should have been answered by now."""
    rows = tx.rows(select(_level.c.ticket).where(*_open(tx), _level.c.due_at < tx.now).distinct())
    return {row.ticket for row in rows}


def _open(tx: Transaction) -> tuple[ColumnElement[bool], ...]:
    return _level.c.installation == tx.installation, _level.c.sending.is_not(None), _level.c.ticket.is_not(None)


def answered(tx: Transaction, ticket: str, shown: Mapping[str, int], lost: Collection[str] = ()) -> None:
    """The marketplace worked the ticket off: it shows these numbers by SKU, and the newest number of the `lost` is owed."""
    tx.run(_SHOWN, [{"of_ticket": ticket, "of_sku": sku, "quantity": quantity} for sku, quantity in shown.items()])
    tx.run(_LOST, [{"of_ticket": ticket, "of_sku": sku} for sku in lost])


def give_up(tx: Transaction) -> int:
    """Wait no longer for tickets that are past their moment: the newest numbers are owed again; return how many."""
    past = (_level.c.installation == tx.installation, _level.c.ticket.is_not(None), _level.c.due_at < tx.now)
    afresh = {"ticket": None, "sending": None, "published": None, "due_at": None, "owed": True}
    return tx.run(update(_level).where(*past).values(**afresh))
