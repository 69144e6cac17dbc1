"""Tickets of a marketplace that works files off: one at a time, and never for ever."""

from datetime import timedelta

from ledger import levels, tickets
from ledger.database import Database
from tests.doubles import ManualClock
from tests.ledger.making import LEASE, begin, list_skus
from tests.ledger.test_levels import row, sent, wanted


def alone(tx: object, limit: int = 10) -> list[levels.Sending]:
    seen_at = tx.now + timedelta(seconds=1)  # type: ignore[attr-defined] # a transaction
    return levels.claim(tx, limit, LEASE, orders_seen_at=seen_at, alone=True)  # type: ignore[arg-type] # as above


def test_no_second_file_while_one_is_being_sent_or_its_ticket_is_open(database: Database, clock: ManualClock) -> None:
    with begin(database) as tx:
        list_skus(tx, "A", "B", "C")
        wanted(tx, A=1, B=2, C=3)
        first = alone(tx, 1)
        assert alone(tx) == [], "it is being sent"
        tickets.taken(tx, first, "file-1", tx.now + timedelta(minutes=30))
    clock.move(LEASE.total_seconds() * 3)
    with begin(database) as tx:
        wanted(tx, A=1, B=0, C=3)
        assert alone(tx) == [], "not even a zero overtakes the file"
        tickets.answered(tx, "file-1", {"A": 1})
        assert sent(alone(tx)) == {"B": 0, "C": 3}


def test_a_worker_that_died_with_its_file_stops_nobody_beyond_its_lease(database: Database, clock: ManualClock) -> None:
    with begin(database) as tx:
        list_skus(tx, "A", "B")
        wanted(tx, A=1, B=2)
        alone(tx, 1)
    clock.move(LEASE.total_seconds() + 1)
    with begin(database) as tx:
        assert sent(alone(tx)) == {"A": 1, "B": 2}


def test_a_big_file_is_claimed_and_ticketed_whole(database: Database) -> None:
    skus = [f"SKU-{number:05d}" for number in range(6_000)]
    with begin(database) as tx:
        list_skus(tx, *skus)
        wanted(tx, **dict.fromkeys(skus, 7))
        claimed = alone(tx, 5_000)
        assert len(claimed) == 5_000
        tickets.taken(tx, claimed, "file-1", tx.now)
        assert tickets.unanswered(tx) == {"file-1": 5_000}
        assert len(tickets.levels_of(tx, ["file-1"])) == 5_000


def test_only_a_ticket_past_its_moment_is_given_up(database: Database, clock: ManualClock) -> None:
    with begin(database) as tx:
        list_skus(tx, "A")
        wanted(tx, A=1)
        tickets.taken(tx, alone(tx), "file-1", tx.now + timedelta(minutes=30))
        assert tickets.give_up(tx) == 0
    clock.move(31 * 60)
    with begin(database) as tx:
        wanted(tx, A=5)
        assert tickets.give_up(tx) == 1
        assert (row(tx).ticket, row(tx).due_at) == (None, None)
        assert sent(alone(tx)) == {"A": 5}, "the newest number, never the old one"
