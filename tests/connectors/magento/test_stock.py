"""Stock out: whole or not at all, and never more than lies on the shelf."""

from collections import Counter
from typing import Any

import pytest

from connectors.magento.stock_mapping import stock_level
from domain.answers import Fatal, NotNow, Unavailable
from domain.budgets import Lane
from domain.records import Deducts, Page, Reject, StockLevel
from domain.stock import available_to_sell
from sandbox.kit import Fault
from sandbox.magento import InputLimits
from tests.connectors.magento.harness import Harness
from tests.connectors.magento.selling import shop_with
from tests.connectors.making import order_line, records, sales_order, scan


def levels(pages: list[Page]) -> dict[tuple[str, str, Deducts], int]:
    found = records(pages)
    assert all(isinstance(level, StockLevel) for level in found)
    assert len({level.key for level in found}) == len(found)
    return {(level.sku, level.pool, level.deducts): level.quantity for level in found}


async def test_both_parts_are_read_page_by_page_and_proved_whole() -> None:
    harness = shop_with(7, page_size=3)
    began_at = harness.clock.now()
    pages = await scan(harness.connector.stock_feed)
    found = levels(pages)
    assert len(found) == 14
    assert found["SKU-006", "default", Deducts.ON_DISPATCH] == 16
    assert found["SKU-006", "salable", Deducts.NEVER] == 16
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    assert {page.began_at for page in pages} == {began_at}
    assert (harness.calls("stock_level"), harness.calls("salable")) == (3, 4)
    assert set(harness.budgets.taken) == {Lane.BULK}


async def test_each_page_can_be_read_by_another_worker() -> None:
    harness = shop_with(5, page_size=2)
    cursor, rows = None, 0
    for _ in range(20):
        harness.clock.move(5)
        again = type(harness.connector)("other", harness.settings, harness.options, harness.surroundings)
        page = await again.stock_feed.read(cursor, ())
        cursor, rows = page.cursor, rows + len(page)
        if not page.more:
            break
    assert (page.complete, rows) == (True, 10)
    assert (harness.clock.now() - page.began_at).total_seconds() > 5


async def test_placed_reservations_deduct_on_acceptance() -> None:
    harness = shop_with(1, reservations="placed")
    assert ("SKU-000", "salable", Deducts.ON_ACCEPTANCE) in levels(await scan(harness.connector.stock_feed))


async def test_the_reservation_trap_never_lets_more_out_than_lies_free_on_the_shelf() -> None:
    """An order over REST: salable stays, and rises above the shelf once it is shipped."""
    harness = shop_with(0)
    harness.put_item("MUG-1", 10)
    ours, shipped_by_us = Counter[str](), Counter[str]()

    async def offered() -> int:
        found = levels(await scan(harness.connector.stock_feed))
        counts = {deducts: quantity for (_, _, deducts), quantity in found.items()}
        unshipped = ours["MUG-1"] - shipped_by_us["MUG-1"]
        in_flight = {Deducts.ON_DISPATCH: unshipped, Deducts.NEVER: ours["MUG-1"]}
        return available_to_sell(counts, in_flight, 0)[0]

    assert await offered() == 10
    for number in range(3):
        record = sales_order(f"{number}-A", f"9{number}", lines=(order_line("L1", "MUG-1", 2),))
        order = (await harness.connector.sales_order_sink.send([record]))[record.key]
        ours["MUG-1"] += 2
        assert await offered() == harness.sandbox.free("MUG-1")
        assert harness.sandbox.sell_elsewhere("MUG-1", 1)
        assert await offered() == harness.sandbox.free("MUG-1")
        harness.sandbox.ship(order.external_id, "Evri", "E-0001")  # type: ignore[union-attr] # a create that is not done fails here
        shipped_by_us["MUG-1"] += 2
        assert await offered() == harness.sandbox.free("MUG-1")
    assert harness.sandbox.stock.salable("MUG-1") == 7  # what Magento would have us sell
    assert (await offered(), harness.sandbox.free("MUG-1")) == (1, 1)


async def test_only_linked_sources_count_unless_the_installation_names_them() -> None:
    harness = shop_with(1)
    harness.sandbox.add_source("north", linked=True)
    harness.sandbox.add_source("returns", linked=False)
    for source in ("north", "returns"):
        harness.sandbox.stock.put("SKU-000", source, 4, 1)
    found = levels(await scan(harness.connector.stock_feed))
    assert {pool for _, pool, _ in found} == {"default", "north", "salable"}
    named = Harness(sources=["returns"])
    named.put_item("SKU-000")
    named.sandbox.add_source("returns", linked=False)
    named.sandbox.stock.put("SKU-000", "returns", 4, 1)
    assert {pool for _, pool, _ in levels(await scan(named.connector.stock_feed))} == {"returns", "salable"}


async def test_a_named_source_that_does_not_exist_is_a_matter_for_a_person() -> None:
    harness = shop_with(1, sources=["nowhere"])
    with pytest.raises(Fatal, match="nowhere"):
        await scan(harness.connector.stock_feed)


async def test_a_shop_whose_stock_has_no_source_is_a_matter_for_a_person() -> None:
    harness = shop_with(1)
    harness.sandbox.stock.linked.clear()
    with pytest.raises(Fatal, match="linked to the stock of website base"):
        await scan(harness.connector.stock_feed)


async def test_input_limits_of_the_shop_make_the_pages_smaller() -> None:
    harness = shop_with(9, input_limits=InputLimits(page_size=4))
    pages = await scan(harness.connector.stock_feed)
    assert (pages[-1].complete, len(levels(pages))) == (True, 18)
    items = await scan(harness.connector.item_feed)
    assert (items[-1].complete, sum(len(page) for page in items)) == (True, 9)


@pytest.mark.parametrize("feed", ["stock_feed", "item_feed"])
async def test_a_limit_that_is_switched_on_during_a_scan_ends_it_as_not_whole(feed: str) -> None:
    harness = shop_with(9, page_size=4)
    first = await getattr(harness.connector, feed).read(None, ())
    harness.sandbox.input_limits = InputLimits(page_size=3)
    rest = await scan(getattr(harness.connector, feed), first.cursor)
    assert (rest[-1].complete, rest[-1].more, rest[-1].cursor) == (False, False, None)


@pytest.mark.parametrize("feed", ["stock_feed", "item_feed"])
async def test_a_total_that_changes_during_a_scan_ends_it_as_not_whole(feed: str) -> None:
    harness = shop_with(9, page_size=4)
    first = await getattr(harness.connector, feed).read(None, ())
    harness.put_item("SKU-999")
    rest = await scan(getattr(harness.connector, feed), first.cursor)
    assert (len(rest), rest[-1].complete) == (1, False)


@pytest.mark.parametrize(
    "body",
    [
        {"items": None, "total_count": 9},
        {"items": [{"sku": "SKU-003", "source_code": "default", "quantity": 1, "status": 1}], "total_count": 9},
    ],
    ids=["an empty page too early", "a row of the page before"],
)
async def test_pages_that_do_not_add_up_end_the_scan_as_not_whole(body: Any) -> None:
    harness = shop_with(9, page_size=4)
    first = await harness.connector.stock_feed.read(None, ())
    harness.fault("stock_level", Fault(kind="error_in_200", body=body))
    rest = await scan(harness.connector.stock_feed, first.cursor)
    assert (len(rest), rest[-1].complete) == (1, False)


@pytest.mark.parametrize("junk", [None, "text", {}, {"sku": None}], ids=str)
async def test_a_row_that_cannot_be_read_spoils_no_other(junk: Any) -> None:
    harness = shop_with(3)
    good = {"sku": "SKU-000", "source_code": "default", "quantity": 4, "status": 1}
    harness.fault("stock_level", Fault(kind="error_in_200", body={"items": [good, junk, junk], "total_count": 3}))
    pages = await scan(harness.connector.stock_feed)
    assert [len(page.rejects) for page in pages] == [2, 0, 0]
    assert (pages[-1].complete, len(levels(pages))) == (True, 4)


async def test_a_shop_that_repeats_its_last_page_for_ever_is_not_read_for_ever() -> None:
    harness = shop_with(3, page_size=2)
    last = {"items": [{"sku": "SKU-002", "qty": 1, "is_salable": True}]}
    harness.fault("salable", Fault(kind="error_in_200", body=last, times=50))
    pages = await scan(harness.connector.stock_feed)
    assert (pages[-1].complete, harness.calls("salable")) == (False, 2)


async def test_an_empty_page_in_the_middle_of_the_salable_list_is_not_its_end() -> None:
    """Configurable products have no salable quantity, so a page of them alone is empty."""
    harness = shop_with(6, page_size=2)
    harness.fault("salable", Fault(kind="error_in_200", body={"items": None}))
    pages = await scan(harness.connector.stock_feed)
    assert pages[-1].complete
    assert sum(pool == "salable" for _, pool, _ in levels(pages)) == 4


async def test_an_empty_shop_is_a_whole_scan_of_nothing() -> None:
    harness = Harness()
    pages = await scan(harness.connector.stock_feed)
    assert (pages[-1].complete, levels(pages)) == (True, {})
    assert harness.connector.stock_feed.absent_is_zero is False


async def test_trouble_is_raised_about_the_shop() -> None:
    harness = shop_with(2)
    for feed, role in ((harness.connector.stock_feed, "stock_level"), (harness.connector.item_feed, "item")):
        for kind in ("html", "truncated", "status"):
            harness.fault(role, Fault(kind=kind, status=500, body={"message": "x"}))
            with pytest.raises(Unavailable):
                await scan(feed)
    harness.sandbox.denied_resources.add("Magento_InventoryApi::stock")
    with pytest.raises(Fatal, match="Magento_InventoryApi::stock"):
        await scan(harness.connector.stock_feed)
    harness.budgets.spent_until = harness.clock.now().replace(hour=23)
    with pytest.raises(NotNow):
        await harness.connector.item_feed.read(None, ())


# ---- rows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "quantity"),
    [
        ({"sku": "A", "source_code": "default", "quantity": 5, "status": 1}, 5),
        ({"sku": "A", "source_code": "default", "quantity": 5, "status": 0}, 0),
        ({"sku": "A", "source_code": "default", "quantity": 2.75, "status": 1}, 2),
        ({"sku": "A", "source_code": "default", "quantity": -1, "status": 1}, -1),
        ({"sku": "A", "qty": 5, "is_salable": True}, 5),
        ({"sku": "A", "qty": 14, "is_salable": False}, 0),
        ({"sku": "A", "qty": -0.5, "is_salable": True}, -1),
    ],
)
def test_a_row_counts_whole_units_that_may_be_sold(raw: dict[str, Any], quantity: int) -> None:
    received = stock_level(raw, Deducts.NEVER)
    assert not isinstance(received, Reject)
    assert received.record.quantity == quantity


@pytest.mark.parametrize(
    "raw",
    [
        {"sku": "A", "source_code": "default", "status": 1},
        {"sku": "A", "source_code": "default", "quantity": None, "status": 1},
        {"sku": "A", "source_code": "default", "quantity": 5, "status": 7},
        {"sku": "A", "source_code": None, "quantity": 5, "status": 1},
        {"sku": "A", "qty": "many", "is_salable": True},
        {"sku": None, "qty": 5, "is_salable": True},
        "A",
        None,
    ],
    ids=str,
)
def test_a_stock_row_that_cannot_be_read_is_rejected(raw: Any) -> None:
    outcome = stock_level(raw, Deducts.NEVER)
    assert isinstance(outcome, Reject)
    assert outcome.hold_type == "malformed_payload"


# ---- check ---------------------------------------------------------------------------------------
