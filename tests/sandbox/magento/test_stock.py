"""The rule table of stock, with numbers seen on a running Magento 2.4.7-p3."""

from tests.sandbox.magento.shop import Shop, first_item, one


async def test_a_rest_order_reserves_nothing_and_ends_above_the_physical_number(shop: Shop) -> None:
    order = await shop.order(4)
    assert await shop.stock() == (10, 10)
    await shop.post("/V1/order/1/ship", {"items": [{"order_item_id": first_item(order), "qty": 1}]})
    assert await shop.stock() == (9, 10)
    await shop.post("/V1/order/1/invoice", {"items": [{"order_item_id": first_item(order), "qty": 1}]})
    assert await shop.stock() == (9, 10)
    assert await shop.post("/V1/orders/1/cancel") is True
    assert await shop.stock() == (9, 13)
    line = (await shop.get("/V1/orders/1"))["items"][0]
    assert (line["qty_shipped"], line["qty_invoiced"], line["qty_canceled"]) == (1, 1, 3)


async def test_cancel_of_an_untouched_rest_order_adds_what_was_never_reserved(shop: Shop) -> None:
    await shop.order(2)
    assert await shop.post("/V1/orders/1/cancel") is True
    assert await shop.stock() == (10, 12)
    assert shop.magento.free("MUG") == 10


async def test_an_order_placed_the_proper_way_reserves(shop: Shop) -> None:
    order_id = shop.magento.key_order_by_hand("JL-7", {"MUG": 3})
    assert await shop.stock() == (10, 7)
    order = await shop.get(f"/V1/orders/{order_id}")
    assert (order["state"], order["status"], order["ext_order_id"]) == ("new", "pending", "JL-7")
    await shop.post(f"/V1/order/{order_id}/ship", {"items": [{"order_item_id": first_item(order), "qty": 2}]})
    assert await shop.stock() == (8, 7)
    assert (await shop.get(f"/V1/orders/{order_id}"))["state"] == "processing"
    await shop.post(f"/V1/orders/{order_id}/cancel")
    assert await shop.stock() == (8, 8)


async def test_a_shipment_from_a_source_linked_to_no_stock_raises_the_salable_number(shop: Shop) -> None:
    shop.magento.add_source("wh2", linked=False)
    row = {"sku": "MUG", "source_code": "wh2", "quantity": 3, "status": 1}
    assert await shop.post("/V1/inventory/source-items", {"sourceItems": [row]}) == []
    assert await shop.stock() == (10, 10)
    await shop.order(1)
    body = {"items": [], "arguments": {"extension_attributes": {"source_code": "wh2"}}}
    await shop.post("/V1/order/1/ship", body)
    assert await shop.stock() == (10, 11)
    path = f"/V1/shipments?{one('order_id', '1')}&fields=items[extension_attributes,items[sku,qty]]"
    shown = {"items": [{"sku": "MUG", "qty": 1}], "extension_attributes": {"source_code": "wh2"}}
    assert await shop.get(path) == {"items": [shown]}


async def test_source_items_take_unknown_skus_and_negative_numbers(shop: Shop) -> None:
    row = {"sku": "NOT A PRODUCT", "source_code": "default", "quantity": -1, "status": 1}
    await shop.post("/V1/inventory/source-items", {"sourceItems": [row]})
    assert (await shop.get(f"/V1/inventory/source-items?{one('sku', 'NOT A PRODUCT')}"))["items"] == [row]
    unknown = {**row, "source_code": "nowhere"}
    refusal = await shop.refused("/V1/inventory/source-items", {"sourceItems": [unknown]})
    assert refusal == {"message": "Could not save Source Item"}


async def test_the_export_counts_only_its_page(shop: Shop) -> None:
    shop.magento.add_product(sku="LAMP", ean=None, quantity=0)
    path = "/V1/inventory/export-stock-salable-qty/website/base?searchCriteria[pageSize]=2&searchCriteria[currentPage]="
    pages = [await shop.get(f"{path}{number}") for number in (1, 2, 3)]
    assert [(len(each["items"]), each["total_count"]) for each in pages] == [(2, 2), (1, 1), (0, 0)]
    assert pages[0]["items"][0] == {"sku": "MUG", "qty": 10, "is_salable": True}
    assert pages[1]["items"] == [{"sku": "LAMP", "qty": 0, "is_salable": False}]
    one_sku = f"/V1/inventory/export-stock-salable-qty/website/base?{one('sku', 'PAN/20 CM')}"
    assert (await shop.get(one_sku))["items"] == [{"sku": "PAN/20 CM", "qty": 5, "is_salable": True}]
    answer = await shop.client.get("/V1/inventory/export-stock-salable-qty/website/nope?searchCriteria")
    assert (answer.status_code, answer.json()) == (404, {"message": "No linked stock found"})


async def test_the_salable_quantity_of_an_unknown_sku_is_plain_text(shop: Shop) -> None:
    answer = await shop.client.get("/V1/inventory/get-product-salable-quantity/NOPE/1")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/plain; charset=utf-8")
    assert await shop.get("/V1/inventory/get-product-salable-quantity/PAN%2F20%20CM/1") == 5
    answer = await shop.client.get("/V1/inventory/get-product-salable-quantity/MUG/99")
    assert (answer.status_code, answer.json()) == (400, {"message": "Could not receive Stock Item data"})
