"""Stock by warehouse through the context, items with the tenant's own EAN field, and the 429 that is no matter of time."""

import json
from typing import Any

import pytest

from connectors.fulfil.settings import FulfilSettings
from domain.answers import Fatal, NotNow
from domain.records import Deducts, Item, Reject, StockLevel
from sandbox.kit import Fault
from tests.connectors.fulfil.harness import API_KEY, Harness
from tests.connectors.making import records, sales_order, scan

READ = r"/api/v2/model/product\.product/read"
SEARCH = r"/api/v2/model/product\.product/search"
TOO_BIG = {"code": 429, "name": "Too Many Requests", "description": "Page size cannot exceed 100"}


def two_warehouses(**options: Any) -> Harness:
    harness = Harness(**options)
    harness.put_item("MUG-1", 10)
    harness.put_item("LAMP-1", 5, warehouse="OUTLET")
    return harness


async def test_each_warehouse_is_asked_for_alone_through_the_context() -> None:
    harness = two_warehouses()
    pages = await scan(harness.connector.stock_feed)
    counts = {(each.sku, each.pool): each.quantity for each in records(pages)}
    assert counts == {("MUG-1", "MAIN"): 10, ("LAMP-1", "MAIN"): 0, ("MUG-1", "OUTLET"): 0, ("LAMP-1", "OUTLET"): 5}
    assert pages[-1].complete
    places = {code: place.id for code, place in harness.tenant.warehouses.items()}
    contexts = [json.loads(each.url.params["context"]) for each in harness.requests if each.url.path.endswith("/read")]
    assert contexts == [{"locations": [places["MAIN"]]}, {"locations": [places["OUTLET"]]}]


async def test_only_the_named_warehouses_count_and_a_missing_one_stops() -> None:
    harness = two_warehouses(warehouses=("OUTLET",))
    assert {each.pool for each in records(await scan(harness.connector.stock_feed))} == {"OUTLET"}
    assert "stock is counted in OUTLET" in await harness.connector.check()
    wrong = two_warehouses(warehouses=("OUTLET", "ATTIC"))
    for ask in (wrong.connector.check, lambda: wrong.connector.stock_feed.read(None, ())):
        with pytest.raises(Fatal, match="no warehouse ATTIC"):
            await ask()


async def test_available_goes_down_as_soon_as_an_order_is_taken() -> None:
    harness = two_warehouses(warehouses=("MAIN",))
    harness.put_item("BOWL-1", 1)
    await harness.created(sales_order())
    assert records(await scan(harness.connector.stock_feed))[0] == StockLevel(
        sku="MUG-1", pool="MAIN", quantity=8, deducts=Deducts.ON_ACCEPTANCE
    )
    assert harness.connector.stock_feed.absent_is_zero is False


async def test_a_part_of_an_each_cannot_be_sold_and_a_promise_too_many_shows() -> None:
    feed = Harness().connector.stock_feed
    raw = {"id": 157, "code": "MUG-1", "warehouse": "MAIN", "quantity_available": 7.9}
    for given, expected in ((7.9, 7), (-2.0, -2), (-0.5, -1), ({"__class__": "Decimal", "decimal": "3.0"}, 3)):
        outcome = feed.parse({**raw, "quantity_available": given})
        assert not isinstance(outcome, Reject)
        assert outcome.record.quantity == expected
    assert isinstance(feed.parse({**raw, "code": None}), Reject)


async def test_five_hundred_products_are_two_calls_a_warehouse_less_one_search() -> None:
    harness = Harness()
    for number in range(501):
        harness.put_item(f"SKU-{number:04d}", 1)
    pages = await scan(harness.connector.stock_feed)
    assert [len(page) for page in pages] == [500, 1]
    assert pages[-1].complete
    assert [harness.calls("product.product", method) for method in ("search", "read", "search_count")] == [2, 2, 1]
    assert max(len(ids) for ids, _ in harness.sent("product.product", "read")) == 500


@pytest.mark.parametrize("trouble", ["a lost id", "an id twice", "a step back", "no number"])
async def test_a_search_that_is_not_whole_is_never_called_complete(trouble: str) -> None:
    harness = Harness(page_size=3)
    for number in range(5):
        harness.put_item(f"SKU-{number}", 1)
    ids = [product.id for product in harness.tenant.products.values()]
    wrong = {
        "a lost id": ids[:2],
        "an id twice": [ids[0], ids[0], ids[1]],
        "a step back": [ids[1], ids[0], ids[2]],
        "no number": [ids[0], "x", ids[2]],
    }[trouble]
    harness.sandbox.faults.append(Fault("error_in_200", "PUT", SEARCH, body=wrong))
    pages = await scan(harness.connector.stock_feed)
    assert not any(page.complete for page in pages)
    assert (await scan(harness.connector.stock_feed))[-1].complete


async def test_a_product_that_goes_inactive_meanwhile_spoils_the_scan() -> None:
    harness = Harness(page_size=2)
    for number in range(3):
        harness.put_item(f"SKU-{number}", 1)
    first = await harness.connector.stock_feed.read(None, ())
    harness.tenant.products["SKU-0"].active = False
    last = await harness.connector.stock_feed.read(first.cursor, ())
    assert (first.more, last.more, last.complete) == (True, False, False)


async def test_a_product_that_was_asked_for_and_not_answered_spoils_the_scan() -> None:
    harness = Harness()
    harness.put_item("MUG-1", 1)
    harness.put_item("BOWL-1", 1)
    row = {"id": harness.tenant.products["MUG-1"].id, "code": "MUG-1", "active": True, "quantity_available": 1.0}
    for feed in (harness.connector.stock_feed, harness.connector.item_feed):
        harness.sandbox.faults.append(Fault("error_in_200", "PUT", READ, body=[row]))
        [page] = await scan(feed)
        assert (len(page), page.complete) == (1, False)


async def test_an_empty_tenant_is_never_a_whole_scan() -> None:
    harness = Harness()
    for feed in (harness.connector.stock_feed, harness.connector.item_feed):
        [page] = await scan(feed)
        assert (len(page), page.complete) == (0, False)


# ---- the two kinds of 429


@pytest.mark.parametrize("name", ["description", "message", "error"])
async def test_a_page_that_is_too_big_is_not_tried_again_and_closes_no_budget(name: str) -> None:
    harness = two_warehouses()
    harness.sandbox.faults.append(
        Fault("status", "PUT", READ, status=429, body={name: TOO_BIG["description"]}, times=9)
    )
    with pytest.raises(Fatal, match="500 rows a page are too many") as trouble:
        await harness.connector.stock_feed.read(None, ())
    assert trouble.value.advice == "Lower page_size in the installation's file."
    assert harness.calls("product.product", "read") == 1
    assert harness.budgets.closed == []


async def test_too_many_calls_is_waited_for_and_does_not_stop_the_account() -> None:
    harness = two_warehouses(calls_per_minute=3)
    await harness.connector.check()
    await harness.connector.sales_order_sink.find([sales_order()])
    with pytest.raises(NotNow) as wait:
        await harness.connector.stock_feed.read(None, ())
    assert harness.budgets.closed == [("quarry/fulfil", wait.value.at)]
    harness.clock.move((wait.value.at - harness.clock.now()).total_seconds())
    assert "sales channel 37" in await harness.connector.check()


# ---- items and settings


async def test_items_show_the_inactive_ones_and_the_field_that_holds_the_ean() -> None:
    harness = Harness()
    harness.put_item("MUG-1", 1, ean="5012345678900")
    harness.put_item("OLD-1", 0, ean=None)
    harness.tenant.products["OLD-1"].active = False
    pages = await scan(harness.connector.item_feed)
    ids = {product.code: str(product.id) for product in harness.tenant.products.values()}
    assert records(pages) == [
        Item(sku="MUG-1", ean="5012345678900", external_id=ids["MUG-1"]),
        Item(sku="OLD-1", ean=None, external_id=ids["OLD-1"], sellable=False),
    ]
    assert pages[-1].complete
    other = Harness(ean_field="barcode").connector.item_feed
    raw = {"id": 1, "code": "MUG-1", "active": True, "barcode": "5012345678900"}
    assert other.keeps["barcode"] is True
    for given, ean in (("5012345678900", "5012345678900"), ("", None), (None, None)):
        outcome = other.parse({**raw, "barcode": given})
        assert not isinstance(outcome, Reject)
        assert outcome.record.ean == ean
    assert isinstance(other.parse({**raw, "barcode": ["5012345678900"]}), Reject)


async def test_check_names_the_channel_and_reads_without_changing() -> None:
    harness = two_warehouses()
    assert await harness.connector.check() == "sales channel 37; stock is counted in MAIN, OUTLET."
    assert {each.url.path.rpartition("/")[2] for each in harness.requests} == {"search_read"}
    with pytest.raises(Fatal, match="no sales channel 99"):
        await two_warehouses(channel=99).connector.check()
    await harness.connector.close()


async def test_a_wrong_key_says_what_to_check() -> None:
    harness = two_warehouses()
    harness.settings = FulfilSettings(base_url="https://acme.fulfil.example", api_key="another")
    with pytest.raises(Fatal, match="Check the API key") as trouble:
        await harness.again().check()
    assert API_KEY not in str(trouble.value)


@pytest.mark.parametrize(
    "values",
    [
        {"base_url": "acme.fulfil.io", "api_key": "k"},
        {"base_url": "https://acme.fulfil.io", "api_key": ""},
        {"base_url": "https://acme.fulfil.io", "api_key": "k", "webhook_secret": "not base64!"},
    ],
)
def test_settings_that_cannot_be_right_are_refused_and_not_shown(values: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="validation error") as trouble:
        FulfilSettings.model_validate(values)
    assert "not base64!" not in str(trouble.value)
