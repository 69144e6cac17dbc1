"""Tickets: levels that the marketplace took for later, and works on. Nothing else is sent for their SKUs meanwhile."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, or_, select, update

from ledger.database import Transaction
from ledger.rows import MINE, NOW, table
from ledger.tables import ItemRow, Level

if TYPE_CHECKING:
    from ledger.levels import Sending

_level, _item = table(Level), table(ItemRow)
_UNDER_WAY = (
    select(_level.c.sku)
    .where(_level.c.installation == MINE, or_(_level.c.ticket.is_not(None), _level.c.lease_until >= NOW))
    .limit(1)
)
_UNANSWERED = (
    select(_level, _item.c.stock_number, _item.c.listing_id)
    .join(_item, (_item.c.installation == _level.c.installation) & (_item.c.sku == _level.c.sku))
    .where(_level.c.installation == MINE, _level.c.ticket.is_not(None))
)


def under_way(tx: Transaction) -> bool:
    """Tell whether a worker is sending a level, or the marketplace still works on one."""
    return tx.value(_UNDER_WAY) is not None


def taken(tx: Transaction, sendings: Sequence["Sending"], ticket: str, answer_by: datetime | None) -> None:
    """The marketplace works on them; nothing else is sent for these SKUs until the ticket is answered.

    While the ticket is open, `due_at` is the moment by which it should be. Claims that were lost
    meanwhile are passed over.
    """
    mine = (_level.c.installation == tx.installation, _level.c.sku == bindparam("of_sku"))
    same = (*mine, _level.c.attempt == bindparam("of_attempt"))
    statement = update(_level).where(*same).values(ticket=ticket, lease_until=None, due_at=answer_by)
    tx.run(statement, [{"of_sku": one.sku, "of_attempt": one.attempt} for one in sendings])


def unanswered(tx: Transaction) -> Sequence[Any]:
    """Return the levels whose ticket is not answered yet."""
    return tx.rows(_UNANSWERED)


def answered(tx: Transaction, sku: str, ticket: str, quantity: int | None) -> None:
    """The marketplace worked the ticket off: it shows `quantity`, or (None) it did not take the number."""
    values: dict[str, object] = {"ticket": None, "sending": None, "published": quantity, "published_at": tx.now}
    values["due_at"] = None
    values |= {"proved_at": tx.now if quantity is not None else None}
    values["owed"] = True if quantity is None else _level.c.wanted != quantity
    same = (_level.c.installation == tx.installation, _level.c.sku == sku, _level.c.ticket == ticket)
    tx.run(update(_level).where(*same).values(**values))


def give_up(tx: Transaction) -> int:
    """Wait no longer for tickets that are past their moment: the newest numbers are owed again; return how many."""
    past = (_level.c.installation == tx.installation, _level.c.ticket.is_not(None), _level.c.due_at < tx.now)
    afresh = {"ticket": None, "sending": None, "published": None, "due_at": None, "owed": True}
    return tx.run(update(_level).where(*past).values(**afresh))
