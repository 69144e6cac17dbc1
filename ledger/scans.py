"""Stock scans: read page by page, compared as they come, and believed only when they are whole.

Only what changed is staged, and which known rows were seen is one bit each: a scan of a million
rows costs little memory and goes on after a slice, a crash, or in another process.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, exists, func, insert, select, update

from domain.records import Deducts, StockLevel
from domain.stock import SECOND_OPINION_AFTER, Falling, looks_whole, zeroes_that_wait
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


def abandon(tx: Transaction) -> None:
    """Forget the running scan: it stood still too long to be worth finishing."""
    tx.run(delete(_change).where(_change.c.installation == tx.installation))
    tx.run(update(_scan).where(_scan.c.installation == tx.installation).values(began_at=None, cursor=None, seen=None))


def accept_next(tx: Transaction) -> None:
    """Let the next complete scan be believed whatever its number of rows: a person said so."""
    tx.run(update(_scan).where(_scan.c.installation == tx.installation).values(trusted_rows=0))


def trusted(tx: Transaction) -> tuple[datetime | None, int]:
    """Return when the last believed scan began, and how many rows it had."""
    row = tx.one(select(_scan.c.trusted_at, _scan.c.trusted_rows).where(_scan.c.installation == tx.installation))
    return (row.trusted_at, row.trusted_rows) if row is not None else (None, 0)


def fold(tx: Transaction, scan: Running, levels: Sequence[StockLevel], cursor: str | None) -> None:
    """Compare one page with what is trusted, stage what differs, and remember how far the scan is."""
    summed: dict[tuple[str, str, str], int] = defaultdict(int)
    for level in levels:
        summed[level.sku, level.pool, level.deducts.value] += level.quantity
    changed: list[tuple[str, str, str]] = []
    keys = list(summed)
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        new = set(chunk)
        known = tx.rows(
            select(_count.c.id, _count.c.sku, _count.c.pool, _count.c.deducts, _count.c.quantity).where(
                _count.c.installation == tx.installation, among(tx, _count.c.sku, [sku for sku, _, _ in chunk])
            )
        )
        for row_id, sku, pool, deducts, quantity in known:  # a million times a scan
            key = (sku, pool, deducts)
            if key not in new:
                continue
            new.remove(key)
            if quantity != summed[key] or scan.saw(
                row_id
            ):  # a page that moved: the later count replaces what is staged
                changed.append(key)
            scan.see(row_id)
        changed += new
    upsert(tx, StockChange, [_named(tx, key, summed[key]) for key in changed], _KEYS)
    scan.cursor, scan.rows = cursor, scan.rows + len(levels)
    _save(tx, scan)


def finish(
    tx: Transaction,
    scan: Running,
    *,
    complete: bool,
    absent_is_zero: bool,
    age_limit: timedelta,
    omits_zeroes: bool = False,
) -> Finished:
    """Believe the scan, or refuse it whole; and let a mass drop to zero wait.

    Where the source `omits_zeroes`, rows come and go with the stock, and only a scan without any is refused for their number.
    """
    former_at, trusted_rows = trusted(tx)
    if not complete or not looks_whole(scan.rows, 0 if omits_zeroes else trusted_rows):
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
    unseen = _stage_unseen(tx, scan, absent_is_zero=absent_is_zero)
    waiting = _zeroes_to_wait(tx, scan, age_limit)
    unsure = _date_counts(tx, scan, former_at, unseen, waiting, expired_before=tx.now - age_limit)
    mine = _change.c.installation == tx.installation
    tx.run(delete(_change).where(mine, among(tx, _change.c.sku, sorted(waiting))))
    changed = frozenset(row.sku for row in tx.rows(select(_change.c.sku).where(mine).distinct()))
    _apply_changes(tx)
    tx.run(delete(_change).where(mine))
    tx.run(
        update(_scan)
        .where(_scan.c.installation == tx.installation)
        .values(began_at=None, cursor=None, seen=None, trusted_at=scan.began_at, trusted_rows=scan.rows, refused=0)
    )
    return Finished(changed | unsure, waiting)


def _apply_changes(tx: Transaction) -> None:
    """Let the staged counts be the trusted ones. Known rows keep their id: the bits of a scan stay few."""
    same = and_(*(_count.c[name] == _change.c[name] for name in _KEYS))
    mine = _change.c.installation == tx.installation
    tx.run(update(_count).where(same, mine).values(quantity=_change.c.quantity, counted_at=None))
    new = select(*(_change.c[name] for name in (*_KEYS, "quantity"))).where(mine, ~exists().where(same))
    tx.run(insert(_count).from_select([*_KEYS, "quantity"], new, include_defaults=False))


def _stage_unseen(tx: Transaction, scan: Running, *, absent_is_zero: bool) -> list[int]:
    """Stage zero for what the scan did not show; where absence means unknown, return the ids of those counts."""
    where = _count.c.installation == tx.installation
    total = tx.value(select(func.count()).select_from(_count).where(where))
    if sum(byte.bit_count() for byte in scan.seen) >= total:
        return []
    zeroes: list[dict[str, Any]] = []
    unseen: list[int] = []
    for row in tx.connection.execute(select(_count).where(where).execution_options(yield_per=_CHUNK)):
        if scan.saw(row.id):
            continue
        if not absent_is_zero:
            unseen.append(row.id)
        elif row.quantity != 0:
            zeroes.append(_named(tx, (row.sku, row.pool, row.deducts), 0))
    upsert(tx, StockChange, zeroes, _KEYS)
    return unseen


def _date_counts(
    tx: Transaction,
    scan: Running,
    former_at: datetime | None,
    unseen: list[int],
    waiting: frozenset[str],
    *,
    expired_before: datetime,
) -> frozenset[str]:
    """Date the counts that this scan does not renew, so that what was sold since is not taken as deducted.

    Returns the SKUs whose counts are renewed again, or have grown too old to be offered.
    """
    dated = tx.rows(
        select(_count.c.id, _count.c.sku, _count.c.counted_at).where(
            _count.c.installation == tx.installation, _count.c.counted_at.is_not(None)
        )
    )
    renewed = [row for row in dated if scan.saw(row.id) and row.sku not in waiting]
    tx.run(update(_count).where(among(tx, _count.c.id, [row.id for row in renewed])).values(counted_at=None))
    mine = (_count.c.installation == tx.installation, _count.c.counted_at.is_(None))
    tx.run(update(_count).where(*mine, among(tx, _count.c.id, unseen)).values(counted_at=former_at))
    tx.run(update(_count).where(*mine, among(tx, _count.c.sku, sorted(waiting))).values(counted_at=former_at))
    return frozenset(row.sku for row in renewed) | {row.sku for row in dated if row.counted_at <= expired_before}


def _zeroes_to_wait(tx: Transaction, scan: Running, age_limit: timedelta) -> frozenset[str]:
    """Return the listed SKUs that must wait, and mark them; those that a second scan confirms no longer wait."""
    where = _level.c.installation == tx.installation
    is_changed = exists().where(_change.c.installation == _level.c.installation, _change.c.sku == _level.c.sku)
    listed = {
        row.sku: row
        for row in tx.rows(select(_level.c.sku, _level.c.zero_since, _level.c.zero_approved).where(where, is_changed))
    }
    before = _units(tx, sorted(listed), staged=False)
    emptied = [sku for sku, units in _units(tx, sorted(listed), staged=True).items() if units <= 0 < before.get(sku, 0)]
    falling: list[Falling] = []
    waited: set[str] = set()
    for sku in emptied:
        row = listed[sku]
        if row.zero_since is None:
            falling.append(Falling(sku, before[sku]))
            continue
        agreed = scan.began_at - row.zero_since >= SECOND_OPINION_AFTER
        if not (row.zero_approved or agreed or tx.now - row.zero_since > age_limit):
            waited.add(sku)  # else each scan of one passing fault would let a few more go
    waiting = frozenset(waited | zeroes_that_wait(falling, *_listed_stock(tx)))
    still = among(tx, _level.c.sku, sorted(waiting))
    tx.run(
        update(_level)
        .where(where, _level.c.zero_since.is_not(None), ~still)
        .values(zero_since=None, zero_approved=False)
    )
    tx.run(update(_level).where(where, _level.c.zero_since.is_(None), still).values(zero_since=scan.began_at))
    return waiting


def _listed_stock(tx: Transaction) -> tuple[int, int]:
    """Return how many listed SKUs have trusted stock, and their units: the smallest sum over the ways of deducting."""
    by_way = (
        select(_count.c.sku, func.sum(_count.c.quantity).label("units"))
        .join(_level, (_level.c.installation == _count.c.installation) & (_level.c.sku == _count.c.sku))
        .where(_count.c.installation == tx.installation)
        .group_by(_count.c.sku, _count.c.deducts)
        .subquery()
    )
    smallest = select(func.min(by_way.c.units).label("units")).group_by(by_way.c.sku).subquery()
    row = tx.one(select(func.count(), func.coalesce(func.sum(smallest.c.units), 0)).where(smallest.c.units > 0))
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


def _units(tx: Transaction, skus: Sequence[str], *, staged: bool) -> dict[str, int]:
    """Return the trusted units of these SKUs (`staged`: as they would be): the smallest sum over the ways of deducting."""
    counts: dict[tuple[str, str, str], int] = {}
    for source in (_count, _change) if staged else (_count,):
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


def pools(tx: Transaction) -> set[str]:
    """Return every pool that the trusted counts name."""
    return {
        row.pool for row in tx.rows(select(_count.c.pool).where(_count.c.installation == tx.installation).distinct())
    }


@dataclass
class Counted:
    """The trusted units of a SKU by way of deducting, and the oldest moment at which they were all true."""

    as_of: datetime
    units: dict[Deducts, int] = field(default_factory=dict)


def counts(
    tx: Transaction, skus: Sequence[str], pools: Sequence[str], as_of: datetime, expired_before: datetime
) -> dict[str, Counted]:
    """Return what is trusted of these SKUs. A count that is too old adds nothing, a pool that does not count is none."""
    found: dict[str, Counted] = {}
    for row in tx.connection.execute(
        select(_count).where(_count.c.installation == tx.installation, among(tx, _count.c.sku, skus))
    ):
        if pools and row.pool not in pools:
            continue
        counted = found.setdefault(row.sku, Counted(as_of))
        usable = row.counted_at is None or row.counted_at > expired_before
        if usable and row.counted_at is not None:
            counted.as_of = min(counted.as_of, row.counted_at)
        way = Deducts(row.deducts)
        counted.units[way] = counted.units.get(way, 0) + (row.quantity if usable else 0)
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
