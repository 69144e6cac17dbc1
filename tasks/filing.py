"""File: one local transaction that keeps a chunk, owes what follows from it, holds what must wait, and moves on."""

from collections.abc import Callable

from connectors.roles import ComesInParts, FeedShape
from domain.records import Kind
from ledger import holds, inbox, journal
from ledger.database import Transaction
from tasks.filing_dispatches import file_dispatches
from tasks.filing_levels import file_items, file_levels
from tasks.filing_orders import file_orders
from tasks.filing_rejects import file_rejects, let_go_of_unread
from tasks.judge import Judged
from tasks.run import Run

_FILERS: dict[Kind, Callable[[Run, Transaction, Judged], None]] = {
    Kind.SALES_ORDER: file_orders,
    Kind.DISPATCH: file_dispatches,
    Kind.STOCK_LEVEL: file_levels,
    Kind.ITEM: file_items,
}


async def file(run: Run, judged: Judged) -> None:
    """File a judged chunk: all of it, with the watermark, or nothing of it."""
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
    except BaseException:
        run.held = held  # it did not happen
        raise


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
