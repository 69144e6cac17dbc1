"""What has had its time: found by an index and taken a bounded part at a time, so that no transaction is long.

The parts come in an order: what an earlier one deletes leaves originals and holds that a later one finds belong to nobody.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy import Table as SqlTable

from domain.installation import Side
from domain.records import Kind
from ledger import holds
from ledger.database import Transaction
from ledger.rows import MINE, NOW, listed, table
from ledger.tables import Cause, Event, Evidence, Hold, Inbox, Message, Moment, OrderLineRow, Payload, SalesOrderRow

AT_ONCE = 1000
"""Rows that one transaction looks at; of orders, which are many rows each, a fifth."""
_payload, _inbox, _order, _line = table(Payload), table(Inbox), table(SalesOrderRow), table(OrderLineRow)
_message, _hold, _cause, _event, _evidence = table(Message), table(Hold), table(Cause), table(Event), table(Evidence)
_PERSONS, _RECORDS = bindparam("persons", type_=Moment), bindparam("records", type_=Moment)
_LIMIT: BindParameter[int] = bindparam("limit")
_AFTER_AT = bindparam("after_at", type_=Moment)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

_of_order = case(
    (_inbox.c.order_key != "", _inbox.c.order_key), (_inbox.c.kind == Kind.SALES_ORDER, _inbox.c.key), else_=""
)
_IS_OF_ORDER = and_(_order.c.installation == _inbox.c.installation, _order.c.key == _of_order)
_HELD_ITSELF = exists().where(
    _hold.c.installation == _inbox.c.installation,
    _hold.c.subject == holds.INBOX,
    _hold.c.subject_id == cast(_inbox.c.id, String),
    _hold.c.closed_at.is_(None),
)
_OWES = exists().where(
    _message.c.installation == _order.c.installation,
    _message.c.order_key == _order.c.key,
    _message.c.closed_at.is_(None),
)
_IS_HELD = exists().where(
    _hold.c.installation == _order.c.installation, _hold.c.order_key == _order.c.key, _hold.c.closed_at.is_(None)
)
_KEEPS_PERSON = exists().where(
    _inbox.c.payload_id == _payload.c.id,
    or_(
        _inbox.c.installation != MINE,  # it is for that one's pass to say
        and_(
            _inbox.c.received_at > _RECORDS,
            or_(
                exists().where(
                    _IS_OF_ORDER, or_(_order.c.final_at.is_(None), _order.c.final_at > _PERSONS, _OWES, _IS_HELD)
                ),
                and_(~exists().where(_IS_OF_ORDER), or_(_inbox.c.received_at > _PERSONS, _HELD_ITSELF)),
            ),
        ),
    ),
)
_WITH_PERSON = (
    select(_payload.c.id, _payload.c.kept_at)
    .where(
        _payload.c.person.is_not(None),
        _payload.c.kept_at <= _PERSONS,
        _payload.c.kept_at >= _AFTER_AT,
        or_(_payload.c.kept_at > _AFTER_AT, _payload.c.id > bindparam("after_id")),
    )
    .order_by(_payload.c.kept_at, _payload.c.id)
    .limit(_LIMIT)
)
_ERASE = update(_payload).where(listed(_payload.c.id, "ids"), ~_KEEPS_PERSON).values(person=None)
_ENDED = and_(_order.c.installation == MINE, ~_OWES, ~_IS_HELD)
_OPEN_ORDERS = (
    select(_order.c.key, _order.c.filed_at)
    .where(
        _order.c.installation == MINE,
        _order.c.final_at.is_(None),
        _order.c.filed_at >= _AFTER_AT,
        or_(_order.c.filed_at > _AFTER_AT, _order.c.key > bindparam("after_id")),
    )
    .order_by(_order.c.filed_at, _order.c.key)
    .limit(_LIMIT)
)
_LINES = (_line.c.installation == _order.c.installation, _line.c.order_key == _order.c.key)
_unwanted = case((_line.c.cancel_requested > _line.c.cancelled, _line.c.cancel_requested), else_=_line.c.cancelled)
_END_DECIDED = (
    update(_order)
    .where(
        *(_ENDED, _order.c.taken_at.is_not(None), listed(_order.c.key, "keys"), exists().where(*_LINES)),
        ~exists().where(*_LINES, _line.c.dispatched + _unwanted < _line.c.ordered),
    )
    .values(final_at=NOW)
)
_OLD_ORDERS = (
    select(_order.c.key).where(_ENDED, _order.c.final_at <= _RECORDS).order_by(_order.c.final_at).limit(_LIMIT),
    # what became of it nobody said, and nothing is owed or held: it is over
    select(_order.c.key)
    .where(_ENDED, _order.c.final_at.is_(None), _order.c.filed_at <= _RECORDS)
    .order_by(_order.c.filed_at)
    .limit(_LIMIT),
)
_OF_KEYS = tuple(
    delete(rows).where(rows.c.installation == MINE, listed(rows.c.order_key, "keys"))
    for rows in (_event, _message, _line)
)
_BY_ID = {
    rows: delete(rows).where(listed(rows.c.id, "ids")) for rows in (_event, _hold, _inbox, _cause, _payload, _evidence)
}
# without the installation, which SQLite would rather search by, although all rows are of it
_HOLDS_OF_KEYS = select(_hold.c.id, _hold.c.installation).where(listed(_hold.c.order_key, "keys"))
_INBOX_OF_KEYS = select(_inbox.c.id, _inbox.c.installation).where(listed(_inbox.c.order_key, "keys"))
_UNREADABLE_OF_KEYS = select(_inbox.c.id, _inbox.c.installation).where(
    _inbox.c.installation == MINE,
    _inbox.c.side.in_((Side.MARKETPLACE, Side.BACK_OFFICE)),
    _inbox.c.kind == Kind.SALES_ORDER,
    listed(_inbox.c.key, "keys"),
)
_ORDERS_OF_KEYS = delete(_order).where(_order.c.installation == MINE, listed(_order.c.key, "keys"))
_OF_NOBODY = (
    select(_inbox.c.id, _of_order.label("order_key"))
    .where(
        _inbox.c.installation == MINE,
        _inbox.c.order_key == literal_column("''"),  # spelled out, or SQLite does not see that the index serves
        _inbox.c.received_at <= _RECORDS,
        ~exists().where(_IS_OF_ORDER),
        ~_HELD_ITSELF,
        ~exists().where(
            _hold.c.installation == _inbox.c.installation,
            _hold.c.order_key == _of_order,
            _hold.c.order_key != "",
            _hold.c.closed_at.is_(None),
        ),
    )
    .limit(_LIMIT)
)
_FIRST_OF_NO_ORDER = (
    select(_event.c.id, _event.c.at)
    .where(_event.c.installation == MINE, _event.c.order_key == "")
    .order_by(_event.c.id)
    .limit(_LIMIT)
)
_CLOSED_HOLDS = select(_hold.c.id).where(
    _hold.c.installation == MINE,
    _hold.c.closed_at <= _RECORDS,
    ~exists().where(_order.c.installation == _hold.c.installation, _order.c.key == _hold.c.order_key),
)
_CLOSED_CAUSES = select(_cause.c.id).where(
    _cause.c.installation == MINE,
    _cause.c.closed_at <= _RECORDS,
    _cause.c.alert_owed.is_(False),
    ~exists().where(_hold.c.cause_id == _cause.c.id),
)
_LOOSE = (
    select(_payload.c.id)
    .where(
        _payload.c.person.is_(None),
        _payload.c.kept_at <= _RECORDS,
        ~exists().where(_inbox.c.payload_id == _payload.c.id),
    )
    .order_by(_payload.c.kept_at)
)
_OLD_EVIDENCE = select(_evidence.c.id).where(_evidence.c.kept_at <= _PERSONS).order_by(_evidence.c.kept_at)


@dataclass(frozen=True)
class Ages:
    """Up to which moments what has ended has had its time: its personal data, and then all of it."""

    persons: datetime
    records: datetime


@dataclass(frozen=True)
class Taken:
    """What one transaction took, and where the next one goes on; None when nothing is left."""

    count: int
    after: str | None


def erase_persons(tx: Transaction, ages: Ages, after: str) -> Taken:
    """Erase personal parts: of orders that are long final, of what belongs to no order, and of what was replaced.

    What is owed or held keeps them, but no longer than a record is kept since it came.
    """
    given: dict[str, Any] = {"persons": ages.persons, "records": ages.records}
    rows = tx.rows(_WITH_PERSON, given | _since(after))
    erased = tx.run(_ERASE, given | {"ids": [row.id for row in rows]}) if rows else 0
    return Taken(erased, f"{rows[-1].kept_at.isoformat()} {rows[-1].id}" if len(rows) == AT_ONCE else None)


def end_decided(tx: Transaction, _ages: Ages, after: str) -> Taken:
    """Let orders be final of which all that is left was asked to be cancelled, once a person decided that.

    Where the marketplace shows only what waits for an answer, nothing else says that they ended.
    """
    rows = tx.rows(_OPEN_ORDERS, _since(after))
    ended = tx.run(_END_DECIDED, {"keys": [row.key for row in rows]}) if rows else 0
    return Taken(ended, f"{rows[-1].filed_at.isoformat()} {rows[-1].key}" if len(rows) == AT_ONCE else None)


def delete_evidence(tx: Transaction, ages: Ages, _after: str) -> Taken:
    """Delete answers that were kept for people to see: they count as personal data."""
    return _delete(tx, _evidence, _OLD_EVIDENCE, ages)


def delete_orders(tx: Transaction, ages: Ages, _after: str) -> Taken:
    """Delete long final orders of which nothing is owed or held, with all that is theirs."""
    limit = AT_ONCE // 5
    keys: list[str] = []
    for statement in _OLD_ORDERS:
        if len(keys) < limit:
            keys += [row.key for row in tx.rows(statement, {"records": ages.records, "limit": limit - len(keys)})]
    if keys:
        _delete_of_keys(tx, keys)
        tx.run(_ORDERS_OF_KEYS, {"keys": keys})
    return Taken(len(keys), "more" if len(keys) == limit else None)


def delete_records_of_nobody(tx: Transaction, ages: Ages, _after: str) -> Taken:
    """Delete records that belong to no order and are not held."""
    rows = tx.rows(_OF_NOBODY, {"records": ages.records, "limit": AT_ONCE})
    if rows:
        tx.run(_BY_ID[_inbox], {"ids": [row.id for row in rows]})
        _delete_of_keys(tx, [row.order_key for row in rows if row.order_key])
    return Taken(len(rows), "more" if len(rows) == AT_ONCE else None)


def delete_journal(tx: Transaction, ages: Ages, _after: str) -> Taken:
    """Delete old lines of the journal that belong to no order. They were written in the order of their ids."""
    rows = tx.rows(_FIRST_OF_NO_ORDER, {"limit": AT_ONCE})
    old = [row.id for row in rows if row.at <= ages.records]
    if old:
        tx.run(_BY_ID[_event], {"ids": old})
    return Taken(len(old), "more" if len(old) == AT_ONCE else None)


def delete_holds(tx: Transaction, ages: Ages, _after: str) -> Taken:
    """Delete closed holds that belong to no order."""
    return _delete(tx, _hold, _CLOSED_HOLDS, ages)


def delete_causes(tx: Transaction, ages: Ages, _after: str) -> Taken:
    """Delete closed causes without holds, of which everything was told."""
    return _delete(tx, _cause, _CLOSED_CAUSES, ages)


def delete_originals(tx: Transaction, ages: Ages, _after: str) -> Taken:
    """Delete originals without a person part that no record points at."""
    return _delete(tx, _payload, _LOOSE, ages)


def _delete_of_keys(tx: Transaction, keys: list[str]) -> None:
    """Delete what is of these orders; the callers have seen that nothing of it is open."""
    for statement in _OF_KEYS:
        tx.run(statement, {"keys": keys})
    for rows, which in ((_hold, _HOLDS_OF_KEYS), (_inbox, _INBOX_OF_KEYS), (_inbox, _UNREADABLE_OF_KEYS)):
        ids = [row.id for row in tx.rows(which, {"keys": keys}) if row.installation == tx.installation]
        tx.run(_BY_ID[rows], {"ids": ids})


def _since(after: str) -> dict[str, Any]:
    """Return the parameters of a walk that goes on behind a moment and an id."""
    at, _, after_id = after.partition(" ")
    return {"after_at": datetime.fromisoformat(at) if at else _BEGINNING, "after_id": after_id, "limit": AT_ONCE}


def _delete(tx: Transaction, rows: SqlTable, which: Select[Any], ages: Ages) -> Taken:
    ids = [row.id for row in tx.rows(which.limit(AT_ONCE), {"persons": ages.persons, "records": ages.records})]
    if ids:
        tx.run(_BY_ID[rows], {"ids": ids})
    return Taken(len(ids), "more" if len(ids) == AT_ONCE else None)


PARTS: dict[str, Callable[[Transaction, Ages, str], Taken]] = {
    "orders ended by a decision": end_decided,
    "personal parts": erase_persons,
    "answers": delete_evidence,
    "orders": delete_orders,
    "records of no order": delete_records_of_nobody,
    "journal lines": delete_journal,
    "holds": delete_holds,
    "causes": delete_causes,
    "originals": delete_originals,
}
"""What is taken, by its name, in the order in which it is taken."""
