"""What filing payloads that cannot be read means: each is kept and held, and spoils nobody else."""

from collections.abc import Iterable, Mapping

from domain.orders import fold
from domain.payloads import address_of
from domain.records import Kind, Page, Reject, SalesOrder
from expectations.gate import Failure
from ledger import holds, inbox, items, levels, orders
from ledger.database import Transaction
from tasks.changed_dispatches import withdraw_unread
from tasks.holding import hold
from tasks.loops import Intake
from tasks.run import Run


def file_rejects(
    run: Run, tx: Transaction, intake: Intake, rejects: Mapping[str, Reject], *, again: bool = False
) -> list[str]:
    """Keep and hold the rejects, by key, that are new here (all of them `again`, after a release); return their keys.

    What can be read of a record stays what it is looked up and composed by: a reject stands beside it, and never replaces it.
    """
    if not rejects:
        return []
    known = inbox.current(tx, intake.side, intake.kind, sorted({*rejects, *map(inbox.read_key, rejects)}))
    places = {key: key if again else _place(key, known.get(key)) for key in rejects}
    prints = {places[key]: address_of([reject.raw, reject.reason]) for key, reject in rejects.items()}
    unseen = set(prints) if again else inbox.unseen(tx, intake.side, intake.kind, prints)
    new = sorted(key for key in rejects if places[key] in unseen)
    if intake.kind is Kind.DISPATCH:
        withdraw_unread(run, tx, [inbox.read_key(key) for key in new])
    keeps = run.feed(intake).keeps
    order_keys = {key: known[inbox.read_key(key)].order_key for key in new if inbox.read_key(key) in known}
    ids = inbox.store(
        tx,
        [
            inbox.Arrival(
                intake.side,
                intake.kind,
                places[key],
                prints[places[key]],
                rejects[key].raw,
                keeps,
                inbox.REJECTED,
                order_keys.get(key, ""),
                account=run.former,
            )
            for key in new
        ],
    )
    for key in new:
        reject, inbox_id = rejects[key], str(ids[intake.kind, places[key]])
        failure = Failure(key, f"expect_{intake.kind.value}_to_be_readable", reject.hold_type, reject.reason, "")
        holds.close_holds(tx, holds.INBOX, [inbox_id], "replaced", "a newer record, or a release")
        order_key = inbox.read_key(key) if intake.kind is Kind.SALES_ORDER else order_keys.get(key, "")
        hold(run, tx, failure, holds.INBOX, inbox_id, order_key=order_key)
    _net(run, tx, [rejects[key].sold for key in new])
    return new


def let_go_of_unread(tx: Transaction, intake: Intake, page: Page) -> None:
    """Close what is held because a newer sight of a record could not be read, as this page shows it readable again."""
    keys = {one.record.key for one in page.received}
    gone = inbox.read_again(tx, intake.side, intake.kind, keys, page.began_at)
    holds.close_holds(tx, holds.INBOX, [str(one) for one in gone], "replaced", "it can be read again")


def _place(key: str, known: inbox.Current | None) -> str:
    return key if known is None or known.gate == inbox.REJECTED else inbox.unread_key(key)


def _net(run: Run, tx: Transaction, sold: Iterable[SalesOrder | None]) -> None:
    """Take the units of orders that nobody knew off what is offered: they are sold, although the order must wait."""
    named = {order.key: order for order in sold if order is not None}
    known = orders.known(tx, list(named))
    unknown = [order for key, order in named.items() if key not in known]
    numbers = {line.stock_number for order in unknown for line in order.lines if line.stock_number}
    skus = items.skus_of_stock_numbers(tx, sorted(numbers)) if numbers else {}
    lines = [(order.key, line) for order in unknown for line in fold((), order, skus)]
    orders.save_lines(tx, lines)
    levels.recompute(tx, {line.sku for _, line in lines if line.sku}, run.installation.stock)
