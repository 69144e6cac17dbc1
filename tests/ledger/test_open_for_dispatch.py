from domain.orders import LineLife
from ledger import orders
from ledger.database import Database, Transaction
from tests.doubles import ManualClock
from tests.ledger.making import begin, save_order


def _asked_about(tx: Transaction) -> list[str]:
    return [row.key for row in orders.open_for_dispatch(tx, "", 100, 14)]


def test_an_order_is_asked_about_until_it_is_shipped_whole(database: Database) -> None:
    with begin(database) as tx:
        save_order(tx, "1", LineLife("1", "A", 2))
        assert _asked_about(tx) == [], "the back office does not have it"
        orders.mark_taken(tx, "1", "B1")
        assert _asked_about(tx) == ["1"]
        orders.add_shipped(tx, "1", {"1": 1})
        assert _asked_about(tx) == ["1"], "one unit is left"
        orders.add_shipped(tx, "1", {"1": 1})
        assert _asked_about(tx) == [], "its dispatch is on its way to the marketplace"


def test_what_is_cancelled_may_leave_all_the_same_and_is_asked_about(database: Database) -> None:
    with begin(database) as tx:
        save_order(tx, "1", LineLife("1", "A", 1, shipped=1), LineLife("2", "B", 1, cancelled=1))
        orders.mark_taken(tx, "1", "B1")
        assert _asked_about(tx) == ["1"]


def test_an_order_that_awaits_its_tracking_number_is_asked_about(database: Database) -> None:
    with begin(database) as tx:
        save_order(tx, "1", LineLife("1", "A", 1, shipped=1))
        orders.mark_taken(tx, "1", "B1")
        orders.mark(tx, "1", awaits_tracking=True)
        assert _asked_about(tx) == ["1"]


def test_what_was_cancelled_is_asked_about_for_some_days_only_and_what_was_shipped_not_at_all(
    database: Database, clock: ManualClock
) -> None:
    with begin(database) as tx:
        save_order(tx, "1", LineLife("1", "A", 1, cancelled=1))
        save_order(tx, "2", LineLife("1", "A", 1, shipped=1, dispatched=1))
        for key in ("1", "2"):
            orders.mark_taken(tx, key, f"B{key}")
            orders.mark(tx, key, final_at=tx.now)
    for days, asked in ((13.9, ["1"]), (0.2, [])):
        clock.move(days * 86400)
        with begin(database) as tx:
            assert _asked_about(tx) == asked
