"""What the audit counts, and the references that a person should look at."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

SHOWN = 20
COUNTED = (
    "orders_offered",
    "orders_in_back_office",
    "orders_duplicated",
    "orders_cancelled",
    "orders_awaiting_payment",
    "orders_missing",
    "orders_of_no_marketplace",
    "acknowledged_not_in_back_office",
    "acknowledged_before_back_office",
    "shipped_after_cancellation",
    "dispatches_shipped",
    "dispatches_confirmed",
    "dispatched_beyond_ordered",
    "dispatched_before_shipped",
    "stock_changes",
    "oversold_units",
    "sold_on_stale",
    "sold_unjustified",
    "skus_sold_out",
    "skus_sold_out_at_once",
)


@dataclass
class Findings:
    """Counters of one installation, all there from the start, and the first offenders of each fault."""

    counts: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(COUNTED, 0)))
    offending: dict[str, list[str]] = field(default_factory=dict)

    def count(self, name: str, amount: int = 1) -> None:
        """Count what is no fault."""
        self.counts[name] += amount

    def offend(self, name: str, who: str, amount: int = 1) -> None:
        """Count a fault, and keep who has it (the first 20)."""
        self.counts[name] += amount
        shown = self.offending.setdefault(name, [])
        if len(shown) < SHOWN:
            shown.append(who)

    def report(self) -> dict[str, Any]:
        """Return the counters and the offenders as plain JSON."""
        return {**{name: self.counts[name] for name in COUNTED}, "offending": self.offending}
