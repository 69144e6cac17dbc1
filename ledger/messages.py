"""Events owed. Claimed under a lease, fenced by the attempt, closed once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    String,
    Update,
    and_,
    bindparam,
    case,
    cast,
    exists,
    literal_column,
    or_,
    select,
    update,
)

from domain.budgets import Lane
from domain.installation import Side
from domain.records import Kind
from ledger import holds, inbox
from ledger.database import Transaction
from ledger.rows import MINE, NOW, filling, insert_new, listed, table
from ledger.tables import Hold, Inbox, Message, Moment, SalesOrderRow

_message, _hold, _order, _inbox = table(Message), table(Hold), table(SalesOrderRow), table(Inbox)
DROPPED = "dropped"
_NO_TIME = timedelta()
_UNDATED = literal_column("(deadline_at IS NULL)", Boolean)
_MINE = _message.c.installation == MINE
_OF_KEY = and_(_MINE, _message.c.kind == bindparam("of_kind"), _message.c.key == bindparam("of_key"))
_DROPPED = select(_message.c.id, _message.c.kind, _message.c.key).where(
    _MINE, listed(_message.c.kind, "kinds"), listed(_message.c.key, "keys"), _message.c.closed_as == DROPPED
)
_FORMER = select(_order.c.key, _order.c.account).where(
    _order.c.installation == MINE, _order.c.account != "", listed(_order.c.key, "keys")
)
_LEASE = (
    update(_message)
    .where(listed(_message.c.id, "ids"))
    .values(attempt=_message.c.attempt + 1, lease_until=bindparam("until"))
)
_NOTE = update(_message).where(
    _message.c.id == bindparam("of_id"), _message.c.attempt == bindparam("of_attempt"), _message.c.closed_at.is_(None)
)
_CLOSE = (
    update(_message)
    .where(_OF_KEY, _message.c.closed_at.is_(None))
    .values(closed_at=NOW, closed_by=bindparam("by"), evidence=bindparam("why"))
)
_PROVE = _CLOSE.values(closed_as="done", lease_until=None)
_REPLACE = _CLOSE.where(_message.c.attempted_at.is_(None)).values(closed_as=DROPPED, attempt=_message.c.attempt + 1)
_DROP = _REPLACE.where(_message.c.resends == 0)
_OF_THIS = select(_message.c.id).where(_OF_KEY)
_NOT_DROPPED = or_(_message.c.closed_as.is_(None), _message.c.closed_as != DROPPED)
_ID = select(_message.c.id).where(_OF_KEY, _NOT_DROPPED)


@dataclass(frozen=True)
class Standing:
    """A message as it stands. `begun`: it is done, or something of it may be at its destination."""

    id: int
    order_key: str
    inbox_id: int
    lines: Sequence[dict[str, Any]]
    begun: bool


class Owed(NamedTuple):
    """An event to be owed."""

    kind: Kind
    key: str
    order_key: str
    side: Side
    inbox_id: int
    deadline_at: datetime | None = None
    lines: Sequence[dict[str, Any]] | None = None
    unknown: bool = False
    lane: Lane = Lane.NORMAL


@dataclass(frozen=True)
class Claimed:
    """A message that this worker may act on until `lease_until`. `attempt` is its fence."""

    id: int
    kind: Kind
    key: str
    order_key: str
    side: Side
    inbox_id: int
    attempt: int
    attempted_at: datetime | None
    resends: int
    ticket: str | None
    lines: Sequence[dict[str, Any]] | None
    deadline_at: datetime | None
    lease_until: datetime


def owe(tx: Transaction, owed: Sequence[Owed]) -> None:
    """Owe these events. One that is owed already, or was ever done, stays as it is: the key is natural.

    One that was dropped before its first attempt is owed again.

    `unknown` begins the event as one that may have been done by a person already: it is looked up first.
    """
    if not owed:
        return
    named = {"kinds": sorted({event.kind.value for event in owed}), "keys": [event.key for event in owed]}
    dropped = {(row.kind, row.key): row.id for row in tx.rows(_DROPPED, named)}
    accounts = _accounts(tx, {event.order_key for event in owed})
    for event in owed:
        if (event.kind.value, event.key) in dropped:
            again = update(_message).where(_message.c.id == dropped[event.kind.value, event.key])
            afresh = dict.fromkeys(("closed_at", "closed_as", "closed_by", "evidence", "lease_until"))
            tx.run(again.values(**afresh, **_new(tx, event)))
    insert_new(
        tx,
        Message,
        [
            {
                "installation": tx.installation,
                "kind": event.kind.value,
                "key": event.key,
                "created_at": tx.now,
                **_new(tx, event),
                "account": accounts.get(event.order_key, ""),
                "attempt": 0,
                "resends": 0,
                "external_id": "",
            }
            for event in owed
        ],
        ["installation", "kind", "key"],
    )


def _accounts(tx: Transaction, order_keys: set[str]) -> dict[str, str]:
    """Return the former account of each of these orders that came over one."""
    return {row.key: row.account for row in tx.rows(_FORMER, {"keys": sorted(order_keys)})}


def _new(tx: Transaction, event: Owed) -> dict[str, Any]:
    return {
        "order_key": event.order_key,
        "side": event.side.value,
        "inbox_id": event.inbox_id,
        "lines": event.lines,
        "lane": int(event.lane),
        "due_at": tx.now,
        "deadline_at": event.deadline_at,
        "attempted_at": tx.now if event.unknown else None,
    }


_GATED = (Kind.SALES_ORDER, Kind.CANCELLATION)
"""What is not sent while the newest sight of its order waits for its gate: who knows what that sight will say."""


def claim(
    tx: Transaction,
    kind: Kind,
    limit: int,
    lease: timedelta,
    *,
    looking: bool,
    not_before: int = 0,
    account: str = "",
    along: timedelta = _NO_TIME,
) -> list[Claimed]:
    """Claim open, due, unheld, unleased messages of a kind for orders of an account, most urgent first.

    `looking`: those whose outcome has to be looked up, by lane and then those that are due first; else those that
    were never attempted, by lane and then the nearest deadline. Where one is
    due, those with a ticket that are due `along` with it, so much later, are claimed too. A message behind
    an earlier open one for the same order and destination is not claimed, nor is one to be sent for an order whose
    newest sight did not pass its gate, where that could change what is sent.
    """
    given = {"kind": kind, "not_before": not_before, "limit": limit, "account": account, "ticketed_by": tx.now}
    claimable = _claimable(looking=looking, gated=not looking and kind in _GATED)
    rows = tx.rows(claimable, given)
    if rows and along:
        rows = tx.rows(claimable, given | {"ticketed_by": tx.now + along})
    until = tx.now + lease
    if rows:
        tx.run(_LEASE, {"ids": [row.id for row in rows], "until": until})
    return [
        Claimed(
            row.id,
            Kind(row.kind),
            row.key,
            row.order_key,
            Side(row.side),
            row.inbox_id,
            row.attempt + 1,
            row.attempted_at,
            row.resends,
            row.ticket,
            row.lines,
            row.deadline_at,
            until,
        )
        for row in rows
    ]


@cache
def _claimable(*, looking: bool, gated: bool) -> Select[Any]:
    """Return the statement of `claim`, built once: building it costs more than running it."""
    earlier = _message.alias("earlier")
    return (
        select(_message)
        .where(
            _MINE,
            _message.c.closed_at.is_(None),
            _message.c.kind == bindparam("kind"),
            _message.c.account == bindparam("account"),
            or_(
                _message.c.due_at <= NOW,
                _message.c.ticket.is_not(None) & (_message.c.due_at <= bindparam("ticketed_by", type_=Moment)),
            ),
            _message.c.id > bindparam("not_before"),
            or_(_message.c.lease_until.is_(None), _message.c.lease_until < NOW),
            _message.c.attempted_at.is_not(None) if looking else _message.c.attempted_at.is_(None),
            ~held(),
            *((~_at_its_gate(),) if gated else ()),
            ~exists().where(
                earlier.c.installation == _message.c.installation,
                earlier.c.order_key == _message.c.order_key,
                earlier.c.side == _message.c.side,
                earlier.c.closed_at.is_(None),
                earlier.c.id < _message.c.id,
            ),
        )
        .order_by(
            _message.c.lane, *(() if looking else (_UNDATED, _message.c.deadline_at)), _message.c.due_at, _message.c.id
        )
        .limit(bindparam("limit"))
    )


def held() -> ColumnElement[bool]:
    """Return the condition that an open hold points at the message."""
    return exists().where(
        _hold.c.installation == _message.c.installation,
        _hold.c.subject == "message",
        _hold.c.subject_id == cast(_message.c.id, String),
        _hold.c.closed_at.is_(None),
    )


def _at_its_gate() -> ColumnElement[bool]:
    """Return the condition that the newest sight of the message's order did not pass its gate, or waits for it."""
    return exists().where(
        _inbox.c.order_key == _message.c.order_key,
        _inbox.c.installation == _message.c.installation,
        _inbox.c.kind == Kind.SALES_ORDER,
        _inbox.c.gate.in_((inbox.HELD, inbox.REJECTED, inbox.WAITING)),
    )


def note(tx: Transaction, claimed: Claimed, **facts: object) -> bool:
    """Fill in facts of a claimed message; False when the claim was lost meanwhile (then nothing is written)."""
    which = {"of_id": claimed.id, "of_attempt": claimed.attempt}
    return tx.run(filling(_NOTE, tuple(facts)), facts | which) == 1


def close(tx: Transaction, claimed: Claimed, closed_as: str, evidence: str, external_id: str = "") -> bool:
    """Close a claimed message with its evidence, and what holds it; False when the claim was lost meanwhile."""
    facts = {"closed_as": closed_as, "closed_by": tx.run_id, "evidence": evidence, "external_id": external_id}
    if not note(tx, claimed, closed_at=tx.now, lease_until=None, **facts):
        return False
    _let_go(tx, claimed.id, closed_as)
    return True


def prove(tx: Transaction, kind: Kind, key: str, evidence: str) -> bool:
    """Close an open message, and what holds it, because some record named its key; False when there was none open."""
    return _closed(tx, _PROVE, kind, key, evidence, "done")


def drop_unattempted(tx: Transaction, kind: Kind, key: str, reason: str) -> bool:
    """Close a message that was never attempted, and what holds it, as it is no longer owed; False when it was attempted."""
    return _closed(tx, _DROP, kind, key, reason, DROPPED)


def replace(tx: Transaction, kind: Kind, key: str, reason: str) -> bool:
    """Close a message of which nothing was done, also one that was refused, as what it tells was replaced."""
    return _closed(tx, _REPLACE, kind, key, reason, DROPPED)


def _closed(tx: Transaction, statement: Update, kind: Kind, key: str, why: str, closed_as: str) -> bool:
    of_key = {"of_kind": kind, "of_key": key}
    if not tx.run(statement, {**of_key, "by": tx.run_id, "why": why}):
        return False
    _let_go(tx, int(tx.value(_OF_THIS, of_key)), closed_as)
    return True


def _let_go(tx: Transaction, message_id: int, closed_as: str) -> None:
    """Close what holds a message that is closed: there is nothing left to wait for."""
    holds.close_holds(tx, holds.MESSAGE, [str(message_id)], "proved" if closed_as == "done" else closed_as, tx.run_id)


def open_of(tx: Transaction, kind: Kind, limit: int) -> list[Any]:
    """Return the open messages of a kind, the one that is due first at the top."""
    where = (_message.c.installation == tx.installation, _message.c.kind == kind, _message.c.closed_at.is_(None))
    return tx.rows(select(_message).where(*where).order_by(_message.c.due_at, _message.c.id).limit(limit))


def due_before(tx: Transaction, deadline: datetime) -> list[Any]:
    """Return the open messages whose deadline comes before a moment, the nearest first."""
    where = (
        _message.c.installation == tx.installation,
        _message.c.closed_at.is_(None),
        _message.c.deadline_at < deadline,
    )
    return tx.rows(select(_message).where(*where).order_by(_message.c.deadline_at, _message.c.id))


def due_now(tx: Transaction, message_ids: Sequence[int]) -> None:
    """Let these open messages be taken up at once. What was sent again stays known as sent before."""
    if message_ids:
        tx.run(
            update(_message)
            .where(_message.c.id.in_(message_ids), _message.c.closed_at.is_(None))
            .values(due_at=tx.now, resends=case((_message.c.resends > 0, 1), else_=0))
        )


def send_afresh(tx: Transaction, message_ids: Sequence[int]) -> None:
    """Let these open messages be sent without a look-up first: a person has looked."""
    if message_ids:
        mine = (_message.c.id.in_(message_ids), _message.c.closed_at.is_(None))
        tx.run(update(_message).where(*mine).values(attempted_at=None, resends=1))


def begin_unknown(tx: Transaction, kind: Kind, placed_before: datetime) -> int:
    """Begin as unknown what is owed for orders placed before a moment: people may have done it already."""
    order = table(SalesOrderRow)
    placed = exists().where(
        order.c.installation == _message.c.installation,
        order.c.key == _message.c.order_key,
        order.c.placed_at < placed_before,
    )
    where = (_message.c.installation == tx.installation, _message.c.kind == kind, _message.c.closed_at.is_(None))
    return tx.run(update(_message).where(*where, _message.c.attempted_at.is_(None), placed).values(attempted_at=tx.now))


def id_of(tx: Transaction, kind: Kind, key: str) -> int | None:
    """Return the id of the message of this kind and key, open or closed, or None."""
    found = tx.value(_ID, {"of_kind": kind, "of_key": key})
    return None if found is None else int(found)


def standing(tx: Transaction, kind: Kind, keys: Sequence[str]) -> dict[str, Standing]:
    """Return, by key, the messages of a kind that were not dropped.

    One that was refused, and is held for it, has not begun: nothing of it was done.
    """
    rows = tx.rows(_standing(), {"kind": kind, "keys": list(keys)}) if keys else []
    return {row.key: Standing(row.id, row.order_key, row.inbox_id, row.lines or (), bool(row.begun)) for row in rows}


@cache
def _standing() -> Select[Any]:
    """Return the statement of `standing`, built once."""
    may_be_there = or_(_message.c.attempted_at.is_not(None), and_(_message.c.resends > 0, ~held()))
    return select(
        *(_message.c.id, _message.c.key, _message.c.order_key, _message.c.inbox_id, _message.c.lines),
        or_(_message.c.closed_at.is_not(None), may_be_there).label("begun"),
    ).where(_MINE, _message.c.kind == bindparam("kind"), listed(_message.c.key, "keys"), _NOT_DROPPED)
