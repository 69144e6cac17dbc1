from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from domain.budgets import Lane, Limit
from ledger.budgets import LedgerBudgets
from ledger.database import Database
from ledger.rows import table
from ledger.schema import create
from ledger.tables import BudgetRow
from tests.doubles import ManualClock
from tests.ledger.making import begin

LIMIT = Limit(60, burst=4)
MINUTE = timedelta(minutes=1)


def spend(budgets: LedgerBudgets, lane: Lane, limit: Limit = LIMIT, account: str = "shop-1") -> int:
    """Take permits until there are none; return how many there were."""
    taken = 0
    while budgets.take(account, limit, lane) is None:
        taken += 1
    return taken


def row(database: Database) -> Any:
    with begin(database) as tx:
        return tx.one(select(table(BudgetRow)))


def test_a_lane_leaves_its_floor_for_the_more_urgent(database: Database) -> None:
    budgets = LedgerBudgets(database)
    assert [spend(budgets, lane) for lane in (Lane.BULK, Lane.NORMAL, Lane.URGENT)] == [2, 1, 1]
    assert row(database).calls == 4


def test_a_spent_budget_tells_when_to_come_back(database: Database, clock: ManualClock) -> None:
    budgets = LedgerBudgets(database)
    spend(budgets, Lane.URGENT)
    again_at = budgets.take("shop-1", LIMIT, Lane.URGENT)
    assert again_at is not None
    clock.move((again_at - clock.now()).total_seconds())
    assert budgets.take("shop-1", LIMIT, Lane.URGENT) is None


def test_accounts_and_groups_of_operations_are_apart(database: Database) -> None:
    budgets = LedgerBudgets(database)
    other = Limit(60, burst=4, group="stock")
    assert [spend(budgets, Lane.URGENT, limit, account) for limit in (LIMIT, other) for account in "ab"] == [4] * 4


@pytest.mark.parametrize("used", [True, False])
def test_a_closed_budget_serves_nobody_until_its_time(database: Database, clock: ManualClock, *, used: bool) -> None:
    budgets = LedgerBudgets(database)
    if used:
        spend(budgets, Lane.URGENT)
    until = clock.now() + timedelta(seconds=90)
    budgets.close("shop-1", LIMIT, until)
    budgets.close("shop-1", LIMIT, until - timedelta(seconds=60))  # a shorter one does not open it earlier
    assert budgets.take("shop-1", LIMIT, Lane.URGENT) == until
    assert row(database).refused == 2
    clock.move(90)
    assert budgets.take("shop-1", LIMIT, Lane.URGENT) is None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(1, 30),
    st.integers(1, 10),
    st.lists(st.tuples(st.integers(0, 5000), st.sampled_from(Lane)), min_size=1, max_size=60),
)
def test_no_rolling_minute_sees_more_calls_than_the_limit(
    per_minute: int, burst: int, asked: list[tuple[int, Lane]]
) -> None:
    clock = ManualClock()
    database = Database("sqlite://", clock)
    create(database)
    budgets, limit, taken = LedgerBudgets(database), Limit(per_minute, burst), list[datetime]()
    for wait_ms, lane in asked:
        clock.move(wait_ms / 1000)
        if budgets.take("shop-1", limit, lane) is None:
            taken.append(clock.now())
    database.close()
    for first in taken:
        assert sum(first <= moment < first + MINUTE for moment in taken) <= per_minute


def test_a_budget_that_rested_long_has_its_burst_and_no_more(database: Database, clock: ManualClock) -> None:
    budgets = LedgerBudgets(database)
    spend(budgets, Lane.URGENT)
    clock.move(timedelta(days=400).total_seconds())
    assert spend(budgets, Lane.URGENT) == 4
    assert row(database).at.tzinfo is UTC
