"""Which open orders a dispatch feed is asked about: round about, so that none waits for ever."""

from datetime import timedelta

from domain.orders import LineLife
from ledger import orders
from ledger.database import Database
from tasks import pull
from tests.ledger.making import begin, save_order


def keys(database: Database, after: str) -> list[str]:
    with begin(database) as tx:
        return [order.key for order in pull._about(tx, after, 14)]


def test_new_orders_never_keep_old_ones_waiting(database: Database) -> None:
    with begin(database) as tx:
        for key in ("order-1", "order-2", "order-3"):
            save_order(tx, key, LineLife("1", "A", 1))
            orders.mark_taken(tx, key, f"back-{key}")
    assert keys(database, "") == ["order-1", "order-2", "order-3"]
    assert keys(database, "order-2") == ["order-3", "order-1", "order-2"]
    assert keys(database, "order-9") == ["order-1", "order-2", "order-3"]
    with begin(database) as tx:
        orders.mark(tx, "order-1", final_at=tx.now - timedelta(days=15))
    assert keys(database, "order-2") == ["order-3", "order-2"]
