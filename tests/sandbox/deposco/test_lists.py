"""Lists: newest first, opaque cursors, filters that are ignored, and stock in two shapes."""

import re
from typing import Any

import pytest

from tests.sandbox.deposco.desk import JUG, MUG, Desk

ORDERS = "/orders/salesOrders"


def search_id(answer: dict[str, Any]) -> str:
    [link] = answer["links"]
    found = re.search(r"searchId=([^&]+)", link["href"])
    assert link["rel"] == "next"
    assert found
    return found[1]


async def test_pages_go_from_the_newest_to_the_oldest_behind_a_cursor(desk: Desk) -> None:
    for number in range(5):
        await desk.order(f"JL-{number}")
    first = await desk.get(ORDERS, pageSize=2)
    second = await desk.get(ORDERS, searchId=search_id(first), number="JL-0", pageSize=50)  # the cursor overrides
    third = await desk.get(ORDERS, searchId=search_id(second))
    told = [[row["number"] for row in page["data"]] for page in (first, second, third)]
    assert told == [["JL-4", "JL-3"], ["JL-2", "JL-1"], ["JL-0"]]
    assert [(page["complete"], page["pages"]) for page in (first, second, third)] == [(False, 3), (False, 3), (True, 3)]
    assert third["links"] == []


async def test_page_sizes_are_bounded(desk: Desk) -> None:
    assert (await desk.refused("GET", ORDERS, pageSize=51))[0] == 400
    assert (await desk.refused("GET", "/items", pageSize=101))[0] == 400
    assert len((await desk.get("/items", pageSize=100))["data"]) == 2


async def test_unknown_filters_are_ignored_and_so_are_known_ones_where_the_tenant_ignores_them(desk: Desk) -> None:
    for number in range(3):
        await desk.order(f"JL-{number}")
    assert len((await desk.get(ORDERS, customerOrderNumber="1"))["data"]) == 3
    assert len((await desk.get("/items", upc="5012345678900"))["data"]) == 2
    assert [row["number"] for row in (await desk.get(ORDERS, number="JL-1"))["data"]] == ["JL-1"]
    desk.system.switches.ignored = frozenset({"number"})
    assert len((await desk.get(ORDERS, number="JL-1"))["data"]) == 3


async def test_changes_are_filtered_by_their_moment(desk: Desk) -> None:
    await desk.order("JL-1")
    await desk.get(ORDERS)  # planned now
    desk.clock.move(60)
    between = desk.clock.now().isoformat()
    desk.clock.move(60)
    order = await desk.order("JL-2")
    assert [row["number"] for row in (await desk.get(ORDERS, updatedAfter=between))["data"]] == ["JL-2"]
    desk.system.ship(str(order["self"]["id"]), "DPD", "1550")
    rows = (await desk.get("/shipments/outboundShipments", shippedAfter=between))["data"]
    assert [row["orderHeaders"]["data"][0]["businessKey"]["number"] for row in rows] == ["JL-2"]
    assert (await desk.refused("GET", ORDERS, updatedAfter="yesterday"))[0] == 400


async def test_stock_is_a_bare_list_for_named_items_and_pages_until_an_empty_one(desk: Desk) -> None:
    desk.system.put(MUG, "RETAIL1", 3)
    await desk.order("JL-1", {MUG: 12})
    [mug] = (await desk.stock(itemNumbers=f"{MUG},NOPE", measures="atpQty,totalOnHandQty,qtyOnPO")).json()
    assert mug["facilities"] == [
        {"facility": "MK1", "atpQty": -2, "totalOnHandQty": 10},
        {"facility": "RETAIL1", "atpQty": 3, "totalOnHandQty": 3},
    ]
    assert (mug["atpQty"], mug["totalOnHandQty"], "qtyOnPO" in mug) == (1, 13, False)
    pages = [(await desk.stock(measures="atpQty", pageSize=1, pageNumber=n)).json() for n in (1, 2, 3)]
    assert [[row["itemNumber"] for row in page["enterpriseInventory"]] for page in pages] == [[MUG], [JUG], []]


async def test_stock_may_come_as_json_that_calls_itself_xml(desk: Desk) -> None:
    desk.system.switches.stock_media_type = "application/xml"
    answer = await desk.stock(itemNumbers=JUG, measures="atpQty")
    assert answer.headers["content-type"] == "application/xml"
    assert answer.json()[0]["atpQty"] == 4


async def test_a_barcode_belongs_to_one_item(desk: Desk) -> None:
    with pytest.raises(ValueError, match=f"UPC 5012345678900 exists for item {MUG}"):
        desk.system.add_product(sku="OTHER", ean="5012345678900", quantity=1)
    assert "OTHER" not in desk.system.tenant.items
