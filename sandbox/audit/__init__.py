"""Audits the pretend systems from their own stores alone: it knows nothing of the software that joins them."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from sandbox.audit.dispatches import audit_dispatches
from sandbox.audit.findings import Findings
from sandbox.audit.orders import audit_orders
from sandbox.audit.stock import audit_stock
from sandbox.audit.trades import strangers, trades

__all__ = ["audit"]

AGE_LIMIT_MINUTES = 240.0


def audit(
    dumps: Iterable[dict[str, Any]],
    age_limit_minutes: float = AGE_LIMIT_MINUTES,
    pairs: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return `{"installations": {account: report}, "total": report without offenders}`.

    `dumps` are the `dump()`s of marketplaces and back offices; others are passed over. `pairs` says
    which back office belongs to an account; without it, an account belongs to the back office that
    has most of its order numbers. Raises ValueError when an account can be joined to none, or two
    back offices have one name.
    """
    dumps = list(dumps)
    offices = _offices(dumps)
    accounts = [
        (name, account)
        for dump in dumps
        if dump.get("kind") == "marketplace"
        for name, account in dump["accounts"].items()
    ]
    reports, total = {}, Findings()
    for name, account in accounts:
        office = _office_of(name, account, offices, pairs or {})
        findings = _installation(account, office, timedelta(minutes=age_limit_minutes))
        reports[name] = {"back_office": office["system"], **findings.report()}
        total.counts.update(findings.counts)
    summary = {name: count for name, count in total.report().items() if name != "offending"}
    return {"installations": reports, "total": summary, "age_limit_minutes": age_limit_minutes}


def _offices(dumps: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    offices: dict[str, dict[str, Any]] = {}
    for dump in dumps:
        if dump.get("kind") == "back_office":
            if dump["system"] in offices:
                raise ValueError(f"audit: two back offices are called {dump['system']}; give each its own name")
            offices[dump["system"]] = dump
    return offices


def _installation(account: dict[str, Any], office: dict[str, Any], age: timedelta) -> Findings:
    findings = Findings()
    joined = trades(account, office)
    audit_orders(joined, findings)
    for reference in strangers(account, office["orders"]):
        findings.offend("orders_of_no_marketplace", reference)
    audit_dispatches(joined, findings)
    audit_stock(account, office, joined, age, findings)
    return findings


def _office_of(
    name: str, account: dict[str, Any], offices: Mapping[str, dict[str, Any]], pairs: Mapping[str, str]
) -> dict[str, Any]:
    if name in pairs:
        if pairs[name] not in offices:
            known = ", ".join(offices) or "none"
            raise ValueError(f"audit: account {name} is paired with {pairs[name]}, but the dumps have only: {known}")
        return offices[pairs[name]]
    references = {order["reference"] for order in account["orders"]}
    shared = {key: sum(one["reference"] in references for one in office["orders"]) for key, office in offices.items()}
    best = max(shared, key=lambda key: shared[key], default=None)
    if best is None or (len(offices) > 1 and not shared[best]):
        raise ValueError(f"audit: no back office has an order of account {name}; say which is its own: {name}=SYSTEM")
    return offices[best]
