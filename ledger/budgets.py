"""The call budgets, one row each, shared by every worker."""

from datetime import datetime

from sqlalchemy import bindparam, case, select, update

from domain.budgets import Bucket, Lane, Limit
from ledger.database import Database
from ledger.rows import insert_new, table
from ledger.tables import BudgetRow

_budget = table(BudgetRow)
_OF_KEY = select(_budget).where(_budget.c.key == bindparam("of_key"))
_SPEND = (
    update(_budget)
    .where(_budget.c.key == bindparam("of_key"))
    .values({name: bindparam(name) for name in ("permits", "at", "closed_until")})
    .values(calls=_budget.c.calls + bindparam("spent"))
)


class LedgerBudgets:
    """Budgets kept in the ledger. A permit is one short transaction; there is no queue of waiters.

    A permit that a loss of power gives back is the least loss then; waiting for the disk at every
    call took a quarter of the time of a large import (measured).
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, account: str, limit: Limit, lane: Lane) -> datetime | None:
        """Take one permit: None, or when to ask again."""
        key = f"{account}:{limit.group}"
        with self._database.transaction(account, scope=f"budget:{key}", durable=False) as tx:
            row = tx.one(_OF_KEY, {"of_key": key})
            bucket = Bucket(limit.burst, tx.now) if row is None else Bucket(row.permits, row.at, row.closed_until)
            after, wait_until = bucket.take(limit, lane, tx.now)
            values = {"permits": after.permits, "at": after.at, "closed_until": after.closed_until}
            if row is None:
                insert_new(tx, BudgetRow, [{"key": key, **values, "calls": 1, "refused": 0}], ["key"])
            else:
                tx.run(_SPEND, {"of_key": key, **values, "spent": int(wait_until is None)})
            return wait_until

    def close(self, account: str, limit: Limit, until: datetime) -> None:
        """Let nobody call before `until`: the vendor refused a call for the number of calls."""
        key = f"{account}:{limit.group}"
        with self._database.transaction(account, scope=f"budget:{key}") as tx:
            first = {"key": key, "permits": 0.0, "at": tx.now, "closed_until": None, "calls": 0, "refused": 0}
            insert_new(tx, BudgetRow, [first], ["key"])
            longer = case((_budget.c.closed_until > until, _budget.c.closed_until), else_=until)
            closed = {"closed_until": longer, "permits": 0.0, "refused": _budget.c.refused + 1}
            tx.run(update(_budget).where(_budget.c.key == key).values(closed))
