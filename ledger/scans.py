"""Stock scans: read page by page, compared as they come, and believed only when they are whole.

Only what changed is staged, and which known rows were seen is one bit each: a scan of a million
rows costs little memory and goes on after a slice, a crash, or in another process.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, select, update

from domain.records import Deducts, StockLevel
from domain.stock import Falling, looks_whole, zeroes_that_wait
from ledger.database import Transaction
from ledger.rows import among, table, upsert
from ledger.tables import Level, Scan, StockChange, StockCount

_count, _change, _scan, _level = table(StockCount), table(StockChange), table(Scan), table(Level)
_CHUNK = 5000
_KEYS = ["installation", "sku", "pool", "deducts"]


@dataclass
class Running:
    """The scan that is running. `seen` holds a bit for every known count that it has met."""

    began_at: datetime
    cursor: str | None = None
    rows: int = 0
    seen: bytearray = field(default_factory=bytearray)

    def see(self, row_id: int) -> None:
        """Set the bit of a known count."""
        index = row_id >> 3
        if index >= len(self.seen):
            self.seen.extend(bytes(index + 1 - len(self.seen)))
        self.seen[index] |= 1 << (row_id & 7)

    def saw(self, row_id: int) -> bool:
        """Tell whether a known count was met."""
        index = row_id >> 3
        return index < len(self.seen) and bool(self.seen[index] & (1 << (row_id & 7)))


@dataclass(frozen=True)
class Finished:
    """What a finished scan led to. `refused` says why it was not believed; then nothing changed."""

    changed: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    refused: str = ""


def running(tx: Transaction) -> Running | None:
    """Return the scan that a former slice left unfinished, if any."""
    row = tx.one(select(_scan).where(_scan.c.installation == tx.installation))
    if row is None or row.began_at is None:
        return None
    return Running(row.began_at, row.cursor, row.rows, bytearray(row.seen or b""))


def trusted(tx: Transaction) -> tuple[datetime | None, int]:
    """Return when the last believed scan began, and how many rows it had."""
    row = tx.one(select(_scan.c.trusted_at, _scan.c.trusted_rows).where(_scan.c.installation == tx.installation))
    return (row.trusted_at, row.trusted_rows) if row is not None else (None, 0)


def fold(tx: Transaction, scan: Running, levels: Sequence[StockLevel], cursor: str | None) -> None:
    """Compare one page with what is trusted, stage what differs, and remember how far the scan is."""
    summed: dict[tuple[str, str, str], int] = defaultdict(int)
    for level in levels:
        summed[level.sku, level.pool, level.deducts.value] += level.quantity
    changes: list[dict[str, Any]] = []
    keys = list(summed)
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        known = {
            (row.sku, row.pool, row.deducts): row
            for row in tx.connection.execute(
                select(_count.c.id, _count.c.sku, _count.c.pool, _count.c.deducts, _count.c.quantity).where(
                    _count.c.installation == tx.installation, among(tx, _count.c.sku, [sku for sku, _, _ in chunk])
                )
            )
        }
        for key in chunk:
            row = known.get(key)
            if row is not None:
                scan.see(row.id)
            if row is None or row.quantity != summed[key]:
                changes.append(_named(tx, key, summed[key]))
    upsert(tx, StockChange, changes, _KEYS)
    scan.cursor, scan.rows = cursor, scan.rows + len(levels)
    _save(tx, scan)


def finish(tx: Transaction, scan: Running, *, complete: bool, absent_is_zero: bool, age_limit: timedelta) -> Finished:
    """Believe the scan, or refuse it whole; and let a mass drop to zero wait."""
    _, trusted_rows = trusted(tx)
    if not complete or not looks_whole(scan.rows, trusted_rows):
        tx.run(delete(_change).where(_change.c.installation == tx.installation))
        refused = _scan.c.refused + 1
        tx.run(
            update(_scan)
            .where(_scan.c.installation == tx.installation)
            .values(began_at=None, cursor=None, refused=refused)
        )
        why = (
            "its pages did not prove that it is whole"
            if not complete
            else f"{scan.rows} rows, the last one had {trusted_rows}"
        )
        return Finished(refused=why)
    _stage_absent(tx, scan, absent_is_zero=absent_is_zero)
    waiting = _zeroes_to_wait(tx, scan, age_limit)
    changed: set[str] = set()
    for chunk in _chunks_of_changes(tx):
        applied = [row for row in chunk if row.sku not in waiting]
        changed.update(row.sku for row in applied)
        rows = [{**_named(tx, (row.sku, row.pool, row.deducts), row.quantity), "absent_at": None} for row in applied]
        upsert(tx, StockCount, rows, _KEYS)
    tx.run(delete(_change).where(_change.c.installation == tx.installation))
    tx.run(
        update(_scan)
        .where(_scan.c.installation == tx.installation)
        .values(began_at=None, cursor=None, seen=None, trusted_at=scan.began_at, trusted_rows=scan.rows, refused=0)
    )
    return Finished(frozenset(changed), waiting)


def _stage_absent(tx: Transaction, scan: Running, *, absent_is_zero: bool) -> None:
    total = tx.value(select(func.count()).select_from(_count).where(_count.c.installation == tx.installation))
    if sum(byte.bit_count() for byte in scan.seen) >= total:
        return
    absent: list[Row[Any]] = []
    returned: list[int] = []
    for row in tx.connection.execute(select(_count).where(_count.c.installation == tx.installation)):
        if not scan.saw(row.id):
            absent.append(row)
        elif row.absent_at is not None:
            returned.append(row.id)
    if absent_is_zero:
        zeroes = [_named(tx, (row.sku, row.pool, row.deducts), 0) for row in absent if row.quantity != 0]
        upsert(tx, StockChange, zeroes, _KEYS)
        return
    fresh = [row.id for row in absent if row.absent_at is None]
    for ids, moment in ((fresh, scan.began_at), (returned, None)):
        for start in range(0, len(ids), _CHUNK):
            tx.run(update(_count).where(_count.c.id.in_(ids[start : start + _CHUNK])).values(absent_at=moment))


def _zeroes_to_wait(tx: Transaction, scan: Running, age_limit: timedelta) -> frozenset[str]:
    """Return the SKUs that must wait, and mark them; those that a second scan confirms no longer wait."""
    before = _positive(tx, None)
    changed = {
        row.sku for row in tx.rows(select(_change.c.sku).where(_change.c.installation == tx.installation).distinct())
    }
    listed = {
        row.sku: row
        for row in tx.rows(
            select(_level.c.sku, _level.c.zero_since, _level.c.zero_approved).where(
                _level.c.installation == tx.installation, among(tx, _level.c.sku, sorted(changed))
            )
        )
    }
    falling: list[Falling] = []
    agreed: list[str] = []
    after = _after(tx, [sku for sku in listed if before.get(sku, 0) > 0])
    for sku, row in listed.items():
        if before.get(sku, 0) <= 0 or after.get(sku, 0) > 0:
            continue
        aged = row.zero_since is not None and tx.now - row.zero_since > age_limit
        second = row.zero_since is not None and row.zero_since < scan.began_at
        if row.zero_approved or aged or second:
            agreed.append(sku)
        else:
            falling.append(Falling(sku, before[sku]))
    waiting = zeroes_that_wait(falling, len(before), sum(before.values()))
    where = _level.c.installation == tx.installation
    tx.run(update(_level).where(where, _level.c.zero_since.is_not(None)).values(zero_since=None, zero_approved=False))
    for start in range(0, len(waiting), _CHUNK):
        chunk = sorted(waiting)[start : start + _CHUNK]
        tx.run(update(_level).where(where, _level.c.sku.in_(chunk)).values(zero_since=scan.began_at))
    return waiting


def _positive(tx: Transaction, skus: Sequence[str] | None) -> dict[str, int]:
    """Return the units of every SKU that has some: the smallest sum over its ways of deducting."""
    conditions = [_count.c.installation == tx.installation]
    if skus is not None:
        conditions.append(among(tx, _count.c.sku, skus))
    found: dict[str, int] = {}
    for row in tx.connection.execute(
        select(_count.c.sku, func.sum(_count.c.quantity).label("units"))
        .where(*conditions)
        .group_by(_count.c.sku, _count.c.deducts)
    ):
        found[row.sku] = min(found.get(row.sku, row.units), row.units)
    return {sku: int(units) for sku, units in found.items() if units > 0}


def _after(tx: Transaction, skus: Sequence[str]) -> dict[str, int]:
    """Return the units of these SKUs with the staged changes applied."""
    counts: dict[tuple[str, str, str], int] = {}
    for source in (_count, _change):
        for row in tx.rows(
            select(source).where(source.c.installation == tx.installation, among(tx, source.c.sku, skus))
        ):
            counts[row.sku, row.pool, row.deducts] = row.quantity
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for (sku, _, deducts), quantity in counts.items():
        sums[sku, deducts] += quantity
    smallest: dict[str, int] = {}
    for (sku, _), units in sums.items():
        smallest[sku] = min(smallest.get(sku, units), units)
    return smallest


def _chunks_of_changes(tx: Transaction) -> Iterator[list[Any]]:
    last = ""
    while True:
        rows = tx.rows(
            select(_change)
            .where(_change.c.installation == tx.installation, _change.c.sku > last)
            .order_by(_change.c.sku)
            .limit(_CHUNK)
        )
        if not rows:
            return
        if len(rows) == _CHUNK:  # a SKU's counts stay together
            rows = [row for row in rows if row.sku != rows[-1].sku] or rows
        last = rows[-1].sku
        yield rows


def counts(
    tx: Transaction, skus: Sequence[str], pools: Sequence[str], expired_before: datetime
) -> dict[str, dict[Deducts, int]]:
    """Return the trusted units by way of deducting; pools that do not count, and counts long absent, add nothing."""
    found: dict[str, dict[Deducts, int]] = {}
    for row in tx.connection.execute(
        select(_count).where(_count.c.installation == tx.installation, among(tx, _count.c.sku, skus))
    ):
        by_way = found.setdefault(row.sku, {})
        usable = row.absent_at is None or row.absent_at > expired_before
        counted = row.quantity if usable and (not pools or row.pool in pools) else 0
        by_way[Deducts(row.deducts)] = by_way.get(Deducts(row.deducts), 0) + counted
    return found


def _named(tx: Transaction, key: tuple[str, str, str], quantity: int) -> dict[str, Any]:
    return {"installation": tx.installation, "sku": key[0], "pool": key[1], "deducts": key[2], "quantity": quantity}


def _save(tx: Transaction, scan: Running) -> None:
    row = {
        "installation": tx.installation,
        "began_at": scan.began_at,
        "cursor": scan.cursor,
        "rows": scan.rows,
        "seen": bytes(scan.seen),
        "trusted_rows": 0,
        "refused": 0,
    }
    upsert(tx, Scan, [row], ["installation"], keep=("trusted_rows", "refused"))
