"""What must be true once a killed loop was run again: asked of the vendors' own stores and of the ledger file."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sandbox.audit import audit
from tests.kill.worlds import AGE_LIMIT_MINUTES, NAME, QUANTITIES, Job, ean_of

HARMLESS = {
    *("orders_offered", "orders_in_back_office", "orders_cancelled"),
    *("stock_changes", "skus_sold_out", "skus_sold_out_at_once"),
}
ASIDE = {"Hold"}
_SETTLED = {
    "an open message": "SELECT kind, key FROM message WHERE closed_at IS NULL",
    "a message closed otherwise than done": "SELECT kind, key FROM message WHERE closed_as <> 'done'",
    "a lease": "SELECT key FROM message WHERE lease_until IS NOT NULL",
    "a leased level": "SELECT sku FROM level WHERE lease_until IS NOT NULL OR sending IS NOT NULL",
    "an open hold": "SELECT type, detail FROM hold WHERE closed_at IS NULL",
    "a record before the gate": "SELECT kind, key, gate FROM inbox WHERE gate <> 'passed'",
    "a scan that goes on": "SELECT installation FROM scan WHERE began_at IS NOT NULL",
    "a staged change": "SELECT sku FROM stock_change",
}
_LEVELS = "SELECT sku, wanted, published, owed FROM level ORDER BY sku"
_ITEMS = "SELECT sku, ean, listing_ean, listed, sellable, back_office_id <> '' AS known FROM item ORDER BY sku"


def faults(job: Job, dumps: list[dict[str, Any]], ledger: Path) -> list[str]:
    """Return everything that is wrong, in words; nothing when all is well."""
    found = _faults_of_the_ledger(ledger)
    if job.slices == ("items",):
        return found
    edge, office = dumps
    report = audit(dumps, AGE_LIMIT_MINUTES, {NAME: office["system"]})["installations"][NAME]
    offending, _ = report.pop("offending"), report.pop("back_office")
    shipped, confirmed = report.pop("dispatches_shipped"), report.pop("dispatches_confirmed")
    found += [
        f"{name}: {offending.get(name, count)}" for name, count in report.items() if count and name not in HARMLESS
    ]
    if shipped != confirmed or ("dispatch" in job.slices and not shipped):
        found.append(f"dispatches: {shipped} shipped, {confirmed} confirmed")
    found += [f"in no queue of the warehouse: {one['reference']}" for one in office["orders"] if one["state"] in ASIDE]
    account = edge["accounts"][NAME]
    found += [f"not acknowledged: {one['reference']}" for one in account["orders"] if _unanswered(one)]
    found += [f"refused by the marketplace: {call} ({times})" for call, times in account["refusals"].items()]
    return found + _faults_of_the_stock(account["listings"], office["stock"], ledger)


def _faults_of_the_ledger(ledger: Path) -> list[str]:
    with closing(sqlite3.connect(ledger)) as connection:
        found = [f"integrity: {row[0]}" for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        for what, query in _SETTLED.items():
            found += [f"{what}: {' '.join(map(str, row))}" for row in connection.execute(query)]
        items = {row[0]: row[1:] for row in connection.execute(_ITEMS)}
    true_items = {sku: (ean_of(sku), ean_of(sku), 1, 1, 1) for sku in QUANTITIES}
    return found + ([] if items == true_items else [f"items: {items}"])


def _faults_of_the_stock(listings: list[dict[str, Any]], stock: list[dict[str, Any]], ledger: Path) -> list[str]:
    shown = {listing["sku"]: listing["published"][-1][1] for listing in listings}
    free = {row["sku"]: row["free"] for row in stock}
    with closing(sqlite3.connect(ledger)) as connection:
        levels = {sku: (wanted, published, owed) for sku, wanted, published, owed in connection.execute(_LEVELS)}
    found = [f"stock of {sku}: {shown[sku]} published, {free[sku]} free" for sku in shown if shown[sku] != free[sku]]
    true_levels = {sku: (units, units, 0) for sku, units in free.items()}
    return found + [
        f"level of {sku}: (wanted, published, owed) is {levels.get(sku)}, true is {level}"
        for sku, level in true_levels.items()
        if levels.get(sku) != level
    ]


def _unanswered(order: dict[str, Any]) -> bool:
    if order["cancel_requested_at"]:
        return any(line["status"] == "CANCEL" for line in order["lines"])
    return not order["acknowledged_at"]
