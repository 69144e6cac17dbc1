"""What a process of its own does to a ledger, in tests of several at once."""

from collections.abc import Callable
from datetime import timedelta
from multiprocessing.synchronize import Barrier
from typing import Any

from domain.budgets import Lane, Limit
from domain.installation import Side
from domain.orders import LineLife
from domain.records import Kind
from ledger import levels, messages, orders
from ledger.budgets import LedgerBudgets
from ledger.database import Database
from tests.doubles import ManualClock
from tests.warm import warm

LEASE = timedelta(minutes=10)


_SECONDS_FOR_ALL_TO_COME = 300  # a process that starts on a busy machine may take long; the tests fail no sooner for it
_together: Barrier


def in_processes(work: Callable[..., Any], arguments: list[tuple[Any, ...]]) -> list[Any]:
    """Run the work once for each set of arguments, each in a process of its own; none begins before all are there."""
    processes = warm()
    together = processes.Barrier(len(arguments))
    with processes.Pool(len(arguments), initializer=_know, initargs=(together,)) as pool:
        return pool.starmap(work, arguments, chunksize=1)


def _know(together: Barrier) -> None:
    global _together  # noqa: PLW0603 - a pool hands nothing else to its processes
    _together = together


def _meet() -> None:
    """Wait for the other processes: whoever comes here holds what the others must not get."""
    _together.wait(timeout=_SECONDS_FOR_ALL_TO_COME)


def claim_messages(url: str) -> list[str]:
    """Claim a few at a time, with the attempt committed and the answer noted, until there are none."""
    database, claimed_keys = Database(url, ManualClock()), []
    _meet()
    first = True
    while True:
        with database.transaction("towels", "claims") as tx:
            claimed = messages.claim(tx, Kind.SALES_ORDER, 7, LEASE, looking=False)
        if first:
            _meet()  # every worker has claimed before any goes on: so all of them raced
            first = False
        if not claimed:
            break
        with database.transaction("towels", "answers") as tx:
            claimed_keys += [one.key for one in claimed if messages.close(tx, one, "done", "seen")]
    database.close()
    return claimed_keys


def claim_levels(url: str) -> list[str]:
    """Claim and publish levels until there are none."""
    database, skus = Database(url, ManualClock()), []
    _meet()
    first = True
    while True:
        with database.transaction("towels") as tx:
            claimed = levels.claim(tx, 7, LEASE, orders_seen_at=tx.now + timedelta(seconds=1))
        if first:
            _meet()
            first = False
        if not claimed:
            break
        with database.transaction("towels") as tx:
            skus += [sending.sku for sending in claimed if levels.published(tx, sending, proved=False)]
    database.close()
    return skus


def take_permits(url: str, account: str, tries: int) -> int:
    """Ask for permits of one budget, all at one moment; return how many were given."""
    database = Database(url, ManualClock())
    budgets, limit = LedgerBudgets(database), Limit(600, burst=60)
    _meet()
    given = sum(budgets.take(account, limit, Lane.URGENT) is None for _ in range(tries))
    database.close()
    return given


def file_orders(url: str, worker: int, how_many: int) -> int:
    """File orders, some of them the same as the others' workers file."""
    database = Database(url, ManualClock())
    _meet()
    for number in range(how_many):
        key = f"order-{number}" if number % 2 else f"order-{worker}-{number}"
        with database.transaction("towels") as tx:
            if key not in orders.known(tx, [key]):
                row = {"key": key, "reference": key, "external_id": key, "inbox_id": 1, "back_office_id": ""}
                row |= {"placed_at": tx.now, "dispatch_by_at": None, "filed_at": tx.now, "awaits_tracking": False}
                orders.save(tx, [row], [(key, LineLife("1", "A", 1))])
                messages.owe(tx, [messages.Owed(Kind.SALES_ORDER, key, key, Side.BACK_OFFICE, 1)])
            orders.add_shipped(tx, key, {"1": 1})
    database.close()
    return how_many
