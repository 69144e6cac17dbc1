"""Judges orders: all in the back office once, none invented, none acknowledged that is not there."""

from collections.abc import Iterable

from sandbox.audit.findings import Findings
from sandbox.audit.trades import Trade, moment


def audit_orders(trades: Iterable[Trade], findings: Findings) -> None:
    """Count every offered order as in the back office, cancelled or missing, and what is wrong with it."""
    for trade in trades:
        findings.count("orders_offered")
        if trade.accepted:
            findings.count("orders_in_back_office")
        elif trade.is_cancelled:
            findings.count("orders_cancelled")
        elif trade.awaits_payment:
            findings.count("orders_awaiting_payment")
        else:
            findings.offend("orders_missing", trade.reference)
        if len(trade.living) > 1:
            findings.offend("orders_duplicated", trade.reference)
        _acknowledged(trade, findings)
        _shipped_after_cancellation(trade, findings)


def _acknowledged(trade: Trade, findings: Findings) -> None:
    acknowledged_at = moment(trade.order["acknowledged_at"])
    if acknowledged_at is None or trade.accepts_first:
        return
    if not trade.taken:
        findings.offend("acknowledged_not_in_back_office", trade.reference)
    elif acknowledged_at < min(moment(one["created_at"]) or acknowledged_at for one in trade.taken):
        findings.offend("acknowledged_before_back_office", trade.reference)


def _shipped_after_cancellation(trade: Trade, findings: Findings) -> None:
    asked_at = moment(trade.order["cancel_requested_at"])
    sent = [moment(shipment["at"]) for one in trade.taken for shipment in one["shipments"]]
    if asked_at and any(at and at > asked_at for at in sent):
        findings.offend("shipped_after_cancellation", trade.reference)
