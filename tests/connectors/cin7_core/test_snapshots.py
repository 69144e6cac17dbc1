import json
from typing import Any

import pytest

from domain.answers import Fatal, NotNow, Unavailable
from domain.budgets import Lane
from domain.payloads import split
from domain.records import Deducts, Item, Received, Reject, StockLevel
from sandbox.kit import Fault
from tests.connectors.cin7_core.harness import APPLICATION_KEY, Harness
from tests.connectors.making import order_line, records, sales_order, scan


def levels(pages: list[Any]) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for page in pages:
        for level in records([page]):
            key = (level.sku, level.pool)
            counts[key] = counts.get(key, 0) + level.quantity
    return counts


async def test_bins_are_summed_and_what_is_ordered_is_gone() -> None:
    harness = Harness()
    for sku in ("A", "B", "BINNED"):  # the third product lies in two bins
        harness.put_item(sku, 11)
    await harness.connector.sales_order_sink.send([sales_order(lines=(order_line("1", "BINNED", 4),))])

    [page] = await scan(harness.connector.stock_feed)

    by_sku = {level.sku: level for level in records([page])}
    assert by_sku["BINNED"] == StockLevel(
        sku="BINNED", pool="Main Warehouse", quantity=7, deducts=Deducts.ON_ACCEPTANCE
    )
    assert len(by_sku) == 3
    assert page.complete
    assert harness.connector.stock_feed.absent_is_zero
    assert harness.budgets.taken[-1] is Lane.BULK


async def test_a_sku_whose_rows_straddle_two_pages_adds_up() -> None:
    harness = Harness()
    for sku, quantity in (("NONE-0", 0), ("NONE-1", 0), ("ONE", 1)):
        harness.put_item(sku, quantity)  # one row, so that the thousandth is the first of two
    for number in range(1000):
        harness.put_item(f"S-{number}", 9)
    harness.clock.move(5)
    began = harness.clock.now()

    pages = await scan(harness.connector.stock_feed)

    counts = levels(pages)
    assert len(pages) == 2
    assert {page.began_at for page in pages} == {began}
    assert [page.complete for page in pages] == [False, True]
    over = json.loads(pages[0].cursor or "")["over"]
    assert [row["SKU"] for row in over] == [level.sku for level in records(pages[1:])][:1]
    assert not {level.key for level in records(pages[:1])} & {level.key for level in records(pages[1:])}
    assert counts.pop(("ONE", "Main Warehouse")) == 1
    assert counts == {(f"S-{number}", "Main Warehouse"): 9 for number in range(1000)}


async def test_only_the_locations_that_sell_count_but_every_row_proves_the_scan() -> None:
    harness = Harness(sell_locations=("Main Warehouse",))
    harness.put_item("A", 5)
    harness.sandbox.add_product(sku="B", ean="", quantity=5, location="Returns")
    [page] = await scan(harness.connector.stock_feed)
    assert levels([page]) == {("A", "Main Warehouse"): 5}
    assert page.complete


async def test_a_scan_whose_total_moves_ends_and_is_not_complete() -> None:
    harness = Harness()
    for number in range(2500):
        harness.sandbox.add_product(sku=f"S-{number}", ean="", quantity=1)
    feed = harness.connector.stock_feed
    first = await feed.read(None, ())
    harness.put_item("NEW", 1)
    second = await feed.read(first.cursor, ())
    assert first.more
    assert (second.more, second.complete, second.cursor) == (False, False, None)


async def test_a_page_cut_short_is_never_a_whole_scan() -> None:
    harness = Harness()
    row = {"SKU": "A", "Location": "Main Warehouse", "Available": 3}
    harness.fault("stock_level", Fault("error_in_200", body={"Total": 5, "Page": 1, "ProductAvailabilityList": [row]}))
    [page] = await scan(harness.connector.stock_feed)
    assert not page.complete


async def test_an_empty_list_is_never_complete() -> None:
    [page] = await scan(Harness().connector.stock_feed)
    assert not page.complete


@pytest.mark.parametrize(
    ("available", "expected"), [(3, 3), (2.75, 2), (-2, -2), (-0.5, -1), (0, 0), ("4", 4), (None, None), ("x", None)]
)
def test_a_count_is_whole_eaches_rounded_down_or_a_reject(available: Any, expected: int | None) -> None:
    raw = {"SKU": "A", "Location": "L", "Rows": [{"Bin": None, "Available": available}]}
    feed = Harness().connector.stock_feed
    entry = feed.parse(raw)
    if expected is None:
        assert isinstance(entry, Reject)
        assert (entry.key, entry.hold_type) == ("A", "malformed_payload")
    else:
        assert isinstance(entry, Received)
        assert entry.record.quantity == expected


async def test_one_unreadable_row_makes_its_own_count_a_reject_only() -> None:
    harness = Harness()
    rows = [
        {"SKU": "A", "Location": "L", "Available": 3},
        {"SKU": "A", "Location": "L", "Available": None},
        {"SKU": "B", "Location": "L", "Available": 2},
        "not a row",
    ]
    harness.fault("stock_level", Fault("error_in_200", body={"Total": 4, "Page": 1, "ProductAvailabilityList": rows}))
    [page] = await scan(harness.connector.stock_feed)
    assert levels([page]) == {("B", "L"): 2}
    assert len(page.rejects) == 2


async def test_items_carry_ean_id_and_whether_they_sell() -> None:
    harness = Harness()
    harness.put_item("MUG-1", 3, "5012345678900")
    harness.put_item("OLD-1", 3, "")
    harness.sandbox.company.stock.products["OLD-1"].status = "Deprecated"
    [page] = await scan(harness.connector.item_feed)
    product_id = harness.sandbox.company.stock.products["MUG-1"].id
    items = {entry.record.sku: entry.record for entry in page.received}
    assert items["MUG-1"] == Item(sku="MUG-1", ean="5012345678900", external_id=product_id, sellable=True)
    assert (items["OLD-1"].ean, items["OLD-1"].sellable) == (None, False)
    assert page.complete
    assert not harness.connector.item_feed.absent_is_zero
    assert harness.requests[-1].url.params["IncludeDeprecated"] == "true"


@pytest.mark.parametrize(
    ("fields", "sellable"),
    [
        ({"Status": "ACTIVE", "Type": "stock"}, True),
        ({"Status": "Active", "Type": "Service"}, False),
        ({"Status": "Active", "Type": "Stock", "Sellable": False}, False),
        ({"Status": "deprecated", "Type": "Stock"}, False),
    ],
)
def test_only_active_stock_products_sell(fields: dict[str, Any], *, sellable: bool) -> None:
    entry = Harness().connector.item_feed.parse({"ID": "p", "SKU": "A", "Barcode": None, **fields})
    assert isinstance(entry, Received)
    assert entry.record.sellable is sellable


@pytest.mark.parametrize("status", [None, "", "Paused"])
def test_a_status_that_nobody_documented_is_not_guessed(status: str | None) -> None:
    entry = Harness().connector.item_feed.parse({"ID": "p", "SKU": "A", "Type": "Stock", "Status": status})
    assert isinstance(entry, Reject)
    assert entry.hold_type == "unknown_value"


async def test_parse_gives_what_read_gave_also_from_the_kept_part() -> None:
    harness = Harness()
    harness.put_item("A", 3)
    feed = harness.connector.item_feed
    [page] = await scan(feed)
    [entry] = page.received
    parsed = feed.parse(split(entry.raw, feed.keeps)[0])
    assert isinstance(parsed, Received)
    assert parsed.record == entry.record


@pytest.mark.parametrize("fault", [Fault("html", status=200), Fault("status", status=500), Fault("truncated")])
@pytest.mark.parametrize("role", ["stock_level", "item"])
async def test_a_broken_page_is_the_systems_trouble(role: str, fault: Fault) -> None:
    harness = Harness()
    harness.fault(role, fault)
    feed = harness.connector.stock_feed if role == "stock_level" else harness.connector.item_feed
    with pytest.raises(Unavailable):
        await feed.read(None, ())


async def test_a_limit_reached_inside_http_200_closes_the_budget() -> None:
    harness = Harness()
    harness.fault("stock_level", Fault("error_in_200", body=[{"ErrorCode": 503, "Exception": "limit"}]))
    with pytest.raises(NotNow):
        await harness.connector.stock_feed.read(None, ())
    assert len(harness.budgets.closed) == 1


async def test_the_true_budget_is_never_exceeded() -> None:
    harness = Harness(true_budget=True)
    harness.put_item("MUG-1", 500)
    for number in range(70):
        order = sales_order(f"{number}", f"9001{number:05}", lines=(order_line("1", "MUG-1", 1),))
        await harness.connector.sales_order_sink.send([order])
    assert harness.count() == {str(number): 1 for number in range(70)}
    assert sum(harness.sandbox.throttled.values()) == 0


async def test_check_names_the_company_and_where_stock_counts() -> None:
    assert "EVERY location" in await Harness().connector.check()
    assert "counted in Main Warehouse;" in await Harness(sell_locations=("Main Warehouse",)).connector.check()


async def test_check_names_everything_that_is_missing_at_once() -> None:
    harness = Harness(
        customer="John Lewis",
        terms="60 days",
        tax_rule="20% (VAT on Expenses)",
        location="Moon",
        sell_locations=("Main Warehouse", "Mars"),
    )
    with pytest.raises(Fatal) as caught:
        await harness.connector.check()
    for name in ("'John Lewis'", "'60 days'", "'20% (VAT on Expenses)'", "'Moon'", "'Mars'"):
        assert name in str(caught.value)
    assert "'Main Warehouse' (" not in str(caught.value)


async def test_check_with_a_refused_key_says_what_to_do_and_never_the_key() -> None:
    with pytest.raises(Fatal, match="application key") as caught:
        await Harness(application_key="wrong").connector.check()
    harness = Harness()
    shown = f"{caught.value!r} {harness.settings!r} {harness.connector._account!r}"
    assert APPLICATION_KEY not in shown
