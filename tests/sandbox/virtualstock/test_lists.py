"""What the pretend The Edge shows: wire shapes, filters, paging."""

from typing import Any

import httpx

from tests.sandbox.virtualstock.edge import ALIAS, Edge
from tests.sandbox.virtualstock.samples import ADDRESS_KEYS, ITEM_KEYS, ORDER_KEYS


async def test_the_wire_shape_is_that_of_the_official_samples(edge: Edge) -> None:
    edge.system.add_product("acme", stock_number="12345678", sku="ACME-RED-M", ean="5000000000012", free_stock=9)
    assert edge.system.buy("acme", "ACME-RED-M", 2) is not None
    listed = (await edge.client.get("/restapi/v4/orders/", params={"format": "json"})).json()
    assert set(listed) == {"count", "next", "previous", "results"}
    [order] = listed["results"]
    assert set(order) == ORDER_KEYS
    [item] = order["items"]
    assert set(item) == ITEM_KEYS
    assert set(order["shipping_address"]) == ADDRESS_KEYS
    assert order["order_date"] == "2025-03-04T09:15:00"
    assert item["part_number"] == item["retailer_sku_reference"] == "12345678"
    assert item["supplier_sku_reference"] == "ACME-RED-M"
    assert item["retailer_additional_reference"] == "5000000000012"
    assert (item["unit_cost_price"], item["subtotal"], item["tax"], item["total"]) == (
        "20.00",
        "40.00",
        "8.00",
        "48.00",
    )
    for url in (order["url"], order["retailer"], order["supplier"], item["url"]):
        assert url.startswith(f"{ALIAS}/restapi/v4/")
        assert url.endswith("/")
    single = await edge.client.get(httpx.URL(order["url"]).path)
    assert single.json() == order

    products = await edge.client.get("/api/v4/products/", params={"part_number": "12345678"})
    assert products.headers["www-authenticate"] == 'Basic realm="api"'
    [product] = products.json()["results"]
    assert set(product) == {"url", "part_number", "category", "client", "supplier", "data"}
    assert product["url"].startswith(f"{ALIAS}/api/v4/products/")
    assert product["url"].endswith("/?format=json")
    assert product["data"]["free_stock"] == "7"
    assert product["data"]["modelNo"] == "ACME-RED-M"
    assert all(isinstance(value, str) for value in product["data"].values())

    carriers = (await edge.client.get("/restapi/v4/order-tracking-carriers/")).json()
    assert all(set(carrier) == {"id", "slug", "name"} for carrier in carriers)
    slugs = {carrier["slug"] for carrier in carriers}
    assert {"dpd", "royal-mail", "evri", "dhl", "ups", "yodel", "parcel-force"} < slugs

    [customer] = (await edge.client.get("/restapi/v4/customers/")).json()["results"]
    assert set(customer) == {"url", "id", "name"}
    [for_orders] = (await edge.client.get("/restapi/v4/suppliers/")).json()["results"]
    [for_products] = (await edge.client.get("/api/v4/suppliers/")).json()["results"]
    assert set(for_orders) == {"url", "id", "name", "account_id"}
    assert for_orders["id"] != for_products["id"]
    assert str(for_products["id"]) in product["supplier"]
    assert (await edge.client.get(f"/restapi/v4/suppliers/{for_orders['id']}/")).json() == for_orders


async def test_filters_paging_and_links(edge: Edge) -> None:
    references = [edge.place() for _ in range(205)]
    assert len(set(references)) == 205
    assert all(len(one) == 9 and one.isdecimal() for one in references)
    first = (await edge.client.get("/restapi/v4/orders/", params={"status": "ORDER", "limit": 500})).json()
    assert (first["count"], len(first["results"]), first["previous"]) == (205, 100, None)
    following = httpx.URL(first["next"])
    assert (following.host, following.path) == ("www.sandbox.the-edge.io", "/restapi/v4/orders")
    assert dict(following.params) == {"status": "ORDER", "limit": "100", "offset": "100"}
    last = (await edge.client.get("/restapi/v4/orders/", params={"offset": 200})).json()
    assert (len(last["results"]), last["next"]) == (5, None)
    assert dict(httpx.URL(last["previous"]).params)["offset"] == "100"
    newest = (await edge.client.get("/restapi/v4/orders/", params={"sort": "desc", "limit": "1"})).json()
    assert newest["results"][0]["order_reference"] == references[-1]

    async def counted(**filters: Any) -> int:
        return int((await edge.client.get("/restapi/v4/orders/", params=filters)).json()["count"])

    assert await counted(status="NO_SUCH_STATUS") == 0
    assert await counted(status="ORDER", order_reference=references[7]) == 1
    assert await counted(status="CANCEL", order_reference=references[7]) == 0
    assert await counted(part_number="12345671") == 205
    assert await counted(part_number="99999999") == 0
    assert (await counted(supplier_id=77), await counted(supplier_id=78)) == (205, 0)
    assert (await counted(retailer_id=13), await counted(retailer_id=14)) == (205, 0)


async def test_rows_leave_the_filter_so_paging_by_offset_while_acknowledging_loses_orders(edge: Edge) -> None:
    references = {edge.place() for _ in range(20)}
    seen, offset = set(), 0
    while True:
        page = (
            await edge.client.get("/restapi/v4/orders/", params={"status": "ORDER", "limit": 5, "offset": offset})
        ).json()
        for order in page["results"]:
            seen.add(order["order_reference"])
            assert (await edge.act(order["order_reference"], "acknowledge")).status_code == 200
        offset += 5
        if page["next"] is None:
            break
    assert len(seen) == 10
    left = (await edge.client.get("/restapi/v4/orders/", params={"status": "ORDER"})).json()
    assert {order["order_reference"] for order in left["results"]} == references - seen


async def test_trouble_shows_as_it_was_put_in(edge: Edge) -> None:
    item = {"supplier_sku_reference": "SKU-1 ", "quantity": "two", "retailer_additional_reference": "123"}
    reference = edge.system.place_order("acme", {"items": [item], "order_date": "yesterday"})
    shown = await edge.order(reference)
    assert shown["order_date"] == "yesterday"
    assert item.items() <= shown["items"][0].items()
    raw = {"url": f"{ALIAS}/restapi/v4/orders/42/", "order_reference": "RAW", "status": "ON_HOLD", "items": None}
    assert edge.system.place_raw("acme", raw) == "RAW"
    assert edge.system.place_raw("acme", {"unexpected": [1]}) == "None"
    listed = (await edge.client.get("/restapi/v4/orders/")).json()["results"]
    assert raw in listed
    assert {"unexpected": [1]} in listed
    assert (await edge.client.get("/restapi/v4/orders/42/")).json() == raw
    assert (await edge.client.get("/restapi/v4/orders/", params={"status": "ON_HOLD"})).json()["count"] == 1
    assert edge.dumped("RAW")["lines"] == []
    assert edge.dumped(reference)["lines"][0]["quantity"] == 0


async def test_an_order_stays_as_it_was_placed_when_the_caller_uses_its_parts_again(edge: Edge) -> None:
    given: dict[str, Any] = {
        "items": [{"retailer_sku_reference": "12345678"}],
        "shipping_address": {"full_name": "First Sample"},
    }
    first = edge.system.place_order("acme", given)
    given["shipping_address"]["full_name"] = "Second Sample"
    assert (await edge.order(first))["shipping_address"] == {"full_name": "First Sample"}
