"""Holds and their causes. One cause is one alert; it closes when its last hold does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, or_, select, update

from domain.holds import HOLD_TYPES
from ledger.database import Transaction
from ledger.rows import MINE, among, listed, table
from ledger.tables import Cause, Hold

_hold, _cause = table(Hold), table(Cause)
_MINE_OPEN = and_(_hold.c.installation == MINE, _hold.c.closed_at.is_(None))
_ON = select(_hold.c.id, _hold.c.cause_id).where(
    _MINE_OPEN, _hold.c.subject == bindparam("subject"), listed(_hold.c.subject_id, "subject_ids")
)
_OF_TYPES = _ON.where(listed(_hold.c.type, "types"))
INBOX, MESSAGE, LEVEL, ORDER, INSTALLATION = "inbox", "message", "level", "order", "installation"


@dataclass(frozen=True)
class NewHold:
    """Something to hold. `signature` groups what shares a cause; `fix` fills in the form that mends it."""

    type: str
    owner: str
    subject: str
    subject_id: str
    detail: str
    signature: str = ""
    order_key: str = ""
    deadline_at: datetime | None = None
    fix: dict[str, Any] | None = None


def open_hold(tx: Transaction, hold: NewHold) -> bool:
    """Open a hold, joined to its cause; False when the same hold is open already."""
    same = tx.value(
        select(_hold.c.id).where(
            _hold.c.installation == tx.installation,
            _hold.c.subject == hold.subject,
            _hold.c.subject_id == hold.subject_id,
            _hold.c.type == hold.type,
            _hold.c.closed_at.is_(None),
        )
    )
    if same is not None:
        return False
    title = HOLD_TYPES[hold.type].title
    cause_id = open_cause(
        tx,
        signature=f"{hold.type}:{hold.signature}",
        type_=hold.type,
        owner=hold.owner,
        title=title,
        detail=hold.detail,
        deadline_at=hold.deadline_at,
        fix=hold.fix,
    )
    tx.run(
        _hold.insert().values(
            installation=tx.installation,
            type=hold.type,
            owner=hold.owner,
            cause_id=cause_id,
            subject=hold.subject,
            subject_id=hold.subject_id,
            order_key=hold.order_key,
            detail=hold.detail,
            opened_at=tx.now,
            deadline_at=hold.deadline_at,
        )
    )
    return True


def open_cause(
    tx: Transaction,
    *,
    signature: str,
    type_: str,
    owner: str,
    title: str,
    detail: str,
    deadline_at: datetime | None = None,
    fix: dict[str, Any] | None = None,
) -> int:
    """Open a cause, or count one more under the open one of the same signature; return its id."""
    existing = tx.one(
        select(_cause.c.id, _cause.c.count, _cause.c.first_deadline_at).where(
            _cause.c.installation == tx.installation, _cause.c.signature == signature, _cause.c.closed_at.is_(None)
        )
    )
    if existing is not None:
        earliest = min(filter(None, (existing.first_deadline_at, deadline_at)), default=None)
        tx.run(
            update(_cause)
            .where(_cause.c.id == existing.id)
            .values(count=existing.count + 1, first_deadline_at=earliest, alert_owed=True)
        )
        return int(existing.id)
    statement = (
        _cause.insert()
        .values(
            installation=tx.installation,
            signature=signature,
            type=type_,
            owner=owner,
            title=title,
            detail=detail,
            count=1,
            first_deadline_at=deadline_at,
            opened_at=tx.now,
            run_id=tx.run_id,
            fix=fix,
            slack_channel="",
            slack_timestamp="",
            alert_owed=True,
            alert_shown="",
            escalated_to="",
            taken_by="",
        )
        .returning(_cause.c.id)
    )
    return int(tx.value(statement))


def open_cause_once(tx: Transaction, *, signature: str, type_: str, owner: str, title: str, detail: str) -> None:
    """Open a cause unless it is open already: what only goes on is not counted again."""
    where = (_cause.c.installation == tx.installation, _cause.c.signature == signature, _cause.c.closed_at.is_(None))
    if tx.value(select(_cause.c.id).where(*where)) is None:
        open_cause(tx, signature=signature, type_=type_, owner=owner, title=title, detail=detail)


def keep_cause(
    tx: Transaction,
    *,
    signature: str,
    type_: str,
    owner: str,
    title: str,
    detail: str,
    count: int,
    deadline_at: datetime,
) -> None:
    """Open a cause, or let the open one of the same signature say what is true now: how many, and by when."""
    where = (_cause.c.installation == tx.installation, _cause.c.signature == signature, _cause.c.closed_at.is_(None))
    open_cause_once(tx, signature=signature, type_=type_, owner=owner, title=title, detail=detail)
    changed = or_(
        _cause.c.count != count, _cause.c.detail != detail, _cause.c.first_deadline_at.is_distinct_from(deadline_at)
    )
    now = {"detail": detail, "count": count, "first_deadline_at": deadline_at, "alert_owed": True}
    tx.run(update(_cause).where(*where, changed).values(**now))


def close_cause(tx: Transaction, signature: str) -> bool:
    """Close the open cause of this signature, as evidence showed that it is mended; False when none is open."""
    return (
        tx.run(
            update(_cause)
            .where(
                _cause.c.installation == tx.installation, _cause.c.signature == signature, _cause.c.closed_at.is_(None)
            )
            .values(closed_at=tx.now, alert_owed=True)
        )
        > 0
    )


def close_holds(
    tx: Transaction, subject: str, subject_ids: Sequence[str], closed_as: str, by: str, types: Sequence[str] = ()
) -> int:
    """Close the open holds of these subjects (of these types only, when given); return how many."""
    given = {"subject": subject, "subject_ids": list(subject_ids), "types": list(types)}
    rows = tx.rows(_OF_TYPES if types else _ON, given) if subject_ids else []
    if not rows:
        return 0
    tx.run(
        update(_hold)
        .where(among(tx, _hold.c.id, [row.id for row in rows]))
        .values(closed_at=tx.now, closed_as=closed_as, closed_by=by)
    )
    for cause_id in {row.cause_id for row in rows}:
        _recount(tx, cause_id)
    return len(rows)


def open_holds(tx: Transaction, **where: object) -> list[Any]:
    """Return the open holds of the installation whose columns equal `where`, each with the `fix` of its cause."""
    return tx.rows(_open(tuple(where)), where)


@cache
def _open(names: tuple[str, ...]) -> Select[Any]:
    """Return the statement of `open_holds`, built once."""
    return (
        select(_hold, _cause.c.fix)
        .join(_cause, _cause.c.id == _hold.c.cause_id)
        .where(_MINE_OPEN, *(_hold.c[name] == bindparam(name) for name in names))
        .order_by(_hold.c.id)
    )


def _recount(tx: Transaction, cause_id: int) -> None:
    left = tx.rows(select(_hold.c.deadline_at).where(_hold.c.cause_id == cause_id, _hold.c.closed_at.is_(None)))
    values: dict[str, object] = {
        "count": len(left),
        "first_deadline_at": min((row.deadline_at for row in left if row.deadline_at), default=None),
        "alert_owed": True,
    }
    if not left:
        values["closed_at"] = tx.now
        del values["count"]  # the alert still tells how many there were
    tx.run(update(_cause).where(_cause.c.id == cause_id).values(**values))
