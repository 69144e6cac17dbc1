"""File: one local transaction that keeps a chunk, owes what follows from it, holds what must wait, and moves on."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from connectors.roles import ComesInParts, FeedShape
from domain.faults import SOFTWARE_FAULT
from domain.records import Kind, Received, Reject, SalesOrder
from ledger import holds, inbox, journal
from ledger.database import Transaction
from tasks.faults import apart, is_fault
from tasks.filing_dispatches import file_dispatches
from tasks.filing_levels import file_items, file_levels
from tasks.filing_orders import file_orders
from tasks.filing_rejects import file_rejects, let_go_of_unread
from tasks.judge import Judged, unbroken
from tasks.run import Run

_FILERS: dict[Kind, Callable[[Run, Transaction, Judged], None]] = {
    Kind.SALES_ORDER: file_orders,
    Kind.DISPATCH: file_dispatches,
    Kind.STOCK_LEVEL: file_levels,
    Kind.ITEM: file_items,
}


class _OnlyTried(Exception):
    """Undoes a filing that was to show only whether our own code breaks on it."""


async def file(run: Run, judged: Judged | None) -> None:
    """File a judged chunk: all of it, with the watermark, or nothing of it. There is none where the gate broke.

    A record that our own code breaks on is filed as one that cannot be read: kept, held, and it spoils nobody.
    """
    if judged is None:
        return
    with unbroken(run, judged.pulled):
        try:
            _file(run, judged)
        except Exception as fault:
            if not is_fault(fault) or not judged.fresh or await _breaks(run, judged, []):
                raise  # no record is to blame
            _, failed = await apart(run, judged.fresh, partial(_tried, run, judged))
            _file_without(run, judged, failed)


def _file(run: Run, judged: Judged, *, only_try: bool = False) -> None:
    held, kind = run.held, judged.pulled.intake.kind
    try:
        with run.news.if_done() as told, run.transaction() as tx:
            if _overtaken(run, tx, judged):
                return
            _FILERS[kind](run, tx, judged)
            if not judged.pulled.released:
                let_go_of_unread(tx, judged.pulled.intake, judged.pulled.page)
            rejects = {reject.key: reject for reject in judged.pulled.page.rejects}
            file_rejects(run, tx, judged.pulled.intake, rejects, again=bool(judged.pulled.released))
            _settle_released(tx, judged)
            if kind is not Kind.STOCK_LEVEL:
                _move_watermark(run, tx, judged)
            journal.write(tx, [(n.order_key, n.kind, n.key, n.what, n.detail) for n in told])
            if only_try:
                _undo()
    except BaseException:
        run.held = held  # it did not happen
        raise


def _undo() -> None:
    raise _OnlyTried


def _file_without(run: Run, judged: Judged, failed: Sequence[tuple[Received, str]]) -> None:
    """File a chunk with these records as rejects. What they sold is sold, unless our code breaks on that too."""
    page, aside = judged.pulled.page, {one.record.key for one, _ in failed}
    page.received = [one for one in page.received if one.record.key not in aside]
    fresh = [one for one in judged.fresh if one.record.key not in aside]
    rejects = [Reject(one.record.key, one.raw, told, SOFTWARE_FAULT, sold=_sold(one.record)) for one, told in failed]
    page.rejects += rejects
    rest = Judged(judged.pulled, fresh, judged.failures, judged.skus, judged.compared)
    try:
        _file(run, rest)
    except Exception as fault:
        if not is_fault(fault):
            raise
        for reject in rejects:
            reject.sold = None
        _file(run, rest)


async def _tried(run: Run, judged: Judged, some: Sequence[Received]) -> dict[str, None]:
    """File some records of a chunk and undo it; raise what our own code raises on them."""
    part = Judged(judged.pulled, list(some), judged.failures, judged.skus, judged.compared)
    with suppress(_OnlyTried):
        _file(run, part, only_try=True)
    return {}


async def _breaks(run: Run, judged: Judged, some: Sequence[Received]) -> bool:
    try:
        await _tried(run, judged, some)
    except Exception as fault:
        if not is_fault(fault):
            raise
        return True
    return False


def _sold(record: Any) -> SalesOrder | None:
    return record if isinstance(record, SalesOrder) else None


def _settle_released(tx: Transaction, judged: Judged) -> None:
    """Let go of released originals that can be read now and were filed under the record's own key."""
    page = judged.pulled.page
    filed = {received.record.key for received in page.received} | {reject.key for reject in page.rejects}
    elsewhere = [inbox_id for key, inbox_id in judged.pulled.released.items() if key not in filed]
    if elsewhere:
        inbox.set_gate(tx, elsewhere, inbox.PASSED)
        beside = [judged.pulled.released[key] for key in judged.pulled.released if key != inbox.read_key(key)]
        inbox.let_go(tx, [one for one in elsewhere if one in beside])
        holds.close_holds(tx, holds.INBOX, [str(one) for one in elsewhere], "replaced", "filed under its own key")


def _overtaken(run: Run, tx: Transaction, judged: Judged) -> bool:
    """Tell whether another worker filed since this chunk was begun; parts would be lost if the older whole came after.

    Then nothing of the chunk is filed: the next walk reads it again, from what is filed by then.
    """
    pulled = judged.pulled
    if not isinstance(run.feed(pulled.intake), ComesInParts):
        return False
    former = journal.watermark(tx, run.mark(pulled.intake))
    if (former.cursor if former is not None else None) == pulled.follows:
        return False
    run.walks[pulled.intake.name].finished = True
    return True


def _move_watermark(run: Run, tx: Transaction, judged: Judged) -> None:
    pulled = judged.pulled
    if pulled.released:
        return
    walk, shape = run.walks[pulled.intake.name], run.feed(pulled.intake).shape
    mark = run.mark(pulled.intake)
    former = journal.watermark(tx, mark)
    cursor = pulled.page.cursor
    if pulled.intake.kind is Kind.DISPATCH and shape is FeedShape.QUEUE:
        reached = len(walk.about) if pulled.last else int(cursor or 0)
        cursor = walk.about[reached - 1].key if 0 < reached <= len(walk.about) else ""
    began_at, completed_at = walk.began_at, tx.now if pulled.last else None
    if not pulled.last and shape is not FeedShape.SNAPSHOT and former is not None:
        began_at, completed_at = former.began_at, former.completed_at
    journal.set_watermark(tx, mark, cursor, began_at, completed_at)
