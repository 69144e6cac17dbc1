"""Real processes on one ledger: nothing is done twice, and nothing is lost."""

from sqlalchemy import func, select

from domain.installation import StockPolicy
from ledger import levels, messages
from ledger.database import Database
from ledger.rows import table
from ledger.tables import BudgetRow, Message, OrderLineRow
from tests.ledger.making import begin, count, list_skus, owed
from tests.ledger.workers import claim_levels, claim_messages, file_orders, in_processes, take_permits
from tests.scanning import scan


def test_four_workers_claim_each_of_400_messages_exactly_once(database: Database, url: str) -> None:
    with begin(database) as tx:
        messages.owe(tx, [owed(f"order-{number}") for number in range(400)])
    claimed = in_processes(claim_messages, [(url,)] * 4)
    keys = [key for worker in claimed for key in worker]
    assert (len(keys), len(set(keys))) == (400, 400)
    assert all(claimed)  # else not all of them raced
    with begin(database) as tx:
        message = table(Message).c
        assert tx.value(select(func.max(message.attempt))) == 1
        assert tx.value(select(func.count()).where(message.closed_at.is_(None))) == 0


def test_four_workers_publish_each_of_400_levels_exactly_once(database: Database, url: str) -> None:
    skus = [f"SKU-{number:03}" for number in range(400)]
    with begin(database) as tx:
        list_skus(tx, *skus)
        scan(tx, [count(sku, 5) for sku in skus])
        levels.recompute(tx, skus, StockPolicy())
    claimed = in_processes(claim_levels, [(url,)] * 4)
    assert sorted(sku for worker in claimed for sku in worker) == skus
    assert all(claimed)  # else not all of them raced


def test_four_workers_together_get_the_permits_of_one_budget(database: Database, url: str) -> None:
    given = in_processes(take_permits, [(url, "shop-1", 40)] * 4)
    assert sum(given) == 60
    with begin(database) as tx:
        assert tx.value(select(table(BudgetRow).c.calls)) == 60


def test_of_four_workers_that_file_the_same_orders_none_is_lost_and_none_is_doubled(
    database: Database, url: str
) -> None:
    in_processes(file_orders, [(url, worker, 40) for worker in range(4)])
    with begin(database) as tx:
        shipped = table(OrderLineRow).c.shipped
        assert tx.value(select(func.count()).select_from(table(Message))) == 20 + 4 * 20
        assert tx.value(select(func.sum(shipped))) == 4 * 40
        assert tx.value(select(func.max(shipped))) == 4
