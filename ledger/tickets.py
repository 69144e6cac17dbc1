"""Tickets: levels that the marketplace took for later, and works on. Nothing else is sent for their SKUs meanwhile."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, bindparam, func, or_, select, update

from ledger.database import Transaction
from ledger.rows import MINE, NOW, listed, table
from ledger.stock_tables import Level
from ledger.tables import ItemRow, Moment

if TYPE_CHECKING:
    from ledger.levels import Sending

_level, _item = table(Level), table(ItemRow)
_NONE: Mapping[str, datetime] = MappingProxyType({})
_MINE = _level.c.installation == MINE
_OF_TICKET = (
    update(_level)
    .where(
        _MINE,
        _level.c.sku == bindparam("of_sku"),
        _level.c.ticket == bindparam("of_ticket"),
    )
    .values(ticket=None, sending=None, due_at=None, published_at=NOW)
)
_OPEN = (_MINE, _level.c.sending.is_not(None), _level.c.ticket.is_not(None))
_UNDER_WAY = (
    select(_level.c.sku)
    .where(_MINE, _level.c.sending.is_not(None), or_(_level.c.ticket.is_not(None), _level.c.lease_until >= NOW))
    .limit(1)
)
_UNANSWERED = (
    select(_level.c.ticket, func.count().label("levels"))
    .where(*_OPEN)
    .group_by(_level.c.ticket)
    .order_by(_level.c.ticket.desc())
)
_LEVELS_OF = (
    select(_level, _item.c.stock_number, _item.c.listing_id)
    .join(_item, (_item.c.installation == _level.c.installation) & (_item.c.sku == _level.c.sku))
    .where(*_OPEN, listed(_level.c.ticket, "tickets"))
)
_OVERDUE = select(_level.c.ticket).where(*_OPEN, _level.c.due_at < NOW).distinct()
_quantity = bindparam("quantity", type_=Integer)
_SHOWN = _OF_TICKET.values(
    published=_quantity, may_show=_quantity, tries=0, proved_at=NOW, owed=_level.c.wanted != _quantity
)
_LOST = _OF_TICKET.values(
    published=None, proved_at=None, owed=True, due_at=bindparam("due", type_=Moment), tries=_level.c.tries + 1
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


def unanswered(tx: Transaction) -> dict[str, int]:
    """Return the tickets that are not answered yet, the last one first, and how many levels each is for."""
    return {row.ticket: row.levels for row in tx.rows(_UNANSWERED)}


def levels_of(tx: Transaction, tickets: Sequence[str]) -> Sequence[Any]:
    """Return the levels that wait for these tickets."""
    return tx.rows(_LEVELS_OF, {"tickets": list(tickets)})


def overdue(tx: Transaction) -> set[str]:
    """Return the tickets that should have been answered by now."""
    return {row.ticket for row in tx.rows(_OVERDUE)}


def answered(tx: Transaction, ticket: str, shown: Mapping[str, int], lost: Mapping[str, datetime] = _NONE) -> None:
    """The marketplace worked the ticket off: it shows these numbers by SKU; the newest of each of the `lost` is owed from its moment."""
    tx.run(_SHOWN, [{"of_ticket": ticket, "of_sku": sku, "quantity": quantity} for sku, quantity in shown.items()])
    tx.run(_LOST, [{"of_ticket": ticket, "of_sku": sku, "due": due} for sku, due in lost.items()])


def give_up(tx: Transaction) -> int:
    """Wait no longer for tickets that are past their moment: the newest numbers are owed again; return how many."""
    past = (_level.c.installation == tx.installation, _level.c.ticket.is_not(None), _level.c.due_at < tx.now)
    afresh = {"ticket": None, "sending": None, "published": None, "due_at": None, "owed": True}
    return tx.run(update(_level).where(*past).values(**afresh))
