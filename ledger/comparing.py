"""A page of a stock scan against what is trusted: compared inside the database, so that only what differs comes out."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import BigInteger, Executable, Integer, Select, Text, bindparam, cast, func, null, or_, select, true
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.types import JSON

from domain.counts import Counts, Place
from ledger.database import Transaction
from ledger.rows import among, table
from ledger.seen import Seen
from ledger.stock_tables import StockChange, StockCount

_count, _change = table(StockCount), table(StockChange)
KEYS = ["installation", "sku", "pool", "deducts"]
"""What makes a count one of its kind."""


@dataclass
class Compared:
    """What a page shows, beside what was trusted at `trusted_at`.

    `same` are the ids of the counts that are as they are trusted. `changed` are all others, and
    `ids` the ids of those of them that are known.
    """

    trusted_at: datetime | None
    same: list[int] = field(default_factory=list)
    changed: Counts = field(default_factory=Counts)
    ids: dict[Place, dict[str, int]] = field(default_factory=dict)


def compare(
    tx: Transaction, counts: Counts, trusted_at: datetime | None, seen: Seen, again: Collection[str] = ()
) -> Compared:
    """Compare counts with the trusted ones.

    Those of SKUs `again`, and those that the scan has `seen` before (a page that moved), count as changed in any case.
    """
    found, statement = Compared(trusted_at), _comparison(tx.is_postgresql)
    for place, units in counts.places.items():
        asked, unfit = _asked(units, again)
        [row] = tx.rows(statement, _parameters(tx, place, asked))
        same, skus, ids = map(_list, row)
        if met := seen.among(same):
            same = sorted(set(same).difference(met))
            for sku, row_id in _with_skus(tx, met):
                skus.append(sku)
                ids.append(row_id)
        found.same += same
        if skus or unfit:
            found.changed.places[place] = {sku: units[sku] for sku in skus} | unfit
            found.ids[place] = {sku: row_id for sku, row_id in zip(skus, ids, strict=True) if row_id is not None}
    return found


def stage(tx: Transaction, compared: Compared, good: Counts) -> list[int]:
    """Keep what passed the gate of what changed until its scan is believed; return the ids of those that are known.

    A later count replaces an earlier one.
    """
    staged: list[int] = []
    for place, units in good.places.items():
        ids = compared.ids[place]
        known = {str(ids[sku]): quantity for sku, quantity in units.items() if sku in ids}
        if known:
            tx.run(_staging(tx.is_postgresql, known=True), {"units": _text(known)})
            staged += map(int, known)
        if len(known) < len(units):
            new = {sku: quantity for sku, quantity in units.items() if sku not in ids}
            tx.run(_staging(tx.is_postgresql, known=False), _parameters(tx, place, _text(new)))
    return staged


def _list(value: Any) -> list[Any]:
    """Return a list of the database's: one gives it as text, the other read already, and for nothing none."""
    found: list[Any] = orjson.loads(value) if isinstance(value, str) else value or []
    return found


def _asked(units: dict[str, int], again: Collection[str]) -> tuple[str, dict[str, int]]:
    """Return what the database is asked about, as JSON, and what it could not be.

    A null is no number, and so a change in any case. A text that is not printable ASCII is no SKU
    that was ever trusted, and not every database can hold it.
    """
    forced = [sku for sku in again if sku in units]
    asked: Mapping[str, int | None] = {**units, **dict.fromkeys(forced)} if forced else units
    with suppress(TypeError):  # half of a surrogate pair
        text = _text(asked)
        if text.isascii() and "\\" not in text:
            return text, {}
    unfit = {sku: quantity for sku, quantity in units.items() if not (sku.isascii() and sku.isprintable())}
    return _text({sku: quantity for sku, quantity in asked.items() if sku not in unfit}), unfit


def _text(shown: Mapping[str, int | None]) -> str:
    return orjson.dumps(shown).decode()


def _parameters(tx: Transaction, place: Place, units: str) -> dict[str, str]:
    return {"of": tx.installation, "pool_": place[0], "deducts_": place[1].value, "units": units}


def _shown(*, is_postgresql: bool) -> Any:
    """Return the JSON object as a table of SKUs (`key`) and numbers (`value`)."""
    text = bindparam("units", type_=Text)
    each = func.json_each_text(cast(text, JSON)) if is_postgresql else func.json_each(text)
    return each.table_valued("key", "value").render_derived() if is_postgresql else each.table_valued("key", "value")


@cache
def _comparison(is_postgresql: bool) -> Select[Any]:  # noqa: FBT001 - the key of a cache
    shown = _shown(is_postgresql=is_postgresql)
    list_ = func.json_agg if is_postgresql else func.json_group_array
    mine = (
        (_count.c.installation == bindparam("of"))
        & (_count.c.sku == shown.c.key)
        & (_count.c.pool == bindparam("pool_"))
        & (_count.c.deducts == bindparam("deducts_"))
    )
    # one look into the index for each row, whatever PostgreSQL believes of a table that was never analysed
    trusted: Any = select(_count.c.id, _count.c.quantity).where(mine).limit(1).lateral() if is_postgresql else _count
    number = cast(shown.c.value, BigInteger)
    differs = or_(trusted.c.id.is_(None), trusted.c.quantity.is_distinct_from(number))
    return select(
        list_(trusted.c.id).filter(trusted.c.quantity == number),
        list_(shown.c.key).filter(differs),
        list_(trusted.c.id).filter(differs),
    ).select_from(shown.outerjoin(trusted, true() if is_postgresql else mine))


@cache
def _staging(is_postgresql: bool, *, known: bool) -> Executable:  # noqa: FBT001 - the key of a cache
    """Return what stages a JSON object: of known counts, its names are their ids, of new ones the SKUs of one place."""
    shown = _shown(is_postgresql=is_postgresql)
    quantity = cast(shown.c.value, BigInteger)
    if known:
        rows = select(*(_count.c[name] for name in KEYS), quantity, _count.c.id).where(
            _count.c.id == cast(shown.c.key, BigInteger)
        )
    else:
        place = [bindparam(name, type_=Text) for name in ("pool_", "deducts_")]
        rows = select(bindparam("of", type_=Text), shown.c.key, *place, quantity, cast(null(), Integer))
    insert = postgresql_insert if is_postgresql else sqlite_insert
    statement = insert(_change).from_select(
        [*KEYS, "quantity", "count_id"],
        rows.where(true()),  # without a condition SQLite takes ON for that of a join
        include_defaults=False,
    )
    return statement.on_conflict_do_update(index_elements=KEYS, set_={"quantity": statement.excluded.quantity})


def _with_skus(tx: Transaction, ids: Sequence[int]) -> list[tuple[str, int]]:
    rows = tx.rows(select(_count.c.sku, _count.c.id).where(among(tx, _count.c.id, ids)))
    return [(row.sku, row.id) for row in rows]
