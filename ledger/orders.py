"""Orders and their lines, folded from what both sides said."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, exists, func, or_, select, update

from domain.orders import LineLife, OrderLife
from domain.records import Deducts, Kind
from ledger import inbox
from ledger.database import Transaction
from ledger.rows import MINE, NOW, filling, listed, table, upsert
from ledger.stock_tables import Scan
from ledger.tables import Inbox, Message, Moment, OrderLineRow, SalesOrderRow

_order, _line = table(SalesOrderRow), table(OrderLineRow)
_message, _scan, _inbox = table(Message), table(Scan), table(Inbox)
_MINE, _LINES_MINE = _order.c.installation == MINE, _line.c.installation == MINE
_LINES_OF = (_line.c.installation == _order.c.installation, _line.c.order_key == _order.c.key)
_CREATION = exists().where(
    _message.c.installation == _order.c.installation,
    _message.c.order_key == _order.c.key,
    _message.c.kind == Kind.SALES_ORDER,
)
_KNOWN = select(
    _order,
    _CREATION.where(or_(_message.c.attempted_at.is_not(None), _message.c.resends > 0)).label("attempted"),
    exists().where(_inbox.c.id == _order.c.inbox_id, _inbox.c.gate == inbox.INCOMPLETE).label("awaits_address"),
).where(_MINE, listed(_order.c.key, "keys"))
_LINES = (
    select(
        *(_line.c.order_key, _line.c.line, _line.c.sku, _line.c.ordered, _line.c.stock_number),
        *(_line.c.cancel_requested, _line.c.cancelled, _line.c.shipped, _line.c.dispatched),
    )
    .where(_LINES_MINE, listed(_line.c.order_key, "keys"))
    .order_by(_line.c.order_key, _line.c.line)
)
_OF_REFERENCE = select(_order.c.reference, _order.c.key, _CREATION.label("begun")).where(
    _MINE, listed(_order.c.reference, "references")
)
_OF_ANOTHER_ACCOUNT = select(_order.c.key, _order.c.reference, _order.c.account).where(
    _MINE, _order.c.account != bindparam("account")
)
_STRANGERS = _OF_ANOTHER_ACCOUNT.where(listed(_order.c.key, "keys"))
_ELSEWHERE = _OF_ANOTHER_ACCOUNT.where(
    listed(_order.c.reference, "references"),
    or_(exists().where(*_LINES_OF, _line.c.ordered > _line.c.cancelled), ~exists().where(*_LINES_OF)),
)
_OPEN_FOR_DISPATCH = (
    select(_order.c.key, _order.c.reference, _order.c.back_office_id, _order.c.awaits_tracking)
    .where(
        _MINE,
        _order.c.final_at.is_(None),
        _order.c.taken_at.is_not(None),
        _order.c.key > bindparam("after_key"),
        # what is cancelled may leave all the same
        or_(_order.c.awaits_tracking, exists().where(*_LINES_OF, _line.c.ordered > _line.c.shipped)),
    )
    .order_by(_order.c.key)
    .limit(bindparam("limit"))
)
_MARK = update(_order).where(_MINE, _order.c.key == bindparam("of_key"))
_MARK_TAKEN = _MARK.where(_order.c.taken_at.is_(None)).values(taken_at=NOW)
_MARK_LINES_TAKEN = (
    update(_line)
    .where(_LINES_MINE, _line.c.order_key == bindparam("of_key"), _line.c.taken_at.is_(None))
    .values(taken_at=NOW)
)
_SEEN_OF = select(_inbox.c.order_key).where(
    _inbox.c.installation == MINE,
    _inbox.c.kind == Kind.DISPATCH,
    _inbox.c.gate.in_((inbox.HELD, inbox.WAITING)),
    listed(_inbox.c.order_key, "keys"),
)
_SHIPPED_OF = (
    select(_line.c.order_key, _line.c.sku, _line.c.ordered - _line.c.cancelled, _line.c.shipped, _line.c.dispatched)
    .where(_LINES_MINE, listed(_line.c.order_key, "keys"))
    .order_by(_line.c.order_key, _line.c.sku)
)
_as_of = bindparam("as_of", type_=Moment)
_wanted = _line.c.ordered - _line.c.cancelled
_deducted_before = case((_line.c.shipped_at < _as_of, _line.c.shipped), else_=_line.c.shipped_before)
_IN_FLIGHT = (
    select(
        _line.c.sku,
        func.sum(case((or_(_line.c.taken_at.is_(None), _line.c.taken_at >= _as_of), _wanted), else_=0)),
        func.sum(case((_wanted > _deducted_before, _wanted - _deducted_before), else_=0)),
        func.sum(_line.c.ordered - case((_line.c.taken_at.is_(None), _line.c.cancelled), else_=0)),
    )
    .where(_LINES_MINE, listed(_line.c.sku, "skus"))
    .group_by(_line.c.sku)
)


@dataclass(frozen=True)
class KnownOrder:
    """An order as the ledger knows it."""

    life: OrderLife
    reference: str
    external_id: str
    back_office_id: str
    inbox_id: int
    placed_at: datetime
    dispatch_by_at: datetime | None
    filed_at: datetime
    account: str = ""


def known(tx: Transaction, keys: Sequence[str]) -> dict[str, KnownOrder]:
    """Return the orders of these keys that exist here."""
    given = {"keys": list(keys)}
    rows = tx.rows(_KNOWN, given) if keys else []
    lines: dict[str, list[LineLife]] = defaultdict(list)
    for key, *life in tx.rows(_LINES, given) if rows else ():
        lines[key].append(LineLife(*life))
    return {
        row.key: KnownOrder(
            OrderLife(
                row.key,
                tuple(lines[row.key]),
                attempted=row.attempted,
                taken=row.taken_at is not None,
                acknowledged=row.acknowledged_at is not None,
                awaits_address=row.awaits_address,
            ),
            row.reference,
            row.external_id,
            row.back_office_id,
            row.inbox_id,
            row.placed_at,
            row.dispatch_by_at,
            row.filed_at,
            row.account,
        )
        for row in rows
    }


def by_reference(tx: Transaction, references: Sequence[str]) -> dict[str, str]:
    """Return the order key of each Customer Order Number that is known here and names one order.

    Where two accounts showed the same number, it names the one that was to be created.
    """
    found: dict[str, list[Any]] = defaultdict(list)
    for row in tx.rows(_OF_REFERENCE, {"references": list(references)}) if references else ():
        found[row.reference].append(row)
    begun_only = {name: [row for row in rows if row.begun] or rows for name, rows in found.items()}
    return {name: rows[0].key for name, rows in begun_only.items() if len(rows) == 1}


def elsewhere(tx: Transaction, account: str, references: Sequence[str]) -> dict[str, str]:
    """Return, by Customer Order Number, the account (`today's` unnamed) of an order of another account that still counts.

    An order that was wholly cancelled before anything of it was shipped does not.
    """
    rows = tx.rows(_ELSEWHERE, {"account": account, "references": list(references)})
    return {row.reference: row.account or "today's" for row in rows}


def strangers(tx: Transaction, account: str, keys: Sequence[str]) -> set[str]:
    """Return which of these keys are those of another account's orders."""
    return {row.key for row in tx.rows(_STRANGERS, {"account": account, "keys": list(keys)})}


def save(tx: Transaction, orders: Sequence[Mapping[str, Any]], lines: Iterable[tuple[str, LineLife]]) -> None:
    """Write new or changed orders (rows of `sales_order`) and lines."""
    upsert(
        tx,
        SalesOrderRow,
        [{"installation": tx.installation, "account": "", **order} for order in orders],
        ["installation", "key"],
        keep=("back_office_id", "filed_at", "awaits_tracking", "account"),
    )
    save_lines(tx, lines)


def save_lines(tx: Transaction, lines: Iterable[tuple[str, LineLife]]) -> None:
    """Write the lives of lines, given with the key of their order; units newly shown as shipped were shipped now."""
    rows = [
        {
            "installation": tx.installation,
            "order_key": key,
            "line": life.line,
            "sku": life.sku,
            "stock_number": life.stock_number,
            "ordered": life.ordered,
            "cancel_requested": life.cancel_requested,
            "cancelled": life.cancelled,
            "shipped": life.shipped,
            "shipped_before": 0,
            "shipped_at": tx.now if life.shipped else None,
            "dispatched": life.dispatched,
            "taken_at": tx.now if life.dispatched else None,
        }
        for key, life in lines
    ]
    keys = ["installation", "order_key", "line"]
    shipped_now = (
        update(_line)
        .where(
            *(_line.c[name] == bindparam(f"of_{name}") for name in keys),
            _line.c.shipped < bindparam("now_shipped"),
        )
        .values(shipped_before=_deducted(tx), shipped_at=tx.now)
    )
    tx.run(
        shipped_now,
        [
            {f"of_{name}": row[name] for name in keys} | {"now_shipped": row["shipped"]}
            for row in rows
            if row["shipped"]
        ],
    )
    upsert(tx, OrderLineRow, rows, keys, keep=("shipped_before", "shipped_at", "taken_at"))
    taken_now = update(_line).where(
        *(_line.c[name] == bindparam(f"of_{name}") for name in keys), _line.c.taken_at.is_(None)
    )
    tx.run(
        taken_now.values(taken_at=tx.now),
        [{f"of_{name}": row[name] for name in keys} for row in rows if row["dispatched"]],
    )


def add_shipped(tx: Transaction, order_key: str, quantities: Mapping[str, int]) -> None:
    """Add units that were seen shipped now, by line; the units that the trusted scan deducts stay known apart."""
    for line, quantity in quantities.items():
        tx.run(
            update(_line)
            .where(_line.c.installation == tx.installation, _line.c.order_key == order_key, _line.c.line == line)
            .values(shipped_before=_deducted(tx), shipped=_line.c.shipped + quantity, shipped_at=tx.now)
        )


def take_back_shipped(tx: Transaction, order_key: str, quantities: Mapping[str, int]) -> None:
    """Take back, by line, the units of a shipment that its back office tells otherwise now, and of which nothing was told on."""
    for line, quantity in quantities.items():
        left = _line.c.shipped - quantity
        tx.run(
            update(_line)
            .where(_line.c.installation == tx.installation, _line.c.order_key == order_key, _line.c.line == line)
            .values(
                shipped=left, shipped_before=case((_line.c.shipped_before > left, left), else_=_line.c.shipped_before)
            )
        )


def _deducted(tx: Transaction) -> ColumnElement[int]:
    """Return the shipped units of a line that the trusted scan has seen go; every later one is in flight for it."""
    trusted_at = select(_scan.c.trusted_at).where(_scan.c.installation == tx.installation).scalar_subquery()
    return case((_line.c.shipped_at < trusted_at, _line.c.shipped), else_=_line.c.shipped_before)


def add(tx: Transaction, order_key: str, number: str, quantities: Mapping[str, int]) -> None:
    """Raise one number (`dispatched` or `cancelled`) of these lines."""
    for line, quantity in quantities.items():
        tx.run(
            update(_line)
            .where(_line.c.installation == tx.installation, _line.c.order_key == order_key, _line.c.line == line)
            .values({number: _line.c[number] + quantity})
        )


def mark_taken(tx: Transaction, key: str, back_office_id: str) -> None:
    """The back office was seen to have the order."""
    tx.run(_MARK_TAKEN, {"of_key": key})
    tx.run(_MARK_LINES_TAKEN, {"of_key": key})
    if back_office_id:
        mark(tx, key, back_office_id=back_office_id)


def mark(tx: Transaction, key: str, **values: object) -> None:
    """Fill in facts of an order."""
    tx.run(filling(_MARK, tuple(values)), {**values, "of_key": key})


def open_for_dispatch(tx: Transaction, after_key: str, limit: int) -> list[Any]:
    """Return (key, reference, back_office_id, awaits_tracking) of orders taken with something to ship, in key order.

    One that is shipped whole is not asked about again while its dispatch is on its way to the marketplace.
    """
    return tx.rows(_OPEN_FOR_DISPATCH, {"after_key": after_key, "limit": limit})


def unshipped(tx: Transaction, keys: Sequence[str]) -> dict[str, tuple[tuple[str, int], ...]]:
    """Return the SKUs and units that these orders want, of those of which nothing was seen shipped.

    A parcel that is held, or waits for its gate, was seen.
    """
    if not keys:
        return {}
    given = {"keys": list(keys)}
    rows = tx.rows(_SHIPPED_OF, given)
    begun = {key for key, _, _, shipped, dispatched in rows if shipped or dispatched}
    begun |= {row.order_key for row in tx.rows(_SEEN_OF, given)}
    wanted: dict[str, dict[str, int]] = {}
    for key, sku, units, _, _ in rows:
        if key not in begun and units > 0:
            of_order = wanted.setdefault(key, {})
            of_order[sku] = of_order.get(sku, 0) + int(units)
    return {key: tuple(of_order.items()) for key, of_order in wanted.items()}


def partly_shipped(tx: Transaction, since_before: datetime) -> list[Any]:
    """Return (key, dispatch_by_at, shipped_at) of open orders of which a part left, the last of it before a moment."""
    left = _line.c.ordered - _line.c.cancelled - _line.c.shipped
    return tx.rows(
        select(_order.c.key, _order.c.dispatch_by_at, func.max(_line.c.shipped_at).label("shipped_at"))
        .join(_line, (_line.c.installation == _order.c.installation) & (_line.c.order_key == _order.c.key))
        .where(_order.c.installation == tx.installation, _order.c.final_at.is_(None), _order.c.taken_at.is_not(None))
        .group_by(_order.c.key, _order.c.dispatch_by_at)
        .having(
            func.sum(_line.c.shipped) > 0,
            func.sum(case((left > 0, left), else_=0)) > 0,
            func.max(_line.c.shipped_at) < since_before,
        )
        .order_by(_order.c.key)
    )


def in_flight(tx: Transaction, skus: Sequence[str], as_of: datetime | None) -> dict[str, dict[Deducts, int]]:
    """Return, for each SKU and way of deducting, our units that a scan begun at `as_of` does not deduct yet."""
    if not skus:
        return {}
    before = as_of or datetime.min.replace(tzinfo=tx.now.tzinfo)
    rows = tx.rows(_IN_FLIGHT, {"skus": list(skus), "as_of": before})
    return {
        sku: {Deducts.ON_ACCEPTANCE: int(taken), Deducts.ON_DISPATCH: int(shipped), Deducts.NEVER: int(never)}
        for sku, taken, shipped, never in rows
    }


def unanswered(tx: Transaction, account: str = "") -> int:
    """Return how many orders a marketplace account still waits to see acknowledged, or finished."""
    mine = (_order.c.installation == tx.installation, _order.c.account == account)
    where = (*mine, _order.c.acknowledged_at.is_(None), _order.c.final_at.is_(None))
    return int(tx.value(select(func.count()).where(*where)) or 0)
