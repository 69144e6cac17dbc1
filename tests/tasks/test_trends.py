"""The tables of a week: counted from messages, holds and budgets; nothing that is not in the ledger."""

from datetime import timedelta

from domain.budgets import Lane, Limit
from domain.installation import Side
from domain.orders import LineLife
from domain.records import Kind
from ledger import holds, messages, orders
from ledger.budgets import LedgerBudgets
from ledger.database import Database
from tasks import trends
from tests.doubles import ManualClock
from tests.ledger.making import save_order


def _done(
    database: Database, clock: ManualClock, kind: Kind, key: str, minutes: float, deadline_minutes: float
) -> None:
    """Let a message be owed now and settled some minutes later."""
    with database.transaction("harbour") as tx:
        deadline_at = tx.now + timedelta(minutes=deadline_minutes)
        messages.owe(tx, [messages.Owed(kind, key, key, Side.MARKETPLACE, 1, deadline_at)])
    clock.move(minutes * 60)
    with database.transaction("harbour") as tx:
        messages.prove(tx, kind, key, "seen")


def test_each_day_has_a_row_with_what_was_settled_in_it(database: Database, clock: ManualClock) -> None:
    for key, minutes in (("1", 1.0), ("2", 2.0), ("3", 30.0)):
        _done(database, clock, Kind.SALES_ORDER, key, minutes, 600)
    for key, minutes in (("1", 10.0), ("2", 10.0), ("3", 90.0)):
        _done(database, clock, Kind.DISPATCH, key, minutes, 60)
    with database.transaction("harbour") as tx:
        for subject in ("1", "2"):
            holds.open_hold(tx, holds.NewHold("unknown_sku", "product data", holds.ORDER, subject, "SKU-9"))
        holds.open_hold(tx, holds.NewHold("no_free_stock", "warehouse", holds.ORDER, "3", "none is free"))
        today, *before = trends.week(tx)
    assert len(before) == trends.DAYS - 1
    assert {**today, "day": ""} == {
        "day": "",
        "orders in the back office": 3,
        "minutes until there, median": "2.0",
        "99 of 100": "30.0",
        "dispatches told": 3,
        "in time": "66.7%",
        "sold without stock": 1,
        "holds": 3,
        "most of them": "2 unknown_sku, 1 no_free_stock",
        "alerts": 2,
    }
    assert not any(day["orders in the back office"] or day["holds"] for day in before)
    clock.move(24 * 3600)
    with database.transaction("harbour") as tx:
        _, yesterday, *_ = trends.week(tx)
    assert yesterday["dispatches told"] == 3


def test_the_nearest_deadline_comes_first_and_a_held_order_once(database: Database) -> None:
    with database.transaction("harbour") as tx:
        for key, hours in (("late", -1), ("soon", 2), ("next week", 170)):
            at = tx.now + timedelta(hours=hours)
            messages.owe(tx, [messages.Owed(Kind.DISPATCH, key, key, Side.MARKETPLACE, 1, at)])
        held = holds.NewHold(
            "missing_tracking",
            "warehouse",
            holds.ORDER,
            "soon",
            "no number",
            order_key="soon",
            deadline_at=tx.now + timedelta(hours=2),
        )
        holds.open_hold(tx, held)
        undated = holds.NewHold("unmapped_carrier", "warehouse", holds.ORDER, "late", "no date", order_key="late")
        holds.open_hold(tx, undated)
        rows = trends.deadlines(tx)
    assert [(row["minutes left"], row["order"], row["what"], row["owner"]) for row in rows] == [
        (-60, "late", "dispatch owed", ""),
        (120, "soon", "held: missing_tracking", "warehouse"),
    ]


def test_where_the_open_orders_stand_is_told_by_stage(database: Database, clock: ManualClock) -> None:
    with database.transaction("harbour") as tx:
        for key in ("1", "2", "3"):
            save_order(tx, key, LineLife("a", "MUG", 2))
        orders.mark_taken(tx, "1", "77")
    clock.move(1800)
    with database.transaction("harbour") as tx:
        assert [tuple(row.values()) for row in trends.where(tx)] == [
            ("in the back office, to be shipped", 1, 30, "warehouse"),
            ("to be created in the back office", 2, 30, "operations"),
        ]


def test_calls_and_refusals_are_told_by_account(database: Database, clock: ManualClock) -> None:
    limit = Limit(60, burst=10)
    budgets = LedgerBudgets(database)
    for _ in range(3):
        budgets.take("harbour-shop", limit, Lane.NORMAL)
    budgets.close("harbour-shop", limit, clock.now() + timedelta(seconds=10))
    with database.transaction("trends") as tx:
        assert trends.limits(tx) == [
            {"account and calls": "harbour-shop:", "calls so far": 3, "refused for their number": 1}
        ]


def test_no_stock_that_waits_is_a_row_of_zeroes(database: Database) -> None:
    with database.transaction("harbour") as tx:
        [row] = trends.stock(tx, timedelta(minutes=30))
    assert set(row.values()) == {0}
