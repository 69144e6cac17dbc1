"""Pull: read a chunk of what is new. Nothing is changed anywhere by it."""

from collections.abc import AsyncIterator
from datetime import timedelta

from connectors.roles import ComesInParts, FeedShape, OpenOrder
from domain.answers import NotNow, SystemTrouble
from domain.counts import StockPage
from domain.records import Kind, Page, Received, Reject
from ledger import inbox, journal, orders, scans
from ledger.database import Transaction
from tasks.faults import is_fault, note_fault
from tasks.loops import Intake
from tasks.run import Run, Walk, age

WHOLE_WALK_EVERY = timedelta(minutes=30)
_ABOUT_AT_ONCE = 5000
_OLDEST_SCAN = timedelta(hours=1)


class Pulled:
    """A chunk of one intake. `last`: the walk through the source is complete with it.

    `follows` is the cursor from which it was read: where two workers walk one source at once, only
    the chunk that follows what is filed counts.
    `released` maps the keys of records that were released, and are read from the ledger, to
    their inbox rows. A plain class: Prefect passes it on without walking it.
    """

    __slots__ = ("follows", "intake", "last", "page", "released")

    def __init__(
        self,
        intake: Intake,
        page: Page,
        *,
        last: bool = False,
        follows: str | None = None,
        released: dict[str, int] | None = None,
    ) -> None:
        self.intake, self.page, self.last, self.follows = intake, page, last, follows
        self.released = released or {}


async def pull(run: Run) -> AsyncIterator[Pulled]:
    """Yield released records first, then chunk after chunk of every intake until the slice ends."""
    for intake in run.intakes():
        while (chunk := await pull_chunk(run, intake)) is not None:
            yield chunk


async def pull_chunk(run: Run, intake: Intake) -> Pulled | None:
    """Read one chunk of an intake, or None when there is no more for this slice.

    A system in trouble, or a fault of our own, is noted in the run; what was read before is returned and can be filed.
    """
    walk = run.walks.get(intake.name)
    if walk is None:
        walk = run.walks[intake.name] = _begin(run, intake)
        if released := _released(run, intake):
            return released
    if walk.finished or walk.broken or not run.time_left or run.in_trouble(intake.side):
        return None
    if walk.empty:
        walk.finished, walk.began_at = True, run.clock.now()
        return Pulled(intake, Page([], [], began_at=run.clock.now()), last=True)
    follows = walk.cursor
    whole = await _read(run, intake, walk)
    if whole is not None:
        _put_together(run, intake, whole)
    return None if whole is None else Pulled(intake, whole, last=walk.finished and not walk.cut, follows=follows)


async def _read(run: Run, intake: Intake, walk: Walk) -> Page | None:
    """Read pages into one, until the chunk is full, the walk is finished, or the slice or the budget is spent."""
    feed, whole = run.feed(intake), None
    while not walk.finished and run.time_left and (whole is None or len(whole) < intake.in_one_read):
        try:
            page = await feed.read(walk.cursor, walk.about)
        except NotNow:
            break
        except SystemTrouble as trouble:
            run.troubles.append(trouble)
            break
        except Exception as fault:
            if not is_fault(fault):
                raise
            note_fault(run, fault)
            walk.broken = True
            break
        run.reached.add(run.account(intake.side))
        walk.began_at = walk.began_at or page.began_at
        walk.cursor = page.cursor if page.more else None
        whole = page if whole is None else _joined(whole, page)
        whole.cursor = page.cursor
        walk.cut = page.more and walk.skip_known and _all_known(run, intake, page)
        walk.finished = walk.cut or not page.more
    return whole


def _put_together(run: Run, intake: Intake, page: Page) -> None:
    """Make, of parts of one record, one record: of those that came now, and of what is kept of it from before."""
    feed = run.feed(intake)
    if not isinstance(feed, ComesInParts) or not len(page):
        return
    parts = [(one.record.key, one.raw) for one in page.received] + [(one.key, one.raw) for one in page.rejects]
    with run.transaction() as tx:
        originals = inbox.kept(tx, intake.side, intake.kind, sorted({key for key, _ in parts}), run.former)
    for key, raw in parts:
        originals[key] = feed.joined(originals[key], raw) if key in originals else raw
    read = [feed.parse(original) for original in originals.values()]
    page.received = [one for one in read if isinstance(one, Received)]
    page.rejects = [one for one in read if isinstance(one, Reject)]


def _begin(run: Run, intake: Intake) -> Walk:
    feed = run.feed(intake)
    with run.transaction() as tx:
        mark = journal.watermark(tx, run.mark(intake))
        walk = Walk()
        if intake.kind is Kind.STOCK_LEVEL:
            if (scan := scans.running(tx)) is not None:
                if tx.now - scan.began_at > _OLDEST_SCAN:
                    scans.abandon(tx)
                else:
                    walk.cursor, walk.began_at = scan.cursor, scan.began_at
        elif feed.shape is FeedShape.LOG:
            walk.cursor = mark.cursor if mark else None
        elif feed.shape is FeedShape.SNAPSHOT and mark is not None and mark.completed_at is None:
            walk.cursor, walk.began_at = mark.cursor, mark.began_at
        if intake.kind is Kind.DISPATCH:
            walk.about = _about(tx, "" if mark is None or feed.shape is FeedShape.LOG else mark.cursor or "")
            walk.empty = not walk.about and feed.shape is FeedShape.QUEUE
        if intake.kind is Kind.SALES_ORDER and feed.shape is FeedShape.QUEUE:
            walk.skip_known = age(mark.completed_at if mark else None, tx.now) < WHOLE_WALK_EVERY
        return walk


def _about(tx: Transaction, after_key: str) -> list[OpenOrder]:
    """Return the open orders after a key and then, round about, those up to it: new ones never keep old ones waiting."""
    rows = orders.open_for_dispatch(tx, after_key, _ABOUT_AT_ONCE)
    if after_key and len(rows) < _ABOUT_AT_ONCE:
        first = orders.open_for_dispatch(tx, "", _ABOUT_AT_ONCE - len(rows))
        rows += [row for row in first if row.key <= after_key]
    unshipped = orders.unshipped(tx, [row.key for row in rows])
    return [
        OpenOrder(row.key, row.reference, row.back_office_id, row.awaits_tracking, unshipped.get(row.key, ()))
        for row in rows
    ]


def _released(run: Run, intake: Intake) -> Pulled | None:
    with run.transaction() as tx:
        rows = [
            row for row in inbox.waiting(tx, [intake.kind], intake.in_one_read, run.former) if row.side is intake.side
        ]
    if not rows:
        return None
    feed = run.feed(intake)
    page = Page([], [], began_at=run.clock.now())
    for row in rows:
        parsed = feed.parse(row.original)
        if isinstance(parsed, Received):
            page.received.append(parsed)
        else:
            page.rejects.append(Reject(row.key, parsed.raw, parsed.reason, parsed.hold_type))
    return Pulled(intake, page, released={row.key: row.id for row in rows}, follows=run.walks[intake.name].cursor)


def _joined(whole: Page, page: Page) -> Page:
    whole.received += page.received
    whole.rejects += page.rejects
    whole.complete, whole.more, whole.total = page.complete, page.more, page.total
    whole.omits_zeroes = page.omits_zeroes
    if isinstance(whole, StockPage) and isinstance(page, StockPage):
        whole.counts.join(page.counts)
    return whole


def _all_known(run: Run, intake: Intake, page: Page) -> bool:
    """Tell whether a queue page brought nothing new while the queue is no longer than what is known to wait in it."""
    if page.rejects or not page.received or page.total is None:
        return False
    with run.transaction() as tx:
        if inbox.unseen(tx, intake.side, intake.kind, {r.record.key: r.fingerprint for r in page.received}):
            return False
        unread = inbox.rejected(tx, intake.side, intake.kind, run.former)
        return page.total <= orders.unanswered(tx, run.former) + unread
