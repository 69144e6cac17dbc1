"""Stock scans: read page by page, compared as they come, and believed only when they are whole.

Only what changed is staged, and which known rows were seen is one bit each: a scan of a million
rows costs little memory and goes on after a slice, a crash, or in another process.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from domain.counts import Counts
from domain.records import Deducts
from domain.stock import looks_whole
from ledger import comparing, unrenewed, zeroes
from ledger.comparing import KEYS, Compared
from ledger.database import Transaction
from ledger.rows import MINE, among, listed, table, upsert
from ledger.seen import Seen
from ledger.tables import Level, Scan, StockChange, StockCount

_count, _change, _scan, _level = table(StockCount), table(StockChange), table(Scan), table(Level)
_CHUNK = 5000
_OF_MINE = _scan.c.installation == MINE
_TRUSTED = select(_scan.c.trusted_at, _scan.c.trusted_rows).where(_OF_MINE)
_RUNNING = select(_scan).where(_OF_MINE)
_COUNTS = select(_count.c.sku, _count.c.pool, _count.c.deducts, _count.c.quantity, _count.c.counted_at).where(
    _count.c.installation == MINE, listed(_count.c.sku, "skus")
)


@dataclass
class Running:
    """The scan that is running. `seen` are the ids of the known counts that it has met."""

    began_at: datetime
    cursor: str | None = None
    rows: int = 0
    seen: Seen = field(default_factory=Seen)


@dataclass(frozen=True)
class Finished:
    """What a finished scan led to. `refused` says why it was not believed; then nothing changed."""

    waiting: frozenset[str] = frozenset()
    refused: str = ""


def running(tx: Transaction) -> Running | None:
    """Return the scan that a former slice left unfinished, if any."""
    row = tx.one(_RUNNING)
    if row is None or row.began_at is None:
        return None
    return Running(row.began_at, row.cursor, row.rows, Seen(row.seen or b""))


def abandon(tx: Transaction) -> None:
    """Forget the running scan: it stood still too long to be worth finishing."""
    settle(tx)
    tx.run(update(_scan).where(_scan.c.installation == tx.installation).values(began_at=None, cursor=None, seen=None))


def accept_next(tx: Transaction) -> None:
    """Let the next complete scan be believed whatever its number of rows: a person said so."""
    tx.run(update(_scan).where(_scan.c.installation == tx.installation).values(trusted_rows=0))


def trusted(tx: Transaction) -> tuple[datetime | None, int]:
    """Return when the last believed scan began, and how many rows it had."""
    row = tx.one(_TRUSTED)
    return (row.trusted_at, row.trusted_rows) if row is not None else (None, 0)


def compare(tx: Transaction, scan: Running | None, counts: Counts, again: Collection[str] = ()) -> Compared:
    """Compare a page with what is trusted. What must be looked at in any case: SKUs `again`, and what the scan met before."""
    trusted_at, _ = trusted(tx)
    return comparing.compare(tx, counts, trusted_at, scan.seen if scan is not None else Seen(), again)


def fold(tx: Transaction, scan: Running, compared: Compared, cursor: str | None, held: Collection[str] = ()) -> None:
    """Stage what differs on a page, save what is `held` by its key, and remember how far the scan is.

    A count that is held is not seen: it is to this scan as if it were not there.
    """
    good = compared.changed.without(held)
    scan.seen.add(compared.same)
    scan.seen.add(comparing.stage(tx, compared, good))
    scan.cursor, scan.rows = cursor, scan.rows + len(compared.same) + len(good)
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
    What it changed stays staged, for `changed` to tell, until `settle`.
    """
    former_at, trusted_rows = trusted(tx)
    if not complete or not looks_whole(scan.rows, 0 if omits_zeroes else trusted_rows):
        settle(tx)
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
    unrenewed.take(tx, scan.seen, former_at, absent_is_zero=absent_is_zero)
    waiting = zeroes.wait(tx, scan.began_at, age_limit)
    if waiting:
        unrenewed.date_waiting(tx, sorted(waiting), former_at)
        mine = _change.c.installation == tx.installation
        tx.run(delete(_change).where(mine, among(tx, _change.c.sku, sorted(waiting))))
    _believe(tx)
    unrenewed.tell_expired(tx, tx.now - age_limit)
    tx.run(
        update(_scan)
        .where(_scan.c.installation == tx.installation)
        .values(began_at=None, cursor=None, seen=None, trusted_at=scan.began_at, trusted_rows=scan.rows, refused=0)
    )
    return Finished(waiting)


def changed(tx: Transaction) -> Iterator[list[str]]:
    """Yield, some at a time, the listed SKUs of which a finished scan changed a count, renewed one, or found one too old."""
    if tx.one(select(_level.c.sku).where(_level.c.installation == tx.installation).limit(1)) is None:
        return
    last = ""
    while True:
        rows = tx.rows(
            select(_change.c.sku)
            .join(_level, (_level.c.installation == _change.c.installation) & (_level.c.sku == _change.c.sku))
            .where(_change.c.installation == tx.installation, _change.c.sku > last)
            .distinct()
            .order_by(_change.c.sku)
            .limit(_CHUNK)
        )
        if not rows:
            return
        yield [row.sku for row in rows]
        last = rows[-1].sku


def settle(tx: Transaction) -> None:
    """Forget what is staged: it is believed and told of, or never will be."""
    tx.run(delete(_change).where(_change.c.installation == tx.installation))


def _believe(tx: Transaction) -> None:
    """Let the staged counts be the trusted ones. Known rows keep their id: the bits of a scan stay few."""
    mine, same = _change.c.installation == tx.installation, _count.c.id == _change.c.count_id
    tx.run(update(_count).where(same, mine).values(quantity=_change.c.quantity, counted_at=None))
    new = select(*(_change.c[name] for name in (*KEYS, "quantity"))).where(mine, _change.c.count_id.is_(None))
    tx.run(insert(_count).from_select([*KEYS, "quantity"], new, include_defaults=False))


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
    for sku, pool, deducts, quantity, counted_at in tx.rows(_COUNTS, {"skus": list(skus)}):
        if pools and pool not in pools:
            continue
        counted = found.setdefault(sku, Counted(as_of))
        usable = counted_at is None or counted_at > expired_before
        if usable and counted_at is not None:
            counted.as_of = min(counted.as_of, counted_at)
        way = Deducts(deducts)
        counted.units[way] = counted.units.get(way, 0) + (quantity if usable else 0)
    return found


def _save(tx: Transaction, scan: Running) -> None:
    row = {
        "installation": tx.installation,
        "began_at": scan.began_at,
        "cursor": scan.cursor,
        "rows": scan.rows,
        "seen": bytes(scan.seen.bits),
        "trusted_rows": 0,
        "refused": 0,
    }
    upsert(tx, Scan, [row], ["installation"], keep=("trusted_rows", "refused"))
