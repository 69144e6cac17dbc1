"""What filing payloads that cannot be read means: each is kept and held, and spoils nobody else."""

from collections.abc import Iterable, Mapping

from domain.orders import fold
from domain.payloads import address_of
from domain.records import Kind, Reject, SalesOrder
from expectations.gate import Failure
from ledger import holds, inbox, items, levels, orders, payloads
from ledger.database import Transaction
from tasks.changed_dispatches import begun_dispatches
from tasks.holding import hold
from tasks.loops import Intake
from tasks.run import Run


def file_rejects(
    run: Run, tx: Transaction, intake: Intake, rejects: Mapping[str, Reject], *, again: bool = False
) -> list[str]:
    """Keep and hold the rejects, by key, that are new here (all of them `again`, after a release); return their keys."""
    if not rejects:
        return []
    prints = {key: address_of([reject.raw, reject.reason]) for key, reject in rejects.items()}
    new = sorted(rejects if again else inbox.unseen(tx, intake.side, intake.kind, prints))
    keeps = run.feed(intake).keeps
    begun = begun_dispatches(tx, new) if intake.kind is Kind.DISPATCH else {}
    for key, message in begun.items():
        payloads.keep(tx, [(rejects[key].raw, keeps)])
        inbox.see(tx, message.inbox_id, prints[key])
    ids = {(intake.kind, key): message.inbox_id for key, message in begun.items()} | inbox.store(
        tx,
        [
            inbox.Arrival(
                intake.side,
                intake.kind,
                key,
                prints[key],
                rejects[key].raw,
                keeps,
                inbox.REJECTED,
                account=run.former,
            )
            for key in new
            if key not in begun
        ],
    )
    for key in new:
        reject, inbox_id = rejects[key], str(ids[intake.kind, key])
        failure = Failure(key, f"expect_{intake.kind.value}_to_be_readable", reject.hold_type, reject.reason, "")
        holds.close_holds(tx, holds.INBOX, [inbox_id], "replaced", "a newer record, or a release")
        order_key = key if intake.kind is Kind.SALES_ORDER else begun[key].order_key if key in begun else ""
        hold(run, tx, failure, holds.INBOX, inbox_id, order_key=order_key)
    _net(run, tx, [rejects[key].sold for key in new])
    return new


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
