"""Records as they came. A repeat is the same fingerprint; a changed record is a new version."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, delete, func, select, update

from domain.installation import Side
from domain.records import Kind
from ledger import payloads
from ledger.database import Transaction
from ledger.rows import MINE, among, listed, table, upsert
from ledger.tables import Inbox

_inbox = table(Inbox)
_MINE, _OF_KIND = (
    _inbox.c.installation == MINE,
    and_(_inbox.c.side == bindparam("side"), _inbox.c.kind == bindparam("kind")),
)
_CURRENT = select(
    *(_inbox.c.id, _inbox.c.key, _inbox.c.fingerprint, _inbox.c.gate, _inbox.c.payload_id, _inbox.c.order_key)
).where(_MINE, _OF_KIND, listed(_inbox.c.key, "keys"))
_WAITING = (
    select(_inbox)
    .where(
        _MINE,
        _inbox.c.account == bindparam("account"),
        _inbox.c.gate == bindparam("waits"),
        listed(_inbox.c.kind, "kinds"),
    )
    .order_by(_inbox.c.id)
    .limit(bindparam("limit"))
)
_THESE = (
    _inbox.c.installation == MINE,
    listed(_inbox.c.side, "sides"),
    listed(_inbox.c.kind, "kinds"),
    listed(_inbox.c.key, "keys"),
)
_UNREAD = select(_inbox.c.id, _inbox.c.key, _inbox.c.received_at).where(
    _MINE, _OF_KIND, _inbox.c.gate == bindparam("rejected"), _inbox.c.key.endswith(bindparam("ending"))
)
_FORMER = select(
    *(_inbox.c.side, _inbox.c.kind, _inbox.c.key, _inbox.c.version, _inbox.c.received_at, _inbox.c.fingerprint)
).where(*_THESE)
_IDS = select(_inbox.c.kind, _inbox.c.key, _inbox.c.id).where(*_THESE)
_PAYLOADS = select(_inbox.c.id, _inbox.c.payload_id).where(listed(_inbox.c.id, "ids"))
_GATES = select(_inbox.c.id, _inbox.c.gate).where(listed(_inbox.c.id, "ids"))
_SEE = (
    update(_inbox)
    .where(_inbox.c.id == bindparam("of_id"), _inbox.c.fingerprint != bindparam("print"))
    .values(fingerprint=bindparam("print"), version=_inbox.c.version + 1)
)
PASSED, HELD, REJECTED, WAITING = "passed", "held", "rejected", "waiting"
INCOMPLETE = "incomplete"
"""It passed the gate, and its source will show the rest of it later (an order without its address yet)."""
MOVED = "moved"
"""It came over a road that was left and can be read no more; the next sight of it counts as new."""
_UNREAD_ENDING = "~unread"


class Arrival(NamedTuple):
    """One record to be filed: what it is, its original, and what the gate said."""

    side: Side
    kind: Kind
    key: str
    fingerprint: str
    original: Any
    keeps: Mapping[str, Any]
    gate: str
    order_key: str = ""
    tracking: str = ""
    account: str = ""


@dataclass(frozen=True)
class Waiting:
    """A record that was released and waits to be gated again, with its original."""

    id: int
    side: Side
    kind: Kind
    key: str
    order_key: str
    original: Any


@dataclass(frozen=True)
class Current:
    """A record as it stands in the inbox now."""

    id: int
    key: str
    fingerprint: str
    gate: str
    payload_id: str
    order_key: str


def unread_key(key: str) -> str:
    """Return the key under which a sight that cannot be read stands beside the newest one that can."""
    return f"{key}{_UNREAD_ENDING}"


def read_key(key: str) -> str:
    """Return the record's own key, of a row that stands under it or beside it."""
    return key.removesuffix(_UNREAD_ENDING)


def current(tx: Transaction, side: Side, kind: Kind, keys: Sequence[str]) -> dict[str, Current]:
    """Return what stands here under these keys."""
    rows = tx.rows(_CURRENT, {"side": side, "kind": kind, "keys": list(keys)}) if keys else []
    return {row.key: Current(*row) for row in rows}


def unseen(tx: Transaction, side: Side, kind: Kind, fingerprints: Mapping[str, str]) -> set[str]:
    """Return the keys whose content is new here."""
    known = current(tx, side, kind, list(fingerprints))
    return {key for key, print_ in fingerprints.items() if key not in known or known[key].fingerprint != print_}


def read_again(tx: Transaction, side: Side, kind: Kind, keys: AbstractSet[str], since: datetime) -> list[int]:
    """Let go of what could not be read of these records, which can be read since a moment; return its rows' ids."""
    standing = {"side": side, "kind": kind, "rejected": REJECTED, "ending": _UNREAD_ENDING}
    unread = tx.rows(_UNREAD, standing)
    return let_go(tx, [row.id for row in unread if row.received_at <= since and read_key(row.key) in keys])


def let_go(tx: Transaction, inbox_ids: Sequence[int]) -> list[int]:
    """Take rows away that stood beside a record; return their ids."""
    if inbox_ids:
        tx.run(delete(_inbox).where(_inbox.c.installation == tx.installation, among(tx, _inbox.c.id, inbox_ids)))
    return list(inbox_ids)


def store(tx: Transaction, arrivals: Sequence[Arrival]) -> dict[tuple[Kind, str], int]:
    """Write the arrivals with their originals; return the inbox id of each (kind, key)."""
    if not arrivals:
        return {}
    addresses = payloads.keep(tx, [(arrival.original, arrival.keeps) for arrival in arrivals])
    these = {
        "sides": sorted({arrival.side.value for arrival in arrivals}),
        "kinds": sorted({arrival.kind.value for arrival in arrivals}),
        "keys": [arrival.key for arrival in arrivals],
    }
    former = {(row.side, row.kind, row.key): row for row in tx.rows(_FORMER, these)}
    rows = [
        {
            "installation": tx.installation,
            "side": arrival.side.value,
            "kind": arrival.kind.value,
            "key": arrival.key,
            **_versioned(arrival, former.get((arrival.side, arrival.kind, arrival.key)), tx.now),
            "fingerprint": arrival.fingerprint,
            "payload_id": address,
            "order_key": arrival.order_key,
            "tracking": arrival.tracking,
            "gate": arrival.gate,
            "account": arrival.account,
        }
        for arrival, address in zip(arrivals, addresses, strict=True)
    ]
    upsert(tx, Inbox, rows, ["installation", "side", "kind", "key"])
    return {(Kind(kind), key): inbox_id for kind, key, inbox_id in tx.rows(_IDS, these)}


def _versioned(arrival: Arrival, former: Any | None, now: datetime) -> dict[str, Any]:
    """Return which version this is, and when it first came: a record that is judged again is not received again."""
    if former is None:
        return {"version": 1, "received_at": now}
    if former.fingerprint == arrival.fingerprint:
        return {"version": former.version, "received_at": former.received_at}
    return {"version": former.version + 1, "received_at": now}


def renew(tx: Transaction, inbox_id: int, original: Any, keeps: Mapping[str, Any]) -> None:
    """Let a row point at a later original of the same content: neither its version nor its gate changes."""
    [address] = payloads.keep(tx, [(original, keeps)])
    tx.run(update(_inbox).where(_inbox.c.id == inbox_id).values(payload_id=address, received_at=tx.now))


def see(tx: Transaction, inbox_id: int, fingerprint: str) -> None:
    """Note that a record was seen with this content, and let the row keep the original that was sent of it."""
    tx.run(_SEE, {"of_id": inbox_id, "print": fingerprint})


def waiting(tx: Transaction, kinds: Sequence[Kind], limit: int, account: str = "") -> list[Waiting]:
    """Return released records of these kinds that came over an account, oldest first."""
    rows = tx.rows(_WAITING, {"account": account, "waits": WAITING, "kinds": list(kinds), "limit": limit})
    originals = payloads.load(tx, [row.payload_id for row in rows])
    return [
        Waiting(row.id, Side(row.side), Kind(row.kind), row.key, row.order_key, originals[row.payload_id])
        for row in rows
    ]


def originals(tx: Transaction, inbox_ids: Sequence[int]) -> dict[int, Any]:
    """Return the current original of each inbox row."""
    rows = tx.rows(_PAYLOADS, {"ids": list(inbox_ids)}) if inbox_ids else []
    loaded = payloads.load(tx, [row.payload_id for row in rows])
    return {row.id: loaded[row.payload_id] for row in rows}


def has_passed(tx: Transaction, kind: Kind, order_key: str, tracking: str, *, besides: str) -> bool:
    """Tell whether a record of this order with this tracking number, under another key, passed its gate before."""
    where = (
        _inbox.c.installation == tx.installation,
        _inbox.c.kind == kind,
        _inbox.c.order_key == order_key,
        _inbox.c.tracking == tracking,
        _inbox.c.key != besides,
        _inbox.c.gate == PASSED,
    )
    return bool(tx.value(select(func.count()).where(*where)))


def kept(tx: Transaction, side: Side, kind: Kind, keys: Sequence[str], account: str = "") -> dict[str, Any]:
    """Return, by key, the newest originals of those of these records that came before by the same road, readable or not."""
    rows = tx.rows(
        select(_inbox.c.key, _inbox.c.payload_id).where(
            _inbox.c.installation == tx.installation,
            _inbox.c.account == account,
            _inbox.c.gate != MOVED,
            _inbox.c.side == side,
            _inbox.c.kind == kind,
            among(tx, _inbox.c.key, [*keys, *(unread_key(key) for key in keys)]),
        )
    )
    loaded = payloads.load(tx, [row.payload_id for row in rows])
    rows.sort(key=lambda row: row.key != read_key(row.key))  # what stands beside a record is newer, and last here
    return {read_key(row.key): loaded[row.payload_id] for row in rows}


def set_gate(tx: Transaction, inbox_ids: Sequence[int], gate: str) -> int:
    """Say what the gate said of these rows (or `WAITING`, to have them gated again)."""
    return tx.run(
        update(_inbox)
        .where(_inbox.c.installation == tx.installation, among(tx, _inbox.c.id, inbox_ids))
        .values(gate=gate)
    )


def gates(tx: Transaction, inbox_ids: Sequence[int]) -> dict[int, str]:
    """Return what the gate said of each of these rows."""
    return {row.id: row.gate for row in tx.rows(_GATES, {"ids": list(inbox_ids)})} if inbox_ids else {}


def rejected(tx: Transaction, side: Side, kind: Kind, account: str = "") -> int:
    """Return how many records of a kind, that came over an account, nobody could ever read."""
    mine = (_inbox.c.installation == tx.installation, _inbox.c.account == account)
    of_kind = (_inbox.c.side == side, _inbox.c.kind == kind)
    where = (*mine, *of_kind, _inbox.c.gate == REJECTED, ~_inbox.c.key.endswith(_UNREAD_ENDING))
    return int(tx.value(select(func.count()).where(*where)) or 0)


def count_received(tx: Transaction, side: Side, kind: Kind, after: datetime, before: datetime) -> int:
    """Return how many records of a kind came after one moment and before another."""
    mine = (_inbox.c.installation == tx.installation, _inbox.c.side == side, _inbox.c.kind == kind)
    between = (_inbox.c.received_at > after, _inbox.c.received_at < before)
    return int(tx.value(select(func.count()).select_from(_inbox).where(*mine, *between)))
