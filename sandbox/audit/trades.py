"""What the audit reads out of two dumps: each marketplace order beside the back-office orders of its number."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

VOIDED = {"canceled", "VOIDED", "cancel", "cancelled", "Cancelled", "Canceled"}
"""What back offices call an order that is no more."""

CANCELLATION = {"CANCEL", "CANCEL_ACK", "CANCELED", "REFUSED"}
AWAITED = {"WAITING_ACCEPTANCE", "WAITING_DEBIT", "WAITING_DEBIT_PAYMENT"}
DOCUMENTED = {
    *("ORDER", "ORDER_ACK", "BACKORDER", "DISPATCH"),
    *("SHIPPING", "SHIPPED", "TO_COLLECT", "RECEIVED", "CLOSED"),
    *CANCELLATION,
    *AWAITED,
}
"""The line states of all marketplaces, as each calls them."""


def moment(text: str | None) -> datetime | None:
    """Read a time of a dump."""
    return datetime.fromisoformat(text) if text else None


@dataclass(frozen=True)
class Sold:
    """One order line as stock sees it: sold at the marketplace, from then until `until` owed by nobody else.

    `until` is when the back office's free number began to leave the units out, or when the customer
    no longer wanted them; None when neither happened.
    """

    reference: str
    sku: str
    quantity: int
    at: datetime
    until: datetime | None


@dataclass(frozen=True)
class Trade:
    """One marketplace order with all back-office orders that carry its number, voided ones too."""

    order: dict[str, Any]
    taken: list[dict[str, Any]]
    accepts_first: bool = False

    @property
    def reference(self) -> str:
        """Return the Customer Order Number."""
        return str(self.order["reference"])

    @property
    def living(self) -> list[dict[str, Any]]:
        """Return the back-office orders that are not voided."""
        return [one for one in self.taken if one["state"] not in VOIDED]

    @property
    def accepted(self) -> list[dict[str, Any]]:
        """Return the living ones that have lines: a header alone is no order."""
        return [one for one in self.living if one["lines"]]

    @property
    def awaits_payment(self) -> bool:
        """Tell whether it was accepted and the marketplace has not given its address yet: nobody can create it."""
        return bool(self.order["acknowledged_at"]) and "addressed_at" in self.order and not self.order["addressed_at"]

    @property
    def is_cancelled(self) -> bool:
        """Tell whether the customer cancelled every line."""
        lines = self.order["lines"]
        return bool(lines) and all(line["status"] in CANCELLATION for line in lines)

    def sold(self) -> Iterator[Sold]:
        """Return the units that its lines sell; lines in a state that nobody documented sell nothing yet."""
        at = datetime.fromisoformat(self.order["placed_at"])
        deducted = [one["deducted_at"] for one in self.taken if one["deducted_at"]]
        for line in self.order["lines"]:
            if line["status"] not in DOCUMENTED:
                continue
            ends = list(deducted)
            if line["status"] in CANCELLATION and self.order["cancel_requested_at"]:
                ends.append(self.order["cancel_requested_at"])
            until = min(map(datetime.fromisoformat, ends), default=None)
            yield Sold(self.reference, line["sku"], line["quantity"], at, until)


def trades(account: dict[str, Any], back_office: dict[str, Any]) -> list[Trade]:
    """Return the account's orders, each with what the back office has under its number, character for character."""
    by_reference: dict[str, list[dict[str, Any]]] = {}
    for one in back_office["orders"]:
        if one["reference"]:
            by_reference.setdefault(one["reference"], []).append(one)
    first = bool(account.get("accepts_first"))
    return [Trade(order, by_reference.get(order["reference"], []), first) for order in account["orders"]]


def strangers(account: dict[str, Any], orders: Iterable[dict[str, Any]]) -> list[str]:
    """Return the numbers of back-office orders of the integration that the marketplace never had."""
    known = {order["reference"] for order in account["orders"]}
    return [one["reference"] for one in orders if one["channel"] == "integration" and one["reference"] not in known]
