"""Judges dispatches: what left the warehouse is confirmed at the marketplace, once, and never before."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.audit.findings import Findings
from sandbox.audit.trades import Trade


@dataclass
class _Told:
    """Units of one SKU that the marketplace was told of; `left` is not yet matched with a shipment."""

    sku: str
    at: str
    tracking: str
    left: int


def audit_dispatches(trades: Iterable[Trade], findings: Findings) -> None:
    """Count shipments of marketplace orders, those that are confirmed whole, and dispatches that should not be."""
    for trade in trades:
        shipments = [shipment for one in trade.taken for shipment in one["shipments"]]
        findings.count("dispatches_shipped", len(shipments))
        findings.count("dispatches_confirmed", _confirmed(_told(trade), shipments))
        for line in trade.order["lines"]:
            beyond = sum(one["quantity"] for one in line["dispatches"]) - line["quantity"]
            if beyond > 0:
                findings.offend("dispatched_beyond_ordered", f"{trade.reference} line {line['line']}", beyond)
        if early := _before_shipped(_told(trade), shipments):
            findings.offend("dispatched_before_shipped", trade.reference, early)


def _told(trade: Trade) -> list[_Told]:
    return [
        _Told(line["sku"], one["at"], one["tracking"], one["quantity"])
        for line in trade.order["lines"]
        for one in line["dispatches"]
    ]


def _confirmed(told: list[_Told], shipments: list[dict[str, Any]]) -> int:
    """Return how many shipments were told of in full: those with the same tracking number are matched first."""
    owed = [Counter(shipment["lines"]) for shipment in shipments]
    for same_tracking in (True, False):
        for shipment, units in zip(shipments, owed, strict=True):
            for one in told:
                if same_tracking and one.tracking != shipment["tracking"]:
                    continue
                matched = min(one.left, units[one.sku])
                one.left -= matched
                units[one.sku] -= matched
    return sum(
        1 for shipment, units in zip(shipments, owed, strict=True) if shipment["lines"] and not any(units.values())
    )


def _before_shipped(told: list[_Told], shipments: list[dict[str, Any]]) -> int:
    """Return the units that the marketplace was told of before so many had left the warehouse."""
    steps = [
        (shipment["at"], 0, sku, quantity) for shipment in shipments for sku, quantity in shipment["lines"].items()
    ]
    steps += [(one.at, 1, one.sku, one.left) for one in told]
    shipped: Counter[str] = Counter()
    early = 0
    for _, is_told, sku, quantity in sorted(steps):
        if is_told:
            early += max(0, quantity - max(0, shipped[sku]))
            shipped[sku] -= quantity
        else:
            shipped[sku] += quantity
    return early
