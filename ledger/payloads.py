"""Originals, content-addressed and compressed, in two parts with two lives."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, or_, select, update

from domain.payloads import join, parts, unpacked
from ledger.database import Database, Transaction
from ledger.rows import among, insert_new, listed, table, upsert
from ledger.tables import Evidence, Inbox, Payload, SalesOrderRow

_payload = table(Payload)
_LOADED = select(_payload.c.id, _payload.c.skeleton, _payload.c.person).where(listed(_payload.c.id, "addresses"))


def keep(tx: Transaction, originals: Iterable[tuple[Any, Mapping[str, Any]]]) -> list[str]:
    """Keep each (original, allow-list of what is not personal) and return their addresses in order."""
    addresses: list[str] = []
    rows: dict[str, dict[str, Any]] = {}
    for original, keeps in originals:
        address, skeleton, person = parts(original, keeps)
        addresses.append(address)
        rows[address] = {"id": address, "skeleton": skeleton, "person": person, "kept_at": tx.now}
    upsert(tx, Payload, list(rows.values()), ["id"], keep=["kept_at"])  # what was erased and comes again is whole again
    return addresses


def load(tx: Transaction, addresses: Sequence[str]) -> dict[str, Any]:
    """Return the originals, whole where their person part still exists."""
    found = tx.rows(_LOADED, {"addresses": list(addresses)}) if addresses else []
    return {row.id: join(unpacked(row.skeleton), unpacked(row.person) if row.person else None) for row in found}


def kept(tx: Transaction, addresses: Sequence[str]) -> set[str]:
    """Return those of the addresses whose originals came before, current or not."""
    return {row.id for row in tx.rows(select(_payload.c.id).where(among(tx, _payload.c.id, addresses)))}


def erase_persons(tx: Transaction, final_before: datetime) -> int:
    """Erase the person part of what belongs to orders final since `final_before`; return how many.

    Of a record that came again, changed, only the newest version belongs to its order: the
    originals that no record points at any more go too, when they are as old.
    """
    inbox, order = table(Inbox), table(SalesOrderRow)
    finished = (
        select(inbox.c.payload_id)
        .join(order, (order.c.installation == inbox.c.installation) & (order.c.key == inbox.c.order_key))
        .where(inbox.c.installation == tx.installation, order.c.final_at < final_before)
    )
    replaced = and_(_payload.c.kept_at < final_before, ~exists().where(inbox.c.payload_id == _payload.c.id))
    due = or_(_payload.c.id.in_(finished), replaced)
    return tx.run(update(_payload).where(due, _payload.c.person.is_not(None)).values(person=None))


class LedgerArchive:
    """Keeps the originals of answers that a person may want to see."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, account: str, route: str, body: bytes) -> str:
        """Keep an answer and return its short name."""
        name = hashlib.sha256(body).hexdigest()[:12]
        with self._database.transaction(account, scope=f"evidence:{name}") as tx:
            row = {"id": name, "account": account, "route": route, "body": body[:65536], "kept_at": tx.now}
            insert_new(tx, Evidence, [row], ["id"])
        return name
