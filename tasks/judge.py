"""Gate: judge what was pulled by what is known today. Reads the ledger, changes nothing."""

from collections.abc import Mapping
from typing import Any

from connectors.roles import TakesSalesOrders
from domain.installation import Side
from domain.limits import OrderLimits
from domain.orders import LineLife
from domain.records import Dispatch, Kind, Received, SalesOrder
from expectations.gate import Facts, Failure, gate
from ledger import inbox, items, orders
from ledger.database import Transaction
from tasks.pull import Pulled
from tasks.run import Run


class Judged:
    """A chunk with its verdict: what is new in it, and why some of it must wait. A plain class, as `Pulled` is."""

    __slots__ = ("failures", "fresh", "pulled", "skus")

    def __init__(
        self,
        pulled: Pulled,
        fresh: list[Received],
        failures: Mapping[str, tuple[Failure, ...]] | None = None,
        skus: dict[str, str] | None = None,
    ) -> None:
        self.pulled, self.fresh, self.failures, self.skus = pulled, fresh, failures or {}, skus or {}


async def judge(run: Run, pulled: Pulled) -> Judged:
    """Return the new records of a chunk with the gate's verdict on each."""
    intake = pulled.intake
    if intake.kind is Kind.ITEM:
        return Judged(pulled, pulled.page.received)
    with run.transaction() as tx:
        fresh = pulled.page.received
        if intake.kind is not Kind.STOCK_LEVEL and not pulled.released:
            prints = {received.record.key: received.fingerprint for received in fresh}
            new = inbox.unseen(tx, intake.side, intake.kind, prints)
            fresh = [received for received in fresh if received.record.key in new]
        skus = _skus(tx, fresh) if intake.kind is Kind.SALES_ORDER else {}
        facts = _facts(run, tx, intake.kind, fresh, skus)
    if intake.kind is Kind.SALES_ORDER:
        fresh = [_filled(received, skus) for received in fresh]
    judged_records = [received.record for received in fresh]
    verdict = gate(judged_records, facts)
    run.results += [{"kind": intake.kind.value, **row} for row in verdict.results]
    return Judged(pulled, fresh, verdict.failures, skus)


def _filled(received: Received, skus: dict[str, str]) -> Received:
    order = with_skus(received.record, skus)
    return received if order is received.record else Received(order, received.raw, received.record)


def with_skus(order: SalesOrder, skus: dict[str, str]) -> SalesOrder:
    """Give the lines without a SKU the one that the listing of their stock number has."""
    if all(line.sku for line in order.lines):
        return order
    lines = tuple(
        line if line.sku else line.model_copy(update={"sku": skus.get(line.stock_number or "")}) for line in order.lines
    )
    return order.model_copy(update={"lines": lines})


def _skus(tx: Transaction, fresh: list[Received]) -> dict[str, str]:
    numbers = {line.stock_number for r in fresh for line in r.record.lines if not line.sku and line.stock_number}
    return items.skus_of_stock_numbers(tx, sorted(numbers)) if numbers else {}


def _facts(run: Run, tx: Transaction, kind: Kind, fresh: list[Received], skus: dict[str, str]) -> Facts:
    policy = run.installation.orders
    if kind is Kind.SALES_ORDER:
        named = {line.sku or skus.get(line.stock_number or "", "") for r in fresh for line in r.record.lines}
        known = {sku: row.ean for sku, row in items.of(tx, sorted(named)).items() if row.back_office_id}
        if named - set(known):
            known = items.known_skus(tx)  # all of them, so that the gate can suggest what was meant
        return Facts(
            now=tx.now,
            skus=frozenset(known),
            eans={sku: ean for sku, ean in known.items() if ean},
            order_limits=_limits(run),
            currencies=frozenset(policy.currencies),
            accept_test_orders=policy.accept_test_orders,
        )
    if kind is Kind.DISPATCH:
        return Facts(
            now=tx.now,
            carriers=items.carriers(tx),
            approved=frozenset(items.approved_carriers(tx)),
            ordered=_left_to_ship(tx, [received.record for received in fresh]),
        )
    return Facts(now=tx.now)


def _limits(run: Run) -> OrderLimits:
    taker: Any = run.connectors[Side.BACK_OFFICE]
    return taker.order_limits if isinstance(taker, TakesSalesOrders) else OrderLimits()


def _left_to_ship(tx: Transaction, dispatches: list[Dispatch]) -> dict[str, dict[str, int]]:
    """Return, by order reference, how many of each SKU are still to be shipped."""
    keys = orders.by_reference(tx, [dispatch.order_reference for dispatch in dispatches])
    known = orders.known(tx, list(keys.values()))
    left: dict[str, dict[str, int]] = {}
    for reference, key in keys.items():
        left[reference] = _by_sku(known[key].life.lines)
    return left


def _by_sku(lines: tuple[LineLife, ...]) -> dict[str, int]:
    left: dict[str, int] = {}
    for line in lines:
        left[line.sku] = left.get(line.sku, 0) + line.to_ship
    return left
