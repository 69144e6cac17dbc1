"""What filing stock and items means: a scan is believed whole or not at all; items make levels."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from itertools import chain

from domain.identifiers import visible
from domain.installation import Side
from domain.records import Kind
from expectations.gate import Failure
from ledger import former_listings, holds, inbox, items, journal, levels, orders, scans
from ledger.database import Transaction
from tasks.holding import hold
from tasks.judge import Judged, held_counts
from tasks.run import Run
from tasks.telling import News

_SHOWN = 10
_HELD_AT_ONCE = 200


def file_levels(run: Run, tx: Transaction, judged: Judged) -> None:
    """Fold a chunk into the running scan; with its last chunk, believe the scan and work out what to publish.

    Originals that were released say only whether they can be read now: what they count, the next scan shows.
    """
    pulled, compared = judged.pulled, judged.compared
    if compared is None:
        return
    scan, (trusted_at, _) = scans.running(tx), scans.trusted(tx)
    if (scan.cursor if scan is not None else None) != pulled.follows or trusted_at != compared.trusted_at:
        run.walks[pulled.intake.name].finished = True
        run.tell(News("", Kind.STOCK_LEVEL, run.installation.name, "left", "another worker reads the stock"))
        return
    scan = scan or scans.Running(pulled.page.began_at)
    scans.fold(tx, scan, compared, pulled.page.cursor, judged.failures)
    failing = {key: key.split("\x1f", maxsplit=1)[0] for key in judged.failures}
    _close_mended_counts(tx, set(compared.changed.skus).difference(failing.values()))
    for key, failures in list(judged.failures.items())[:_HELD_AT_ONCE]:
        for failure in failures:
            hold(run, tx, failure, holds.LEVEL, failing[key])
    if pulled.last:
        _finish_scan(run, tx, judged, scan)


def _close_mended_counts(tx: Transaction, good: set[str]) -> None:
    """Close the holds of counts that the gate lets pass now."""
    for hold_type, skus in held_counts(tx).items():
        if mended := sorted(skus & good):
            holds.close_holds(tx, holds.LEVEL, mended, "mended", "a good count", [hold_type])


def _finish_scan(run: Run, tx: Transaction, judged: Judged, scan: scans.Running) -> None:
    policy, name = run.installation.stock, run.installation.name
    age_limit = timedelta(minutes=policy.age_limit_minutes)
    former, _ = scans.trusted(tx)
    absent_is_zero = run.feed(judged.pulled.intake).absent_is_zero
    finished = scans.finish(
        tx,
        scan,
        complete=judged.pulled.page.complete,
        absent_is_zero=absent_is_zero,
        age_limit=age_limit,
        omits_zeroes=judged.pulled.page.omits_zeroes,
    )
    if finished.refused:
        _hold_whole(run, tx, "snapshot_refused", finished.refused)
        return
    holds.close_holds(tx, holds.INSTALLATION, [name], "mended", "a whole scan", ["snapshot_refused"])
    journal.set_watermark(tx, judged.pulled.intake.name, None, scan.began_at, tx.now)
    if finished.waiting:
        shown = ", ".join(visible(sku) for sku in sorted(finished.waiting)[:_SHOWN])
        _hold_whole(run, tx, "mass_zero", f"{len(finished.waiting)} SKUs, such as {shown}")
    else:
        holds.close_holds(tx, holds.INSTALLATION, [name], "mended", "approval, or a second scan", ["mass_zero"])
    _report_unmapped(run, tx)
    if former is None or tx.now - former > age_limit:
        touched: Iterable[Collection[str]] = levels.listed_skus(tx)
    else:
        touched = chain(scans.changed(tx), [levels.touched_since(tx, former)])
    changed = sum(levels.recompute(tx, skus, policy) for skus in touched)
    scans.settle(tx)
    run.tell(News("", Kind.STOCK_LEVEL, name, "scanned", f"{scan.rows} rows, {changed} levels changed"))


def _report_unmapped(run: Run, tx: Transaction) -> None:
    """Hold up a hand for each place with stock that the installation names nowhere; it counts as nothing."""
    stock = run.installation.stock
    unmapped = stock.unmapped(scans.pools(tx)) if stock.pools else []
    held = {one.subject_id for one in holds.open_holds(tx, type="unmapped_location")}
    mended = sorted(held - set(unmapped))
    holds.close_holds(tx, holds.INSTALLATION, mended, "mended", "it is named now", ["unmapped_location"])
    for pool in unmapped:
        value = f"stock of {visible(pool)} counts as nothing"
        failure = Failure(pool, "expect_location_mapped", "unmapped_location", value, "")
        hold(run, tx, failure, holds.INSTALLATION, pool)


def _hold_whole(run: Run, tx: Transaction, hold_type: str, why: str) -> None:
    name = run.installation.name
    failure = Failure(name, f"expect_{hold_type}_not", hold_type, why, "")
    same = holds.open_holds(tx, type=hold_type, subject=holds.INSTALLATION)
    if not same:
        hold(run, tx, failure, holds.INSTALLATION, name)


def file_items(run: Run, tx: Transaction, judged: Judged) -> None:
    """Write what one side says of its items; at the end of the walk begin levels and release what waited.

    What an account that was left lists is only to be taken to zero.
    """
    pulled = judged.pulled
    if run.former:
        former_listings.seen(tx, run.former, [one.record for one in judged.fresh])
        return
    is_master = pulled.intake.side is run.installation.product_master
    received = [one.record for one in judged.fresh]
    if pulled.intake.side is Side.MARKETPLACE:
        _send_again(run, tx, items.relisted(tx, received))
    items.store(tx, pulled.intake.side, received, is_master=is_master)
    if not pulled.last:
        return
    if pulled.intake.side is Side.MARKETPLACE:
        items.unlist(tx, pulled.page.began_at if not run.walks else run.walks[pulled.intake.name].began_at)
    enrolled = levels.enrol(tx)
    if enrolled:
        for skus in levels.listed_skus(tx):
            levels.recompute(tx, skus, run.installation.stock)
    released = release_known_skus(tx)
    if pulled.intake.side is Side.MARKETPLACE:
        _hold_unmatched_listings(run, tx)
    told = f"{len(judged.fresh)} in the last chunk, {enrolled} new levels, {released} orders released"
    run.tell(News("", Kind.ITEM, pulled.intake.side.value, "read", told))


def _send_again(run: Run, tx: Transaction, relisted: Collection[tuple[str, str, str]]) -> None:
    """The stock of these SKUs was sent to listings that are not theirs any more: send it to those that are."""
    levels.owe_again(tx, [sku for sku, _, _ in relisted])
    for sku, was, now in relisted:
        told = f"stock number {was or '(none)'} is {now or '(none)'} now: its stock is sent again"
        run.tell(News("", Kind.ITEM, sku, "relisted", told))


def release_known_skus(tx: Transaction) -> int:
    """Put back before the gate the orders that waited for a SKU, or for a listing's SKU, that is known now."""
    waiting = [
        one for kind in ("unknown_sku", "sku_form") for one in holds.open_holds(tx, type=kind, subject=holds.INBOX)
    ]
    if not waiting:
        return 0
    known, found = items.known_skus(tx), orders.known(tx, [one.order_key for one in waiting])
    numbers = {line.stock_number for order in found.values() for line in order.life.lines if line.stock_number}
    listed = items.skus_of_stock_numbers(tx, sorted(numbers))
    mended = {
        int(one.subject_id)
        for one in waiting
        if one.order_key in found
        and all((line.sku or listed.get(line.stock_number)) in known for line in found[one.order_key].life.lines)
    }
    return inbox.set_gate(tx, sorted(mended), inbox.WAITING) if mended else 0


def _hold_unmatched_listings(run: Run, tx: Transaction) -> None:
    unmatched = {row.sku: row.stock_number for row in items.listings_without_item(tx)}
    held = {one.subject_id for one in holds.open_holds(tx, type="listing_without_item")}
    mended = sorted(held - set(unmatched))
    holds.close_holds(tx, holds.LEVEL, mended, "mended", "the item exists now", ["listing_without_item"])
    for sku, number in list(unmatched.items())[:_HELD_AT_ONCE]:
        value = f"listing {number} names SKU {visible(sku)}"
        failure = Failure(sku, "expect_listing_to_have_item", "listing_without_item", value, "")
        hold(run, tx, failure, holds.LEVEL, sku)
