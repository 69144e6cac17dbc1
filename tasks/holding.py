"""Hold what the gate, or a destination, would not let pass: with its reason, its owner, its clock and its fix."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from expectations.gate import Failure
from ledger import holds
from ledger.database import Transaction
from tasks.run import Run
from tasks.telling import News


def hold(
    run: Run,
    tx: Transaction,
    failure: Failure,
    subject: str,
    subject_id: str,
    *,
    order_key: str = "",
    deadline_at: datetime | None = None,
    fix: dict[str, Any] | None = None,
) -> None:
    """Open a hold for a failure, once, and tell it in the run's news."""
    opened = holds.open_hold(
        tx,
        holds.NewHold(
            failure.hold_type,
            run.installation.owner_of(failure.hold_type),
            subject,
            subject_id,
            " ".join(filter(None, (f"{failure.expectation}: {failure.value}", failure.fix))),
            signature=failure.value,
            order_key=order_key,
            deadline_at=deadline_at,
            fix=fix,
        ),
    )
    if opened:
        run.held += 1
        run.tell(News(order_key, failure.hold_type, failure.key, "held", f"{failure.expectation}: {failure.value}"))


_BY_ANSWERS = ("refused", "listing_without_item", "contradiction", "unknown_outcome")
"""The holds of SKUs that an answer of the marketplace opens; the others are of what the back office counts."""


def hold_level(run: Run, tx: Transaction, sku: str, hold_type: str, reason: str) -> None:
    """Hold a SKU whose number the marketplace would not take."""
    hold(run, tx, Failure(sku, "expect_stock_to_be_taken", hold_type, reason, ""), holds.LEVEL, sku)


def mend_levels(tx: Transaction, skus: Sequence[str]) -> None:
    """Close the holds of SKUs whose number the marketplace would not take: it is seen to show one that was sent since."""
    holds.close_holds(tx, holds.LEVEL, skus, "mended", "it shows a number again", _BY_ANSWERS)
