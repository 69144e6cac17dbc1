"""What a move of the marketplace does to what is under way: nothing of it is taken for done, and nothing is forgotten."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, update

from domain.installation import Side
from domain.records import Kind
from ledger import holds, inbox
from ledger.database import Transaction
from ledger.rows import table
from ledger.stock_tables import Level
from ledger.tables import Inbox, ItemRow, Message, SalesOrderRow

_inbox, _item, _level = table(Inbox), table(ItemRow), table(Level)
_message, _order = table(Message), table(SalesOrderRow)
_OF_LISTINGS = ("refused", "contradiction", "listing_without_item")


def orders_under_way(tx: Transaction) -> list[Any]:
    """Return (state, orders) of the open orders of the account of today."""
    asked = exists().where(
        _message.c.installation == _order.c.installation,
        _message.c.order_key == _order.c.key,
        _message.c.kind == Kind.SALES_ORDER,
        _message.c.closed_at.is_(None),
        _message.c.attempted_at.is_not(None),
    )
    state = case(
        (_order.c.acknowledged_at.is_not(None), "acknowledged, not wholly dispatched"),
        (_order.c.taken_at.is_not(None), "created, not acknowledged"),
        (asked, "creation unknown"),
        else_="filed, not created",
    )
    mine = (_order.c.installation == tx.installation, _order.c.final_at.is_(None), _order.c.account == "")
    each = select(state.label("state")).where(*mine).subquery()
    return tx.rows(select(each.c.state, func.count().label("orders")).group_by(each.c.state).order_by(each.c.state))


def messages_under_way(tx: Transaction) -> list[Any]:
    """Return (kind, state, messages) of what is owed for orders of the account of today."""
    state = case(
        (_message.c.ticket.is_not(None), "taken for later"),
        (_message.c.attempted_at.is_not(None), "outcome unknown"),
        else_="owed",
    )
    mine = (_message.c.installation == tx.installation, _message.c.closed_at.is_(None), _message.c.account == "")
    each = select(_message.c.kind, state.label("state")).where(*mine).subquery()
    grouped = select(each.c.kind, each.c.state, func.count().label("messages")).group_by(each.c.kind, each.c.state)
    return tx.rows(grouped.order_by(each.c.kind, each.c.state))


def listings_under_way(tx: Transaction) -> dict[str, int]:
    """Return how many listings there are, how many may show more than zero, and how many numbers are on their way."""
    on_their_way = or_(_level.c.ticket.is_not(None), _level.c.lease_until >= tx.now)
    may_sell = or_(_level.c.published.is_(None), _level.c.published > 0)
    of_listed = (_item.c.installation == tx.installation, _item.c.listed)
    same_sku = and_(_level.c.installation == _item.c.installation, _level.c.sku == _item.c.sku)
    counted = {
        "listings": select(func.count()).select_from(_item).where(*of_listed),
        "that may show more than zero": select(func.count())
        .select_from(_item.outerjoin(_level, same_sku))
        .where(*of_listed, may_sell),
        "numbers on their way": select(func.count())
        .select_from(_level)
        .where(_level.c.installation == tx.installation, on_their_way),
    }
    return {what: int(tx.value(query) or 0) for what, query in counted.items()}


def change_road(tx: Transaction, patience: timedelta) -> None:
    """Let what was asked over the old road be looked up over the new one, and the orders be read afresh.

    What was asked is first looked up once `patience` has passed: by then the old road has worked it off.
    """
    mine = (_message.c.installation == tx.installation, _message.c.account == "", _message.c.closed_at.is_(None))
    to_market = (*mine, _message.c.side == Side.MARKETPLACE, _message.c.attempted_at.is_not(None))
    fenced = {"ticket": None, "lease_until": None, "attempt": _message.c.attempt + 1}
    tx.run(update(_message).where(*to_market).values(**fenced, due_at=tx.now + patience))
    of_account = (_order.c.installation == tx.installation, _order.c.account == "", _order.c.final_at.is_(None))
    tx.run(update(_order).where(*of_account).values(external_id=""))  # it is the old road's
    _read_orders_afresh(tx)


def forget_listings(tx: Transaction, *, with_numbers: bool) -> None:
    """Let the listings be read anew, and the newest number of each be owed once it is.

    `with_numbers`: the marketplace's own product numbers are another account's too.
    """
    levels = (_level.c.installation == tx.installation,)
    unknown = ("ticket", "sending", "published", "published_at", "proved_at", "lease_until", "due_at")
    afresh: dict[str, Any] = dict.fromkeys(unknown)
    afresh |= {"tries": 0, **({"may_show": None} if with_numbers else {})}
    tx.run(update(_level).where(*levels).values(**afresh, owed=True, attempt=_level.c.attempt + 1))
    unlisted: dict[str, Any] = {"listed": False, "listing_id": ""}
    if with_numbers:
        unlisted |= {"stock_number": "", "listing_ean": ""}
    tx.run(update(_item).where(_item.c.installation == tx.installation).values(**unlisted))
    held = [one.subject_id for one in holds.open_holds(tx, subject=holds.LEVEL) if one.type in _OF_LISTINGS]
    holds.close_holds(tx, holds.LEVEL, held, "moved", tx.run_id, _OF_LISTINGS)
    holds.close_holds(tx, holds.INSTALLATION, [tx.installation], "moved", tx.run_id, ["file_not_worked_off"])


def _read_orders_afresh(tx: Transaction) -> None:
    """Let the next sight of each order that is not taken count as new: its original speaks the old road's language.

    An original that could not be read is read again by the new road, if it is still there.
    """
    unreadable = [str(row.id) for row in tx.rows(select(_inbox.c.id).where(*_sights(tx, inbox.REJECTED)))]
    holds.close_holds(tx, holds.INBOX, unreadable, "moved", tx.run_id)
    gone = or_(_order.c.taken_at.is_not(None), _order.c.final_at.is_not(None))
    settled = exists().where(_order.c.installation == _inbox.c.installation, _order.c.inbox_id == _inbox.c.id, gone)
    tx.run(update(_inbox).where(*_sights(tx, inbox.HELD), ~settled).values(fingerprint=""))
    speaking = (inbox.PASSED, inbox.INCOMPLETE, inbox.WAITING, inbox.REJECTED)
    tx.run(update(_inbox).where(*_sights(tx, *speaking), ~settled).values(fingerprint="", gate=inbox.MOVED))


def _sights(tx: Transaction, *gates: str) -> tuple[ColumnElement[bool], ...]:
    return (
        _inbox.c.installation == tx.installation,
        _inbox.c.side == Side.MARKETPLACE,
        _inbox.c.kind == Kind.SALES_ORDER,
        _inbox.c.account == "",
        _inbox.c.gate.in_(gates),
    )
