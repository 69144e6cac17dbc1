"""Where orders stand, and which of them nobody ships."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from domain.installation import Side
from domain.orders import LineLife
from domain.records import Kind
from ledger import holds, inbox, messages, orders, stages
from ledger.database import Database, Transaction
from tests.doubles import ManualClock
from tests.ledger.making import begin, hold, owed, save_order


def _order(tx: Transaction, key: str, hours: float, *lines: LineLife, taken: bool = True) -> None:
    """Save an order of two mugs whose dispatch deadline comes in some hours."""
    save_order(tx, key, *(lines or (LineLife("a", "MUG", 2),)))
    orders.mark(tx, key, dispatch_by_at=tx.now + timedelta(hours=hours))
    if taken:
        orders.mark_taken(tx, key, f"office-{key}")


def _nearest(tx: Transaction) -> list[str]:
    return [row.key for row in stages.nearest(tx, tx.now + timedelta(hours=4), 10)]


def test_an_order_with_units_to_ship_and_a_near_deadline_is_not_shipped(database: Database) -> None:
    with begin(database) as tx:
        assert stages.not_shipped(tx, tx.now + timedelta(hours=4)) is None
        _order(tx, "late", -70)
        _order(tx, "near", 1)
        _order(tx, "far", 5)
        _order(tx, "part", 2, LineLife("a", "MUG", 2, shipped=1))
        _order(tx, "shipped", 1, LineLife("a", "MUG", 2, shipped=2))
        _order(tx, "dispatched", 1, LineLife("a", "MUG", 2, dispatched=2))
        _order(tx, "cancelled", 1, LineLife("a", "MUG", 2, cancelled=2))
        _order(tx, "rest cancelled", 1, LineLife("a", "MUG", 2, cancelled=1, shipped=1))
        _order(tx, "final", 1)
        orders.mark(tx, "final", final_at=tx.now)
        assert _nearest(tx) == ["late", "near", "part"]
        found = stages.not_shipped(tx, tx.now + timedelta(hours=4))
        assert found == stages.NotShipped(3, 1, tx.now - timedelta(hours=70))


def test_an_order_of_which_a_hold_speaks_is_told_there(database: Database) -> None:
    with begin(database) as tx:
        _order(tx, "held", 1)
        holds.open_hold(tx, hold(holds.ORDER, "held", order_key="held"))
        assert _nearest(tx) == []
        holds.close_holds(tx, holds.ORDER, ["held"], "done", "a test")
        assert _nearest(tx) == ["held"]


def test_the_orders_of_another_installation_are_not_told(database: Database) -> None:
    with begin(database) as tx:
        _order(tx, "1", 1)
    with database.transaction("mugs") as tx:
        assert _nearest(tx) == []
        assert stages.by_stage(tx) == []


def _ask(tx: Transaction, key: str) -> None:
    messages.owe(tx, [owed(key, unknown=True)])


def _await_address(tx: Transaction, key: str) -> None:
    arrival = inbox.Arrival(Side.MARKETPLACE, Kind.SALES_ORDER, key, "print", {}, {}, inbox.INCOMPLETE, key)
    [inbox_id] = inbox.store(tx, [arrival]).values()
    orders.mark(tx, key, inbox_id=inbox_id)


@pytest.mark.parametrize(
    ("does", "taken", "stage", "owner"),
    [
        (lambda _tx, _key: None, False, "to be created in the back office", "operations"),
        (_await_address, False, "its address is awaited", "ecommerce"),
        (_ask, False, "sent to the back office, outcome unknown", "operations"),
        (lambda _tx, _key: None, True, "in the back office, to be shipped", "warehouse"),
        (lambda tx, key: orders.add_shipped(tx, key, {"a": 2}), True, "shipped, not confirmed", "operations"),
        (
            lambda tx, key: holds.open_hold(tx, hold(holds.ORDER, key, order_key=key)),
            True,
            "held",
            "operations",
        ),
        (
            lambda tx, key: holds.open_hold(tx, hold(holds.ORDER, key, "deadline_at_risk", order_key=key)),
            True,
            "in the back office, to be shipped",
            "warehouse",
        ),
    ],
)
def test_each_order_stands_at_one_stage_since_a_moment(
    database: Database, clock: ManualClock, does: Any, stage: str, owner: str, *, taken: bool
) -> None:
    with begin(database) as tx:
        _order(tx, "1", 9, taken=taken)
        does(tx, "1")
        since = tx.now
    clock.move(7200)
    with begin(database) as tx:
        _order(tx, "2", 9, taken=taken)
        does(tx, "2")
        assert [tuple(row) for row in stages.by_stage(tx)] == [(stage, owner, 2, since)]
        assert [tuple(row) for row in stages.of_orders(tx, ["1"])] == [("1", stage, since, owner)]
        for key in ("1", "2"):
            orders.mark(tx, key, final_at=tx.now)
        assert stages.by_stage(tx) == []
        assert [row.stage for row in stages.of_orders(tx, ["1"])] == ["finished"]


def test_the_look_for_what_is_not_shipped_walks_only_orders_that_are_not_finished(database: Database) -> None:
    """Of hundreds of thousands of orders a few are open: their index is used, and that of their lines and holds."""
    with begin(database) as tx:
        orders.save(tx, [_row(tx, number) for number in range(4000)], [])
        orders.save_lines(tx, [(str(number), LineLife("a", "MUG", 2)) for number in range(4000)])
        tx.run(text("update sales_order set final_at = placed_at where key not like '%00'"))
        if tx.is_postgresql:
            tx.run(text("analyze"))
        found = stages.not_shipped(tx, tx.now + timedelta(hours=4))
        assert found is not None
        assert found.orders == 39
        plan = " ".join(_plan(tx))
    assert "ix_sales_order_installation_final_at" in plan
    assert "SCAN sales_order" not in plan
    assert "Seq Scan on sales_order" not in plan


def _row(tx: Transaction, number: int) -> dict[str, Any]:
    at = {"placed_at": tx.now, "dispatch_by_at": tx.now, "filed_at": tx.now, "taken_at": tx.now}
    names = {"key": str(number), "reference": str(number), "external_id": "", "back_office_id": ""}
    return {**names, **at, "inbox_id": 1, "awaits_tracking": False}


def _plan(tx: Transaction) -> list[str]:
    """Return how the database would look for them."""
    how = "explain " if tx.is_postgresql else "explain query plan "
    compiled = stages._COUNTED.params(mine=tx.installation, before=tx.now, now=tx.now).compile(
        tx.connection, compile_kwargs={"literal_binds": True}
    )
    return [str(row) for row in tx.rows(text(how + str(compiled)))]
