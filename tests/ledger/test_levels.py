from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from domain.installation import Side, StockPolicy
from domain.orders import LineLife
from domain.records import Deducts, Item
from ledger import holds, items, levels, orders, proofs, tickets
from ledger.database import Database, Transaction
from ledger.levels import Sending
from ledger.rows import table
from ledger.stock_tables import Level
from tests.doubles import ManualClock
from tests.ledger.making import LEASE, begin, count, hold, list_skus, save_order
from tests.scanning import scan

PLAIN = StockPolicy()


def publish_all(tx: Transaction) -> None:
    """Let the marketplace take everything that is owed."""
    for sending in claim(tx):
        assert levels.published(tx, sending, proved=False)


def claim(tx: Transaction, limit: int = 100, *, pulled: bool = True) -> list[Sending]:
    """Claim with the orders pulled whole just now, or never."""
    seen_at = tx.now + timedelta(seconds=1) if pulled else None
    return levels.claim(tx, limit, LEASE, orders_seen_at=seen_at)


def wanted(tx: Transaction, **counts: int) -> None:
    """Let a scan count these."""
    scan(tx, [count(sku, quantity) for sku, quantity in counts.items()])
    levels.recompute(tx, counts, PLAIN)


def row(tx: Transaction, sku: str = "A") -> Level:
    found: Level = tx.one(select(table(Level)).where(table(Level).c.sku == sku))  # type: ignore[assignment]  # a row with its columns
    return found


def sent(claimed: list[Sending]) -> dict[str, int]:
    return {sending.sku: sending.quantity for sending in claimed}


@pytest.fixture
def shown(database: Database) -> Database:
    """SKUs A to D, each shown as 10."""
    with begin(database) as tx:
        list_skus(tx, "A", "B", "C", "D")
        wanted(tx, A=10, B=10, C=10, D=10)
        publish_all(tx)
    return database


def test_a_level_begins_when_both_sides_know_the_sku_and_is_not_owed_before_a_scan(database: Database) -> None:
    with begin(database) as tx:
        list_skus(tx, "A")
        items.store(tx, Side.MARKETPLACE, [Item(sku="ONLY-LISTED", stock_number="9")])
        items.store(tx, Side.BACK_OFFICE, [Item(sku="ONLY-STOCKED")])
        assert levels.enrol(tx) == 0
        assert list(levels.listed_skus(tx)) == [["A"]]
        assert levels.recompute(tx, ["A"], PLAIN) == 0
        assert claim(tx) == []
        assert levels.owed_count(tx) == 0


def test_the_number_is_the_sum_of_the_pools_less_what_is_in_flight_and_the_buffer(database: Database) -> None:
    with begin(database) as tx:
        list_skus(tx, "A", "B")
        scan(tx, [count("A", 10), count("A", 5, pool="shop"), count("A", 40, pool="broken"), count("B", 3)])
        save_order(tx, "order-1", LineLife("1", "A", 4))
        policy = StockPolicy(pools=("main", "shop"), buffer=1, buffers={"A": 2})
        assert levels.recompute(tx, ["A", "B", "UNKNOWN"], policy) == 2
        assert sent(claim(tx)) == {"A": 9, "B": 2}
        assert row(tx).why == "15 counted - 4 in flight (on_acceptance) - 2 buffer = 9"


def test_the_number_is_as_old_as_the_scan_and_no_number_is_older_than_the_limit(
    database: Database, clock: ManualClock
) -> None:
    began_at = clock.now()
    with begin(database) as tx:
        list_skus(tx, "A")
        wanted(tx, A=10)
        publish_all(tx)
        assert row(tx).wanted_as_of == began_at
    clock.move(PLAIN.age_limit_minutes * 60 - 1)
    with begin(database) as tx:
        assert levels.recompute(tx, ["A"], PLAIN) == 0
    clock.move(1)
    with begin(database) as tx:
        assert levels.recompute(tx, ["A"], PLAIN) == 1
        assert sent(claim(tx, pulled=False)) == {"A": 0}
        assert "older than 240 minutes" in row(tx).why


def test_drops_to_zero_go_first_then_falls_then_rises(shown: Database) -> None:
    with begin(shown) as tx:
        wanted(tx, A=12, B=3, C=0, D=1)
        assert list(sent(claim(tx, 3))) == ["C", "B", "D"]
        assert sent(claim(tx)) == {"A": 12}


def test_only_zero_goes_before_the_orders_were_pulled_after_the_scan_began(shown: Database, clock: ManualClock) -> None:
    clock.move(60)
    with begin(shown) as tx:
        wanted(tx, A=12, B=3, C=0, D=10)
        scan_began_at: datetime = tx.now
        assert sent(levels.claim(tx, 10, LEASE, orders_seen_at=None)) == {"C": 0}
        for seen_at in (scan_began_at - timedelta(seconds=1), scan_began_at):
            assert levels.claim(tx, 10, LEASE, orders_seen_at=seen_at) == []
        assert sent(levels.claim(tx, 10, LEASE, orders_seen_at=scan_began_at + timedelta(seconds=1))) == {
            "B": 3,
            "A": 12,
        }


def test_nothing_is_owed_where_the_number_shows_already(shown: Database) -> None:
    with begin(shown) as tx:
        wanted(tx, A=10, B=10, C=10, D=10)
        assert (levels.owed_count(tx), claim(tx)) == (0, [])


def test_only_one_number_a_sku_is_in_flight_and_the_newest_follows(shown: Database) -> None:
    with begin(shown) as tx:
        wanted(tx, A=5, B=10, C=10, D=10)
        first = claim(tx)[0]
        wanted(tx, A=2, B=10, C=10, D=10)
        assert claim(tx) == []
        assert levels.published(tx, first, proved=False)
        assert sent(claim(tx)) == {"A": 2}


def test_back_to_the_old_number_while_another_is_in_flight_is_still_owed(shown: Database) -> None:
    with begin(shown) as tx:
        wanted(tx, A=5, B=10, C=10, D=10)
        first = claim(tx)[0]
        wanted(tx, A=10, B=10, C=10, D=10)
        assert levels.published(tx, first, proved=False)
        assert sent(claim(tx)) == {"A": 10}


def test_a_lost_worker_leaves_the_newest_number_owed_and_its_late_answer_changes_nothing(
    shown: Database, clock: ManualClock
) -> None:
    with begin(shown) as tx:
        wanted(tx, A=5, B=10, C=10, D=10)
        lost = claim(tx)[0]
    clock.move(LEASE.total_seconds() + 1)
    with begin(shown) as tx:
        wanted(tx, A=4, B=10, C=10, D=10)
        owner = claim(tx)[0]
        assert (owner.quantity, owner.attempt) == (4, lost.attempt + 1)
        assert not levels.published(tx, lost, proved=False)
        tickets.taken(tx, [lost], "late", None)
        assert row(tx).ticket is None
        assert not levels.postponed(tx, [lost], tx.now)
        assert levels.published(tx, owner, proved=True)
        assert (row(tx).published, row(tx).proved_at, levels.owed_count(tx)) == (4, tx.now, 0)


def test_an_unknown_outcome_empties_what_is_published_and_owes_the_newest(shown: Database, clock: ManualClock) -> None:
    with begin(shown) as tx:
        wanted(tx, A=5, B=10, C=10, D=10)
        due_at = tx.now + timedelta(seconds=30)
        levels.postponed(tx, claim(tx), due_at)
        wanted(tx, A=10, B=10, C=10, D=10)
        assert (row(tx).published, row(tx).owed) == (None, True)
        assert claim(tx) == []
    clock.move(30)
    with begin(shown) as tx:
        assert sent(claim(tx)) == {"A": 10}


def test_a_ticket_blocks_its_sku_until_it_is_answered(shown: Database) -> None:
    with begin(shown) as tx:
        wanted(tx, A=5, B=4, C=10, D=10)
        for sending in claim(tx):
            tickets.taken(tx, [sending], f"ticket-{sending.sku}", None)
        wanted(tx, A=5, B=3, C=10, D=10)
        assert claim(tx) == []
        assert tickets.unanswered(tx) == {"ticket-B": 1, "ticket-A": 1}
        waiting = tickets.levels_of(tx, ["ticket-A", "ticket-B", "another ticket"])
        assert {(one.sku, one.ticket, one.sending, one.stock_number) for one in waiting} == {
            ("A", "ticket-A", 5, "number-A"),
            ("B", "ticket-B", 4, "number-B"),
        }
        tickets.answered(tx, "another ticket", {"A": 5})
        tickets.answered(tx, "ticket-A", {"A": 5})
        tickets.answered(tx, "ticket-B", {}, {"B": tx.now})
        assert tickets.unanswered(tx) == {}
        assert (row(tx, "A").published, row(tx, "A").owed, row(tx, "A").proved_at) == (5, False, tx.now)
        assert (row(tx, "B").published, row(tx, "B").proved_at) == (None, None)
        assert sent(claim(tx)) == {"B": 3}


def test_a_zero_goes_past_a_ticket_only_where_the_sink_lets_it_and_only_once(
    shown: Database, clock: ManualClock
) -> None:
    with begin(shown) as tx:
        wanted(tx, A=5, B=10, C=10, D=10)
        for sending in claim(tx):
            tickets.taken(tx, [sending], "a file", None)
        wanted(tx, A=0, B=10, C=10, D=10)
        assert not claim(tx)
        assert sent(levels.claim(tx, 9, LEASE, orders_seen_at=None, zero_overtakes=True)) == {"A": 0}
    clock.move(LEASE.total_seconds() + 60)
    with begin(shown) as tx:
        assert not levels.claim(tx, 9, LEASE, orders_seen_at=None, zero_overtakes=True), "it is on its way"
        wanted(tx, A=3, B=10, C=10, D=10)
        later = tx.now + timedelta(seconds=1)
        assert not levels.claim(tx, 9, LEASE, orders_seen_at=later, zero_overtakes=True), "no other number passes"


def test_a_read_back_proves_the_number_or_owes_the_newest(shown: Database, clock: ManualClock) -> None:
    clock.move(600)
    with begin(shown) as tx:
        assert {one.sku for one in proofs.unproved(tx, tx.now, 10)} == {"A", "B", "C", "D"}
        assert len(proofs.unproved(tx, tx.now, 1)) == 1
        assert proofs.unproved(tx, tx.now - timedelta(minutes=10), 10) == []
        proofs.proved(tx, {"A": 10})
        sent_of = {"B": 10, "C": 9}  # C: what was read back is not what shows by now
        proofs.differ(tx, sent_of, dict.fromkeys(sent_of, tx.now))
        assert {one.sku for one in proofs.unproved(tx, tx.now, 10)} == {"C", "D"}
        assert sent(claim(tx)) == {"B": 10}


def test_unlisted_levels_are_not_sent(shown: Database) -> None:
    with begin(shown) as tx:
        wanted(tx, A=5, B=4, C=3, D=10)
        items.unlist(tx, tx.now + timedelta(seconds=1))
        items.store(tx, Side.MARKETPLACE, [Item(sku=sku, stock_number=sku) for sku in ("A", "C")])
        assert sent(claim(tx)) == {"A": 5, "C": 3}


@pytest.mark.parametrize("kind", ["quantity", "sku_form", "refused", "listing_without_item", "contradiction"])
def test_a_hold_stops_a_rise_and_neither_a_fall_nor_a_zero(shown: Database, kind: str) -> None:
    with begin(shown) as tx:
        wanted(tx, A=12, B=9, C=0, D=10)
        for sku in "ABCD":
            holds.open_hold(tx, hold(holds.LEVEL, sku, kind))
        assert sent(claim(tx)) == {"C": 0, "B": 9}


def test_what_is_held_falls_to_zero_once_its_count_is_past_its_age(shown: Database, clock: ManualClock) -> None:
    with begin(shown) as tx:
        holds.open_hold(tx, hold(holds.LEVEL, "A", "quantity"))
    clock.move(PLAIN.age_limit_minutes * 60)
    with begin(shown) as tx:
        levels.recompute(tx, "A", PLAIN)
        assert sent(claim(tx, pulled=False)) == {"A": 0}


def test_what_falls_is_known_although_nobody_knows_what_is_published(shown: Database, clock: ManualClock) -> None:
    with begin(shown) as tx:
        wanted(tx, A=12, B=12, C=10, D=10)
        refused, unanswered = claim(tx)
        assert levels.refused(tx, refused, tx.now)
        levels.postponed(tx, [unanswered], tx.now)
        for sku in "AB":
            holds.open_hold(tx, hold(holds.LEVEL, sku))
        wanted(tx, A=11, B=11, C=10, D=10)
        assert sent(claim(tx)) == {"B": 11}, "A shows 10, as nothing was done; B may show 12"
    clock.move(LEASE.total_seconds() + 1)
    with begin(shown) as tx:
        wanted(tx, A=9, B=11, C=10, D=10)
        assert sent(claim(tx)) == {"A": 9, "B": 11}, "who was lost may have sent 12, too"
        assert row(tx, "B").may_show == 12


def test_nothing_but_zero_is_a_fall_where_no_number_was_ever_taken(database: Database) -> None:
    with begin(database) as tx:
        list_skus(tx, "A", "B")
        wanted(tx, A=5, B=5)
        for one in claim(tx):
            levels.refused(tx, one, tx.now)
            holds.open_hold(tx, hold(holds.LEVEL, one.sku))
        wanted(tx, A=3, B=0)
        assert sent(claim(tx)) == {"B": 0}


def test_the_first_number_of_a_sender_that_was_lost_may_show(database: Database, clock: ManualClock) -> None:
    with begin(database) as tx:
        list_skus(tx, "A")
        wanted(tx, A=9)
        claim(tx)
    clock.move(LEASE.total_seconds() + 1)
    with begin(database) as tx:
        [again] = claim(tx)
        levels.refused(tx, again, tx.now)
        holds.open_hold(tx, hold(holds.LEVEL, "A"))
        wanted(tx, A=5)
        assert sent(claim(tx)) == {"A": 5}


def test_a_zero_that_is_new_waits_for_no_moment_and_one_that_was_tried_does(
    shown: Database, clock: ManualClock
) -> None:
    with begin(shown) as tx:
        wanted(tx, A=5, B=10, C=10, D=10)
        levels.refused(tx, claim(tx)[0], tx.now + timedelta(minutes=10))
        wanted(tx, A=4, B=10, C=10, D=10)
        assert claim(tx) == []
        wanted(tx, A=0, B=10, C=10, D=10)
        levels.refused(tx, claim(tx)[0], tx.now + timedelta(minutes=10))
        wanted(tx, A=0, B=10, C=10, D=10)
        assert claim(tx) == []
        levels.due_now(tx, ["A"])
        assert sent(claim(tx)) == {"A": 0}


@pytest.mark.parametrize("way", list(Deducts))
def test_filing_an_order_nets_its_skus_at_once_whatever_the_way(database: Database, way: Deducts) -> None:
    with begin(database) as tx:
        list_skus(tx, "A")
        scan(tx, [count("A", 10, deducts=way)])
        levels.recompute(tx, ["A"], PLAIN)
        publish_all(tx)
        save_order(tx, "order-1", LineLife("1", "A", 4))
        assert levels.recompute(tx, ["A"], PLAIN) == 1
        assert sent(claim(tx)) == {"A": 6}


def test_the_next_scan_looks_again_at_every_sku_that_came_to_be_deducted(shown: Database, clock: ManualClock) -> None:
    with begin(shown) as tx:
        save_order(tx, "waiting", LineLife("1", "A", 1))
        save_order(tx, "taken", LineLife("1", "B", 1))
        save_order(tx, "shipped", LineLife("1", "C", 1))
        save_order(tx, "long ago", LineLife("1", "D", 1))
        orders.mark_taken(tx, "long ago", "")
    clock.move(60)
    with begin(shown) as tx:
        moment = tx.now
        for key in ("taken", "shipped"):
            orders.mark_taken(tx, key, "")
        orders.add_shipped(tx, "shipped", {"1": 1})
        assert levels.touched_since(tx, moment) == {"A", "B", "C"}
        assert levels.touched_since(tx, None) == {"A", "B", "C", "D"}


def test_a_number_that_did_not_change_is_not_written(shown: Database, clock: ManualClock) -> None:
    with begin(shown) as tx:
        before = row(tx)
    clock.move(60)
    with begin(shown) as tx:
        wanted(tx, A=10, B=10, C=10, D=9)
        assert row(tx) == before
        assert row(tx, "D").wanted_as_of == tx.now


def test_a_claim_walks_an_index_and_sorts_nothing(shown: Database) -> None:
    """Or what it costs grows with all that is owed."""
    if shown.engine.dialect.name != "sqlite":
        return
    plans = []
    with begin(shown) as tx:
        now = {"mine": tx.installation, "now": tx.now, "seen_at": tx.now, "limit": 9}
        for overtaking in (False, True):
            statement = levels._claimable(overtaking=overtaking).compile(tx.connection)
            given = [statement.construct_params(now)[name] for name in statement.positiontup or ()]
            written = [str(one) if isinstance(one, datetime) else one for one in given]
            plan = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", tuple(written))
            plans.append(" ".join(str(row[3]) for row in plan))
    assert all("ix_level_owed (installation=? AND <expr>" in plan for plan in plans), plans
    assert not any("B-TREE" in plan or "SCAN" in plan for plan in plans), plans
