"""The story of an order, from the journal, the holds and what is still owed; and which orders a number belongs to."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import String, cast, or_, select

from domain.records import Kind
from ledger.database import Transaction
from ledger.rows import among, table
from ledger.stock_tables import Level
from ledger.tables import Cause, Event, Hold, Inbox, ItemRow, Message, OrderLineRow, SalesOrderRow


def told(tx: Transaction, keys: Sequence[str]) -> list[tuple[datetime, dict[str, str]]]:
    """Return what happened to these orders, what held them, and what they still owe, in order of time."""
    event, hold, message = table(Event), table(Hold), table(Message)
    where = (event.c.installation == tx.installation, event.c.order_key.in_(keys))
    rows = [
        (
            row.at,
            {"order": row.order_key, "what": f"{row.kind} {row.what}", "detail": row.detail, "run": row.run_id[:8]},
        )
        for row in tx.rows(select(event).where(*where))
    ]
    for row in tx.rows(select(hold).where(hold.c.installation == tx.installation, hold.c.order_key.in_(keys))):
        told = {"order": row.order_key, "what": f"hold {row.type}", "detail": row.detail, "run": ""}
        rows.append((row.opened_at, told))
        if row.closed_at:
            rows.append(
                (
                    row.closed_at,
                    {**told, "what": f"hold closed {row.type}", "detail": f"{row.closed_as} by {row.closed_by}"},
                )
            )
    open_messages = select(message).where(
        message.c.installation == tx.installation, message.c.order_key.in_(keys), message.c.closed_at.is_(None)
    )
    rows += [
        (
            tx.now,
            {"order": row.order_key, "what": f"owed {row.kind}", "detail": f"due {row.due_at:%d %b %H:%M}", "run": ""},
        )
        for row in tx.rows(open_messages)
    ]
    rows += _told_of_causes(tx, keys)
    rows.sort(key=lambda pair: pair[0])
    return rows


def _told_of_causes(tx: Transaction, keys: Sequence[str]) -> list[tuple[datetime, dict[str, str]]]:
    """Return who was called for what holds these orders, and who took it."""
    event, hold = table(Event), table(Hold)
    causes = select(cast(hold.c.cause_id, String)).where(
        hold.c.installation == tx.installation, hold.c.order_key.in_(keys)
    )
    where = (event.c.installation == tx.installation, event.c.order_key == "", event.c.kind == "cause")
    return [
        (row.at, {"order": "", "what": f"cause {row.what}", "detail": f"no. {row.key} {row.detail}", "run": ""})
        for row in tx.rows(select(event).where(*where, event.c.key.in_(causes)))
    ]


def told_of_stock(tx: Transaction, skus: Sequence[str]) -> list[tuple[datetime, dict[str, str]]]:
    """Return what was published of these SKUs and when, what holds them, and what each should show now and why."""
    event, hold, level = table(Event), table(Hold), table(Level)
    published = (event.c.installation == tx.installation, event.c.order_key == "", event.c.kind == Kind.AVAILABILITY)
    rows = [
        (row.at, {"order": "", "what": f"stock {row.what}", "detail": row.detail, "run": row.run_id[:8]})
        for row in tx.rows(select(event).where(*published, among(tx, event.c.key, skus)))
    ]
    held = (hold.c.installation == tx.installation, hold.c.subject == "level", hold.c.closed_at.is_(None))
    rows += [
        (row.opened_at, {"order": "", "what": f"hold {row.type}", "detail": row.detail, "run": ""})
        for row in tx.rows(select(hold).where(*held, among(tx, hold.c.subject_id, skus)))
    ]
    for row in tx.rows(select(level).where(level.c.installation == tx.installation, among(tx, level.c.sku, skus))):
        shown = "unknown" if row.published is None else row.published
        detail = f"{row.wanted} wanted ({row.why}); {shown} published"
        rows.append((tx.now, {"order": "", "what": "stock now", "detail": detail, "run": ""}))
    return rows


def skus(tx: Transaction, number: str) -> list[str]:
    """Return the SKUs that a SKU, an EAN of either side or a stock number names."""
    item = table(ItemRow)
    names = (item.c.sku, item.c.ean, item.c.listing_ean, item.c.stock_number)
    where = (item.c.installation == tx.installation, or_(*(name == number for name in names)))
    return [row.sku for row in tx.rows(select(item.c.sku).where(*where))] if number else []


def order_keys(tx: Transaction, number: str) -> list[str]:
    """Return the keys of the orders that a number, of whatever kind, belongs to."""
    order, line = table(SalesOrderRow), table(OrderLineRow)
    rows, message = table(Inbox), table(Message)
    here = tx.installation
    found = {
        row.key
        for row in tx.rows(
            select(order.c.key).where(
                order.c.installation == here,
                or_(order.c.key == number, order.c.reference == number, order.c.back_office_id == number),
            )
        )
    }
    for statement in (
        select(line.c.order_key).where(line.c.installation == here, line.c.sku.in_([*skus(tx, number), number])),
        select(rows.c.order_key).where(
            rows.c.installation == here, or_(rows.c.key == number, rows.c.tracking == number)
        ),
        select(message.c.order_key).where(
            message.c.installation == here, or_(message.c.key == number, message.c.external_id == number)
        ),
    ):
        found |= {row.order_key for row in tx.rows(statement) if row.order_key}
    return sorted(found)


def open_causes(tx: Transaction) -> list[dict[str, str]]:
    """Return the open causes, the one with the nearest deadline first."""
    cause = table(Cause)
    rows = tx.rows(select(cause).where(cause.c.installation == tx.installation, cause.c.closed_at.is_(None)))
    rows.sort(key=lambda row: (row.first_deadline_at is None, row.first_deadline_at or row.opened_at))
    return [
        {
            "cause": str(row.id),
            "what": row.title,
            "holds": str(row.count),
            "owner": row.owner,
            "escalated to": row.escalated_to,
            "taken by": row.taken_by,
            "first deadline": f"{row.first_deadline_at:%Y-%m-%d %H:%M} UTC" if row.first_deadline_at else "",
            "detail": row.detail,
        }
        for row in rows
    ]
