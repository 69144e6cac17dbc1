from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from domain.installation import Side
from domain.records import Item
from ledger import items, journal, levels
from ledger.database import Database
from ledger.rows import table
from ledger.tables import Event
from tests.doubles import ManualClock
from tests.ledger.making import PLACED_AT, begin, list_skus


def test_the_journal_appends_with_its_run(database: Database) -> None:
    with begin(database, "run-7") as tx:
        journal.write(tx, [("order-1", "sales_order", "order-1", "filed", "x" * 900), ("", "item", "all", "read", "")])
        journal.write(tx, [])
        rows = tx.rows(select(table(Event)).order_by(table(Event).c.id))
        assert [(row.run_id, row.what, row.at, len(row.detail)) for row in rows] == [
            ("run-7", "filed", tx.now, 500),
            ("run-7", "read", tx.now, 0),
        ]


def test_a_watermark_is_remembered_and_replaced(database: Database) -> None:
    with begin(database) as tx:
        assert journal.watermark(tx, "orders") is None
        journal.set_watermark(tx, "orders", "page 2", PLACED_AT, None)
        journal.set_watermark(tx, "items", None, None, None)
    with begin(database) as tx:
        journal.set_watermark(tx, "orders", None, PLACED_AT, tx.now)
        mark = journal.watermark(tx, "orders")
        assert mark is not None
        assert (mark.cursor, mark.began_at, mark.completed_at) == (None, PLACED_AT, tx.now)


def test_each_side_says_its_part_of_an_item(database: Database) -> None:
    with begin(database) as tx:
        items.store(tx, Side.MARKETPLACE, [Item(sku="A", ean="4006381333931", stock_number="81", external_id="L1")])
        items.store(tx, Side.BACK_OFFICE, [Item(sku="A", ean="5012345678900", external_id="B1"), Item(sku="B")])
        items.store(tx, Side.MARKETPLACE, [Item(sku="A", ean="4006381333931", stock_number="82", external_id="L1")])
        items.store(tx, Side.MARKETPLACE, [])
        a = items.of(tx, ["A", "C"])["A"]
        assert (a.ean, a.back_office_id, a.stock_number, a.listing_ean, a.listing_id, a.listed) == (
            *("5012345678900", "B1", "82", "4006381333931", "L1"),
            True,
        )
        assert items.known_skus(tx) == {"A": "5012345678900", "B": ""}
        assert items.listings_without_item(tx) == []


def test_a_stock_number_that_two_skus_share_names_none(database: Database) -> None:
    with begin(database) as tx:
        listed = [Item(sku=sku, stock_number=number) for sku, number in (("A", "81"), ("B", "81"), ("C", "82"))]
        items.store(tx, Side.MARKETPLACE, listed)
        assert items.skus_of_stock_numbers(tx, ["81", "82", "83"]) == {"82": "C"}
        assert [row.sku for row in items.listings_without_item(tx)] == ["A", "B", "C"]


def test_a_listing_that_a_whole_read_does_not_show_is_unlisted_though_the_back_office_has_it(
    database: Database, clock: ManualClock
) -> None:
    with begin(database) as tx:
        list_skus(tx, "A", "B")
    clock.move(60)
    with begin(database) as tx:
        began_at = tx.now
        items.store(tx, Side.MARKETPLACE, [Item(sku="A", stock_number="81")])
    clock.move(60)
    with begin(database) as tx:
        items.store(tx, Side.BACK_OFFICE, [Item(sku="A"), Item(sku="B")])
        assert items.unlist(tx, began_at) == 1
        assert {sku: row.listed for sku, row in items.of(tx, ["A", "B"]).items()} == {"A": True, "B": False}
        assert set(items.known_skus(tx)) == {"A", "B"}


def test_carriers_are_mapped_by_service(database: Database) -> None:
    with begin(database) as tx:
        for service, code in (("", "PP"), ("48", "PP48"), ("48", "PP48B")):
            items.map_carrier(tx, "Parcel Post", service, code, owner="w", review_on="2026-09-01", by="Ms Sample")
        assert items.carriers(tx) == {("Parcel Post", ""): "PP", ("Parcel Post", "48"): "PP48B"}


def test_the_carriers_of_the_account_are_replaced_and_the_difference_told(database: Database) -> None:
    with begin(database) as tx:
        assert items.approve_carriers(tx, {"PP": "Parcel Post", "QQ": "Quick"}, "run-1") == ({"PP", "QQ"}, set())
        assert items.approve_carriers(tx, {"QQ": "Quick", "RR": "Rapid"}, "run-2") == ({"RR"}, {"PP"})
        assert items.approved_carriers(tx) == {"QQ": "Quick", "RR": "Rapid"}
        assert items.carriers(tx) == {}


def test_a_time_comes_back_aware_and_in_utc(database: Database) -> None:
    at = PLACED_AT.astimezone(ZoneInfo("Europe/London")) + timedelta(days=120)
    with begin(database) as tx:
        journal.set_watermark(tx, "orders", None, at, None)
        mark = journal.watermark(tx, "orders")
        assert mark is not None
        assert mark.began_at == at
        assert mark.began_at.utcoffset() == timedelta(0)


def test_a_listing_of_the_item_master_is_an_item_under_its_sku(database: Database) -> None:
    with begin(database) as tx:
        items.store(tx, Side.MARKETPLACE, [Item(sku="A", ean="4006381333931", stock_number="81")], is_master=True)
        items.store(tx, Side.MARKETPLACE, [Item(sku="B", stock_number="82")])
        assert items.known_skus(tx) == {"A": "4006381333931"}
        assert [row.sku for row in items.listings_without_item(tx)] == ["B"]
        assert levels.enrol(tx) == 1
        items.store(tx, Side.MARKETPLACE, [Item(sku="B", stock_number="82")], is_master=True)
        assert items.known_skus(tx) == {"A": "4006381333931", "B": ""}
