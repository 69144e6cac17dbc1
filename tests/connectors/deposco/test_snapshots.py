"""Items and stock: proved whole without a count, by facility, and never zero by mistake."""

import json
from typing import Any

import pytest

from domain.answers import Fatal, Unavailable
from domain.records import Deducts, Page, StockLevel
from tests.connectors.deposco.harness import Harness
from tests.connectors.making import records, sales_order, scan


def levels(pages: list[Page]) -> dict[tuple[str, str], int]:
    return {(level.sku, level.pool): level.quantity for level in records(pages)}


async def test_each_facility_is_a_pool_and_what_is_promised_is_not_available() -> None:
    tenant = Harness()
    tenant.put_item("MUG-1", 10)
    tenant.put_item("BOWL-1", 1)
    tenant.sandbox.put("MUG-1", "RETAIL1", 3)
    await tenant.created(sales_order())
    tenant.sandbox.key_order_by_hand("", {"BOWL-1": 2})
    pages = await scan(tenant.connector.stock_feed)
    assert levels(pages) == {("MUG-1", "MK1"): 8, ("MUG-1", "RETAIL1"): 3, ("BOWL-1", "MK1"): -2}
    assert {record.deducts for record in records(pages)} == {Deducts.ON_ACCEPTANCE}
    assert pages[-1].complete


async def test_the_business_unit_can_be_the_pool() -> None:
    tenant = Harness(stock_by="business_unit", stock_measure="coAtpQty")
    tenant.put_item("MUG-1", 10)
    tenant.sandbox.put("MUG-1", "RETAIL1", 3)
    [level] = records(await scan(tenant.connector.stock_feed))
    assert level == StockLevel(sku="MUG-1", pool="JLUK", quantity=13, deducts=Deducts.ON_ACCEPTANCE)


async def test_stock_that_calls_itself_xml_is_read() -> None:
    tenant = Harness()
    tenant.put_item("MUG-1", 10)
    tenant.sandbox.switches.stock_media_type = "application/xml"
    assert levels(await scan(tenant.connector.stock_feed)) == {("MUG-1", "MK1"): 10}


async def test_a_blank_200_is_a_failure_and_never_an_empty_shop() -> None:
    tenant = Harness(blank_every=1)
    tenant.put_item("MUG-1", 10)
    with pytest.raises(Unavailable, match="nothing that can be read"):
        await tenant.connector.stock_feed.read(None, ())


async def test_a_measure_that_the_tenant_lacks_stops_the_scan() -> None:
    tenant = Harness(stock_measure="coAtpQty")
    tenant.put_item("MUG-1", 10)
    tenant.sandbox.switches.measures = frozenset({"atpQty"})
    with pytest.raises(Fatal, match="coAtpQty"):
        await tenant.connector.stock_feed.read(None, ())
    with pytest.raises(Fatal, match="coAtpQty"):
        await tenant.connector.check()


async def test_a_measure_that_one_row_lacks_is_unknown_and_not_zero() -> None:
    tenant = Harness()
    reject = tenant.connector.stock_feed.parse({"itemNumber": "MUG-1", "facility": "MK1"})
    assert reject.hold_type == "malformed_payload"  # type: ignore[union-attr] # a Received has none and fails


async def test_an_item_without_any_place_has_no_stock_and_spoils_nothing() -> None:
    tenant = Harness()
    tenant.put_item("MUG-1", 10)
    tenant.sandbox.tenant.add_item("NEW-1", [])
    tenant.put_item("A,B", 4)  # a comma would ask for two others
    pages = await scan(tenant.connector.stock_feed)
    assert levels(pages) == {("MUG-1", "MK1"): 10}
    assert pages[-1].complete
    assert tenant.connector.stock_feed.absent_is_zero


async def test_rows_that_nobody_asked_for_spoil_the_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = Harness()
    for number in range(3):
        tenant.put_item(f"MUG-{number}", 10)
    feed = tenant.connector.stock_feed
    true_ask = tenant.connector._api.availability

    async def unfiltered(numbers: list[str], measure: str) -> list[Any]:
        return [*await true_ask(numbers, measure), {"itemNumber": "STRANGE", "facilities": []}]

    monkeypatch.setattr(type(tenant.connector._api), "availability", lambda _self, *given: unfiltered(*given))
    pages = await scan(feed)
    assert not any(page.complete for page in pages)


async def test_an_item_that_comes_in_the_middle_of_a_scan_makes_it_begin_anew() -> None:
    tenant = Harness()
    for number in range(30):
        tenant.put_item(f"MUG-{number:02d}")
    first = await tenant.connector.item_feed.read(None, ())
    tenant.put_item("LATE-1")
    last = await tenant.connector.item_feed.read(first.cursor, ())
    assert not last.more
    assert not last.complete
    assert (await scan(tenant.connector.item_feed))[-1].complete


async def test_an_empty_item_master_is_never_complete() -> None:
    pages = await scan(Harness().connector.item_feed)
    assert [page.complete for page in pages] == [False]


async def test_the_ean_is_the_only_barcode_and_of_several_none() -> None:
    tenant = Harness()
    tenant.put_item("ONE", ean="5012345678900")
    tenant.put_item("NONE")
    tenant.sandbox.tenant.add_item("TWO", ["5012345678917", "5012345678924"])
    tenant.sandbox.tenant.add_item("MANY", [f"50123456789{number}" for number in range(31, 43)])
    eans = {record.sku: record.ean for record in records(await scan(tenant.connector.item_feed))}
    assert eans == {"ONE": "5012345678900", "NONE": None, "TWO": None, "MANY": None}


async def test_what_is_not_for_sale_is_seen_as_such() -> None:
    tenant = Harness()
    for sku in ("SOLD", "KEPT", "FEE"):
        tenant.put_item(sku)
    tenant.sandbox.tenant.items["KEPT"].on_sale = False
    tenant.sandbox.tenant.items["FEE"].kind = "Custom Fee"
    sellable = {record.sku: record.sellable for record in records(await scan(tenant.connector.item_feed))}
    assert sellable == {"SOLD": True, "KEPT": False, "FEE": False}


async def test_skus_are_kept_character_for_character() -> None:
    tenant = Harness()
    for sku in ("MUG 1 ", "mug-1", "MUG-1", "0012", "CAFÉ"):
        tenant.put_item(sku)
    skus = {record.sku for record in records(await scan(tenant.connector.item_feed))}
    assert skus == {"MUG 1 ", "mug-1", "MUG-1", "0012", "CAFÉ"}
    assert {sku for sku, _ in levels(await scan(tenant.connector.stock_feed))} == skus


async def test_items_of_another_business_unit_are_left_out_though_the_filter_is_ignored() -> None:
    tenant = Harness()
    for number in range(25):
        tenant.put_item(f"MUG-{number}")
        tenant.sandbox.tenant.items[f"MUG-{number}"].unit = "JLUK" if number % 2 else "OTHER"
    tenant.sandbox.switches.ignored = frozenset({"businessUnit"})
    for feed in (tenant.connector.item_feed, tenant.connector.stock_feed):
        pages = await scan(feed)
        assert {record.sku for record in records(pages)} == {f"MUG-{number}" for number in range(1, 25, 2)}
        assert pages[-1].complete


async def test_a_scan_that_stood_still_for_long_begins_anew() -> None:
    tenant = Harness()
    for number in range(30):
        tenant.put_item(f"MUG-{number}")
    first = await tenant.connector.item_feed.read(None, ())
    tenant.clock.move(2 * 3_600)
    again = await tenant.connector.item_feed.read(first.cursor, ())
    assert again.began_at == tenant.clock.now()
    assert [one.record.sku for one in again.received] == [one.record.sku for one in first.received]


async def test_a_page_that_is_lost_in_the_middle_is_noticed() -> None:
    tenant = Harness()
    for number in range(60):
        tenant.put_item(f"MUG-{number}")
    feed = tenant.connector.item_feed
    first = await feed.read(None, ())
    second = await feed.read(first.cursor, ())
    assert first.cursor
    assert second.cursor
    beyond = json.loads(first.cursor) | {"search_id": json.loads(second.cursor)["search_id"]}
    last = await feed.read(json.dumps(beyond), ())  # ids fall, and the last page agrees with itself
    assert not last.more
    assert not last.complete
    assert (await feed.read(second.cursor, ())).complete
