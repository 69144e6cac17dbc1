"""Gate: judge what was pulled by what is known today. Reads the ledger, changes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from connectors.roles import TakesSalesOrders
from domain.counts import StockPage
from domain.faults import SOFTWARE_FAULT
from domain.installation import Side
from domain.limits import OrderLimits
from domain.orders import LineLife
from domain.records import Dispatch, Kind, Page, Received, SalesOrder
from expectations.gate import Facts, Failure, gate
from ledger import holds, inbox, items, messages, orders, scans
from ledger.comparing import Compared
from ledger.database import Transaction
from tasks.faults import apart
from tasks.pull import Pulled
from tasks.run import Run

_JUDGEABLE = "expect_record_to_be_judged"
_HOLDS_OF_COUNTS = ("sku_form", "quantity")


class Judged:
    """A chunk with its verdict: what is new in it, and why some of it must wait. A plain class, as `Pulled` is.

    Of counts, `compared` tells what is new in place of `fresh`.
    """

    __slots__ = ("compared", "failures", "fresh", "pulled", "skus")

    def __init__(
        self,
        pulled: Pulled,
        fresh: list[Received],
        failures: Mapping[str, tuple[Failure, ...]] | None = None,
        skus: dict[str, str] | None = None,
        compared: Compared | None = None,
    ) -> None:
        self.pulled, self.fresh, self.failures, self.skus = pulled, fresh, failures or {}, skus or {}
        self.compared = compared


async def judge(run: Run, pulled: Pulled) -> Judged:
    """Return the new records of a chunk with the gate's verdict on each."""
    with unbroken(run, pulled):
        return await _judge(run, pulled)


@contextmanager
def unbroken(run: Run, pulled: Pulled) -> Iterator[None]:
    """See to it that nothing that follows a chunk is read in this run when the chunk came to grief: it must come again."""
    try:
        yield
    except BaseException:
        if not pulled.released and (walk := run.walks.get(pulled.intake.name)):
            walk.broken = True
        raise


async def _judge(run: Run, pulled: Pulled) -> Judged:
    intake = pulled.intake
    if intake.kind is Kind.ITEM:
        return Judged(pulled, pulled.page.received)
    if intake.kind is Kind.STOCK_LEVEL:
        return _counts(run, pulled)
    with run.transaction() as tx:
        if intake.kind is Kind.SALES_ORDER:
            _tell_apart(run, tx, pulled.page)
        fresh = pulled.page.received
        if not pulled.released:
            prints = {received.record.key: received.fingerprint for received in fresh}
            new = inbox.unseen(tx, intake.side, intake.kind, prints)
            fresh = [received for received in fresh if received.record.key in new]
        skus = _skus(tx, fresh) if intake.kind is Kind.SALES_ORDER else {}
        groups = _by_account(run, tx, intake.kind, fresh)
        facts = {account: _facts(run, tx, intake.kind, group, skus, account) for account, group in groups.items()}
    failures: dict[str, tuple[Failure, ...]] = {}
    for account, group in groups.items():
        failures |= await _verdict(run, intake.kind, group, skus, facts[account])
    if intake.kind is Kind.SALES_ORDER:
        fresh = [_filled(one, skus) for one in fresh]
    return Judged(pulled, fresh, failures, skus)


async def _verdict(
    run: Run, kind: Kind, group: list[Received], skus: dict[str, str], facts: Facts
) -> dict[str, tuple[Failure, ...]]:
    """Return what is wrong with each record; one that the gate breaks on is held for that."""

    async def judged(some: Sequence[Received]) -> dict[str, tuple[Failure, ...]]:
        verdict = gate([with_skus(one.record, skus) for one in some], facts)
        run.results += [{"kind": kind.value, **row} for row in verdict.results]
        return dict(verdict.failures)

    failures, failed = await apart(run, group, judged)
    broken = {one.record.key: (Failure(one.record.key, _JUDGEABLE, SOFTWARE_FAULT, told, ""),) for one, told in failed}
    return failures | broken


def _counts(run: Run, pulled: Pulled) -> Judged:
    """Judge the counts that would change anything: what is trusted passed this gate when it came, or a held one waits for it.

    The expectations of a count ask for nothing but itself, so no fact can make a trusted one wrong meanwhile.
    """
    page = pulled.page
    if not isinstance(page, StockPage):
        return Judged(pulled, [])
    with run.transaction() as tx:
        again = set().union(*held_counts(tx).values())
        compared = scans.compare(tx, scans.running(tx), page.counts, again)
    verdict = gate(compared.changed, Facts(now=run.clock.now()))
    run.results += [{"kind": Kind.STOCK_LEVEL.value, **row} for row in verdict.results]
    return Judged(pulled, [], verdict.failures, compared=compared)


def held_counts(tx: Transaction) -> dict[str, set[str]]:
    """Return, by the type of their hold, the SKUs of which a count did not pass the gate and was not seen to pass since."""
    held: dict[str, set[str]] = {}
    for one in holds.open_holds(tx, subject=holds.LEVEL):
        if one.type in _HOLDS_OF_COUNTS:
            held.setdefault(one.type, set()).add(one.subject_id)
    return held


def _tell_apart(run: Run, tx: Transaction, page: Page) -> None:
    """Give an order whose key another account's order has a key of its own; neither is ever taken for the other."""
    keys = [one.record.key for one in page.received] + [reject.key for reject in page.rejects]
    if not (strangers := orders.strangers(tx, run.former, keys)):
        return
    account = run.account(Side.MARKETPLACE)
    for position, one in enumerate(page.received):
        if one.record.key in strangers:
            own = one.record.model_copy(update={"key": f"{one.record.key}@{account}"})
            page.received[position] = Received(own, one.raw, one.came_as or one.record, revision=one.revision)
    for reject in page.rejects:
        if reject.key in strangers:
            reject.key = f"{reject.key}@{account}"


def _by_account(run: Run, tx: Transaction, kind: Kind, fresh: list[Received]) -> dict[str, list[Received]]:
    """Return what is judged together: shipments of orders of one account, as each has its own carriers."""
    if kind is not Kind.DISPATCH:
        return {run.former: fresh}
    keys = orders.by_reference(tx, [one.record.order_reference for one in fresh])
    known = orders.known(tx, list(keys.values()))
    groups: dict[str, list[Received]] = {}
    for one in fresh:
        key = keys.get(one.record.order_reference)
        groups.setdefault(known[key].account if key in known else "", []).append(one)
    return groups


def _filled(received: Received, skus: dict[str, str]) -> Received:
    order = with_skus(received.record, skus)
    if order is received.record:
        return received
    return Received(order, received.raw, received.came_as or received.record)


def with_skus(order: Any, skus: dict[str, str]) -> Any:
    """Give the lines of a sales order that have no SKU the one that the listing of their stock number has."""
    if not isinstance(order, SalesOrder) or all(line.sku for line in order.lines):
        return order
    lines = tuple(
        line if line.sku else line.model_copy(update={"sku": skus.get(line.stock_number or "")}) for line in order.lines
    )
    return order.model_copy(update={"lines": lines})


def _skus(tx: Transaction, fresh: list[Received]) -> dict[str, str]:
    numbers = {line.stock_number for r in fresh for line in r.record.lines if not line.sku and line.stock_number}
    return items.skus_of_stock_numbers(tx, sorted(numbers)) if numbers else {}


def _facts(run: Run, tx: Transaction, kind: Kind, fresh: list[Received], skus: dict[str, str], account: str) -> Facts:
    policy = run.installation.orders
    if kind is Kind.SALES_ORDER:
        named = {line.sku or skus.get(line.stock_number or "", "") for r in fresh for line in r.record.lines}
        known = items.known_skus(tx, sorted(named))
        if named - set(known):
            known = items.known_skus(tx)  # all of them, so that the gate can suggest what was meant
        return Facts(
            now=tx.now,
            skus=frozenset(known),
            eans={sku: ean for sku, ean in known.items() if ean},
            order_limits=_limits(run),
            currencies=frozenset(policy.currencies),
            accept_test_orders=policy.accept_test_orders,
            elsewhere=orders.elsewhere(tx, run.former, [one.record.reference for one in fresh]),
        )
    if kind is Kind.DISPATCH:
        return Facts(
            now=tx.now,
            carriers=items.carriers(tx, account),
            approved=frozenset(items.approved_carriers(tx, account)),
            ordered=_left_to_ship(tx, [received.record for received in fresh]),
            tracking_numbers=run.installation.tracking_numbers,
        )
    return Facts(now=tx.now)


def _limits(run: Run) -> OrderLimits:
    taker: Any = run.connectors[Side.BACK_OFFICE]
    return taker.order_limits if isinstance(taker, TakesSalesOrders) else OrderLimits()


def _left_to_ship(tx: Transaction, dispatches: list[Dispatch]) -> dict[str, dict[str, int]]:
    """Return, by order reference, how many of each SKU are still to be shipped.

    What a former version of one of these shipments took is its own: it is judged as if it came for the first time.
    """
    keys = orders.by_reference(tx, [dispatch.order_reference for dispatch in dispatches])
    known = orders.known(tx, list(keys.values()))
    left = {key: _by_sku(known[key].life.lines) for key in keys.values()}
    for former in messages.standing(tx, Kind.DISPATCH, [dispatch.key for dispatch in dispatches]).values():
        if of_order := left.get(former.order_key):
            for line in former.lines:
                of_order[line["sku"]] = of_order.get(line["sku"], 0) + line["quantity"]
    return {reference: left[key] for reference, key in keys.items()}


def _by_sku(lines: tuple[LineLife, ...]) -> dict[str, int]:
    left: dict[str, int] = {}
    for line in lines:
        left[line.sku] = left.get(line.sku, 0) + line.to_ship
    return left
