"""What a move of the marketplace does to the ledger, on both databases."""

from datetime import timedelta

from domain.installation import Side
from domain.orders import LineLife
from domain.records import Item, Kind
from ledger import accounts, former_listings, items, journal, levels, messages, moving, orders
from ledger.accounts import Joined
from ledger.database import Database, Transaction
from ledger.rows import table
from ledger.stock_tables import Level
from ledger.tables import Message, SalesOrderRow
from tests.ledger.making import LEASE, begin, list_skus, owed, save_order

OLD, NEW = Joined("old_system", "old"), Joined("new_system", "new")


def claimed(tx: Transaction, account: str, *, looking: bool = False) -> list[str]:
    found = messages.claim(tx, Kind.ACKNOWLEDGEMENT, 9, LEASE, looking=looking, account=account)
    return [one.key for one in found]


def owe(tx: Transaction, key: str) -> None:
    save_order(tx, key, LineLife("1", "A", 1))
    messages.owe(tx, [owed(key, Kind.ACKNOWLEDGEMENT, Side.MARKETPLACE)])


def test_an_account_is_noted_once_and_another_one_is_a_stray(database: Database) -> None:
    with begin(database) as tx:
        assert accounts.strays(tx, {Side.MARKETPLACE: OLD}) == {}
        assert accounts.strays(tx, {Side.MARKETPLACE: OLD}) == {}
        assert accounts.strays(tx, {Side.MARKETPLACE: NEW}) == {Side.MARKETPLACE: OLD}
        accounts.join(tx, Side.MARKETPLACE, NEW)
        assert accounts.joined(tx) == {Side.MARKETPLACE: NEW}
        accounts.join(tx, Side.MARKETPLACE, OLD)
        assert accounts.joined(tx) == {Side.MARKETPLACE: OLD}


def test_a_claim_takes_only_what_is_owed_to_its_own_account(database: Database) -> None:
    with begin(database) as tx:
        owe(tx, "of-the-old")
        accounts.leave(tx, "old", "new")
        owe(tx, "of-the-new")
        assert claimed(tx, "") == ["of-the-new"]
        assert claimed(tx, "old") == ["of-the-old"]
        assert accounts.unfinished(tx) == {"old": {"orders": 1, "messages": 1}}


def test_what_an_order_of_the_old_account_comes_to_owe_later_is_owed_there(database: Database) -> None:
    with begin(database) as tx:
        owe(tx, "1")
        accounts.leave(tx, "old", "new")
        messages.owe(tx, [owed("d", Kind.DISPATCH, Side.MARKETPLACE, order_key="1")])
        assert {row.account for row in tx.rows(table(Message).select())} == {"old"}
        assert orders.known(tx, ["1"])["1"].account == "old"


def test_a_move_back_makes_what_came_over_the_account_its_own_again(database: Database) -> None:
    with begin(database) as tx:
        journal.set_watermark(tx, "marketplace:sales_order", "7", tx.now, tx.now)
        items.map_carrier(tx, "DPD", "", "dpd", owner="w", review_on="", by="w")
        owe(tx, "1")
        accounts.leave(tx, "old", "new")
        assert (items.carriers(tx), items.carriers(tx, "old")) == ({}, {("DPD", ""): "dpd"})
        assert journal.watermark(tx, "marketplace:sales_order") is None
        mark = journal.watermark(tx, "marketplace:sales_order@old")
        assert mark is not None
        assert mark.cursor == "7"
        accounts.leave(tx, "new", "old")
        assert claimed(tx, "") == ["1"]
        assert items.carriers(tx) == {("DPD", ""): "dpd"}


def test_what_was_asked_over_the_old_road_is_looked_up_and_a_late_worker_writes_nothing(database: Database) -> None:
    with begin(database) as tx:
        owe(tx, "1")
        [one] = messages.claim(tx, Kind.ACKNOWLEDGEMENT, 1, LEASE, looking=False)
        messages.note(tx, one, attempted_at=tx.now, ticket="file-1")
        moving.change_road(tx, timedelta(0))
        assert not messages.note(tx, one, ticket="late")
        [again] = messages.claim(tx, Kind.ACKNOWLEDGEMENT, 1, LEASE, looking=True)
        assert (again.ticket, again.attempted_at) == (None, tx.now)


def test_a_level_with_a_ticket_owes_the_newest_number_once_it_is_listed_again(database: Database) -> None:
    with begin(database) as tx:
        list_skus(tx, "A")
        tx.run(table(Level).update().values(sending=5, ticket="file-1", published=None, owed=False, wanted=0))
        former_listings.leave_listed(tx, "old")
        moving.forget_listings(tx, with_numbers=True)
        assert levels.claim(tx, 9, LEASE, orders_seen_at=tx.now) == [], "not under an id of the old road"
        items.store(tx, Side.MARKETPLACE, [Item(sku="A", stock_number="n", external_id="new-id")])
        [sending] = levels.claim(tx, 9, LEASE, orders_seen_at=tx.now)
        assert (sending.quantity, sending.listing_id) == (0, "new-id")
        [left] = former_listings.due(tx, "old", 9)
        assert (left.sku, left.listing_id, left.proofs) == ("A", "listing-A", 0)


def test_a_listing_counts_as_left_once_it_was_seen_at_zero_twice(database: Database) -> None:
    with begin(database) as tx:
        former_listings.seen(tx, "old", [Item(sku="A", stock_number="n")])
        for left in ({"old": {"listings": 1}}, {}):
            former_listings.proved(tx, "old", ["A"], tx.now, tx.now)
            assert accounts.unfinished(tx) == left
        former_listings.note(tx, "old", ["A"], tx.now, proofs=0)
        assert accounts.unfinished(tx) == {"old": {"listings": 1}}


def test_one_number_on_two_accounts_is_told_and_names_the_order_that_was_to_be_created(database: Database) -> None:
    with begin(database) as tx:
        save_order(tx, "1", LineLife("1", "A", 2, cancelled=1))
        messages.owe(tx, [owed("1")])
        accounts.leave(tx, "old", "new")
        assert orders.elsewhere(tx, "", ["CON-1"]) == {"CON-1": "old"}
        assert orders.strangers(tx, "", ["1"]) == {"1"}
        save_order(tx, "1@new", LineLife("1", "A", 2))
        tx.run(table(SalesOrderRow).update().values(reference="CON-1"))
        assert orders.by_reference(tx, ["CON-1"]) == {"CON-1": "1"}
        orders.add(tx, "1", "cancelled", {"1": 1})
        assert orders.elsewhere(tx, "", ["CON-1"]) == {}
