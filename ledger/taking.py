"""Who took a cause, and whom the escalation of one that nobody takes has reached."""

from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, update

from ledger.database import Transaction
from ledger.rows import table
from ledger.tables import Cause

_cause = table(Cause)


def cause(tx: Transaction, cause_id: int) -> Any | None:
    """Return a cause of the installation, open or closed; None when it has none of this number."""
    return tx.one(select(_cause).where(_cause.c.installation == tx.installation, _cause.c.id == cause_id))


def take(tx: Transaction, cause_id: int, by: str) -> bool:
    """Note who took an open cause, whoever had it before; False when it is not open, or not of the installation."""
    mine = (_cause.c.installation == tx.installation, _cause.c.id == cause_id, _cause.c.closed_at.is_(None))
    return tx.run(update(_cause).where(*mine).values(taken_at=tx.now, taken_by=by, alert_owed=True)) > 0


def untaken(tx: Transaction, told_before: datetime) -> list[Any]:
    """Return the open causes that nobody took of which somebody was last told by this moment, and no step is still to be told."""
    return tx.rows(
        select(_cause)
        .where(
            _cause.c.installation == tx.installation,
            _cause.c.closed_at.is_(None),
            _cause.c.taken_at.is_(None),
            _cause.c.told_at <= told_before,
            or_(_cause.c.escalated_at.is_(None), _cause.c.escalated_at <= _cause.c.told_at),
        )
        .order_by(_cause.c.id)
    )


def escalate(tx: Transaction, cause_id: int, to: str) -> None:
    """Note that a cause is now this owner's to take; who that is, is owed to Slack."""
    tx.run(update(_cause).where(_cause.c.id == cause_id).values(escalated_to=to, escalated_at=tx.now, alert_owed=True))
