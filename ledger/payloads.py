"""Originals, content-addressed and compressed, in two parts with two lives."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from domain.payloads import join, parts, unpacked
from ledger.database import Database, Transaction
from ledger.rows import among, listed, table, upsert
from ledger.tables import Evidence, Payload

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


class LedgerArchive:
    """Keeps the originals of answers that a person may want to see."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, account: str, route: str, body: bytes) -> str:
        """Keep an answer and return its short name; one that comes again is kept as long as if it were new."""
        name = hashlib.sha256(body).hexdigest()[:12]
        with self._database.transaction(account, scope=f"evidence:{name}") as tx:
            row = {"id": name, "account": account, "route": route, "body": body[:65536], "kept_at": tx.now}
            upsert(tx, Evidence, [row], ["id"], keep=["account", "route", "body"])
        return name
