"""Shipping, money, cancelling, holding and comments, as seen on a running Magento 2.4.7-p3."""

from tests.sandbox.magento.shop import Shop, first_item, one


async def test_shipping_is_forgiving_and_counted(shop: Shop) -> None:
    order = await shop.order(2)
    item = first_item(order)
    track = {"track_number": "TRK1", "title": "Royal Mail", "carrier_code": "custom"}
    assert await shop.post("/V1/order/1/ship", {"items": [{"order_item_id": item, "qty": 1}], "tracks": [track]}) == "1"
    unknown = {"items": [{"order_item_id": 99999, "qty": 1}]}
    refusal = await shop.refused("/V1/order/1/ship", unknown)
    prefix = "Shipment Document Validation Error(s):\n"
    assert refusal == {"message": f"{prefix}You can't create a shipment without products."}
    assert await shop.post("/V1/order/1/ship", {"items": [{"order_item_id": item, "qty": 5}]}) == "2"
    assert (await shop.get("/V1/orders/1"))["items"][0]["qty_shipped"] == 2
    refusal = await shop.refused("/V1/order/1/ship")
    message = "The order does not allow a shipment to be created.\nYou can't create a shipment without products."
    assert refusal == {"message": prefix + message}


async def test_empty_items_ship_everything(shop: Shop) -> None:
    lines = [{"sku": "MUG", "qty_ordered": 1}, {"sku": "PAN/20 CM", "qty_ordered": 2}]
    await shop.order(items=lines)
    assert await shop.post("/V1/order/1/ship", {"items": []}) == "1"
    assert [line["qty_shipped"] for line in (await shop.get("/V1/orders/1"))["items"]] == [1, 2]


async def test_not_enough_at_the_source_burns_a_shipment_id(shop: Shop) -> None:
    await shop.order(500)
    refusal = await shop.refused("/V1/order/1/ship")
    assert refusal == {"message": "Could not save a shipment, see error log for details"}
    assert await shop.stock() == (10, 10)
    await shop.order(1)
    assert await shop.post("/V1/order/2/ship") == "2"
    shipments = await shop.get(f"/V1/shipments?{one('order_id', '2')}")
    assert shipments["items"][0]["increment_id"] == "000000001"


async def test_a_shipment_on_the_wire(shop: Shop) -> None:
    await shop.order(2)
    track = {"track_number": "TRK2", "title": "DPD", "carrier_code": "dpd"}
    await shop.post("/V1/order/1/ship", {"tracks": [track]})
    (shipment,) = (await shop.get(f"/V1/shipments?{one('order_id', '1,2', 'in')}"))["items"]
    recorded = {"billing_address_id", "created_at", "entity_id", "increment_id", "order_id", "packages"}
    recorded |= {"shipping_address_id", "store_id", "total_qty", "updated_at", "items", "tracks", "comments"}
    assert set(shipment) == recorded | {"extension_attributes"}
    tracked = {"order_id", "created_at", "entity_id", "parent_id", "updated_at", "weight", "qty", "description"}
    assert set(shipment["tracks"][0]) == tracked | {"track_number", "title", "carrier_code"}
    assert shipment["tracks"][0]["weight"] is None
    assert {"entity_id", "parent_id", "sku", "order_item_id", "qty", "name", "price"} == set(shipment["items"][0])


async def test_a_late_track_moves_no_timestamp(shop: Shop) -> None:
    await shop.order(2)
    await shop.post("/V1/order/1/ship")
    await shop.clock.sleep(120)
    late = {"order_id": 1, "parent_id": 1, "track_number": "LATE1", "title": "Evri", "carrier_code": "custom"}
    track = await shop.post("/V1/shipment/track", {"entity": late})
    assert track["created_at"] == "2026-03-02 09:02:00"
    shipment = await shop.get("/V1/shipment/1")
    assert shipment["updated_at"] == "2026-03-02 09:00:00"
    assert shipment["tracks"][0]["track_number"] == "LATE1"
    assert (await shop.get("/V1/orders/1"))["updated_at"] == "2026-03-02 09:00:00"


async def test_a_second_shipment_moves_no_timestamp_of_the_order(shop: Shop) -> None:
    item = first_item(await shop.order(2, state="new", status="pending"))
    await shop.clock.sleep(60)
    await shop.post("/V1/order/1/ship", {"items": [{"order_item_id": item, "qty": 1}]})
    await shop.clock.sleep(60)
    await shop.post("/V1/order/1/ship")
    order = await shop.get("/V1/orders/1?fields=state,updated_at")
    assert order == {"state": "processing", "updated_at": "2026-03-02 09:01:00"}


async def test_invoicing(shop: Shop) -> None:
    item = first_item(await shop.order(2, state="new", status="pending"))
    assert (
        await shop.post("/V1/order/1/invoice", {"capture": True, "items": [{"order_item_id": item, "qty": 1}]}) == "1"
    )
    order = await shop.get("/V1/orders/1?fields=state,total_paid")
    assert order == {"state": "processing", "total_paid": 12}
    assert await shop.post("/V1/order/1/invoice", {"capture": True}) == "2"
    await shop.post("/V1/order/1/ship")
    order = await shop.get("/V1/orders/1?fields=state,total_paid")
    assert order == {"state": "complete", "total_paid": 24}
    refusal = await shop.refused("/V1/order/1/invoice")
    assert refusal["message"] == (
        "Invoice Document Validation Error(s):\nThe invoice can't be created without products. "
        "Add products and try again.\nAn invoice cannot be created when an order has a status of complete"
    )
    assert await shop.post("/V1/orders/1/cancel") is False


async def test_a_fully_shipped_order_that_is_not_invoiced_is_cancelled(shop: Shop) -> None:
    await shop.order(2)
    await shop.post("/V1/order/1/ship")
    assert await shop.post("/V1/orders/1/cancel") is True
    order = await shop.get("/V1/orders/1")
    assert (order["state"], order["items"][0]["qty_canceled"], order["items"][0]["qty_shipped"]) == ("canceled", 0, 2)
    assert await shop.stock() == (8, 10)
    assert await shop.post("/V1/orders/1/cancel") is False
    refusal = await shop.refused("/V1/order/1/invoice", {"capture": False})
    assert refusal["message"].endswith("An invoice cannot be created when an order has a status of canceled")


async def test_a_partly_invoiced_order_is_partly_cancelled_and_goes_on(shop: Shop) -> None:
    lines = [{"sku": "MUG", "qty_ordered": 2, "price": 5}, {"sku": "PAN/20 CM", "qty_ordered": 1, "price": 5}]
    order = await shop.order(items=lines)
    await shop.post("/V1/order/1/invoice", {"items": [{"order_item_id": first_item(order), "qty": 2}]})
    assert await shop.post("/V1/orders/1/cancel") is True
    order = await shop.get("/V1/orders/1")
    assert (order["state"], [line["qty_canceled"] for line in order["items"]]) == ("processing", [0, 1])
    await shop.post("/V1/order/1/ship")
    order = await shop.get("/V1/orders/1")
    assert (order["state"], [line["qty_shipped"] for line in order["items"]]) == ("complete", [2, 0])


async def test_a_held_order_refuses_everything(shop: Shop) -> None:
    await shop.order(1, state="new", status="pending")
    assert await shop.post("/V1/orders/1/hold") is True
    assert await shop.post("/V1/orders/1/cancel") is False
    refusal = await shop.refused("/V1/order/1/ship")
    text = "Shipment Document Validation Error(s):\nA shipment cannot be created when an order has a status of holded"
    assert refusal == {"message": text}
    refusal = await shop.refused("/V1/order/1/invoice")
    assert refusal["message"].endswith("An invoice cannot be created when an order has a status of holded")
    assert await shop.refused("/V1/orders/1/hold") == {"message": "A hold action is not available."}
    assert shop.magento.open_orders() == []
    assert await shop.post("/V1/orders/1/unhold") is True
    assert await shop.refused("/V1/orders/1/unhold") == {"message": "You cannot remove the hold."}
    order = await shop.get("/V1/orders/1?fields=state,status")
    assert order == {"state": "new", "status": "pending"}


async def test_comments(shop: Shop) -> None:
    await shop.order()
    assert await shop.post("/V1/orders/1/comments", {"statusHistory": {"comment": "Imported"}}) is True
    refusal = await shop.refused("/V1/orders/1/comments", {"statusHistory": {"comment": "x", "status": "bogus"}})
    message = 'Unable to add comment: The status "%1" is not part of the order\n                 status history.'
    assert refusal == {"message": message, "parameters": ["bogus"]}
    listed = await shop.get("/V1/orders/1/comments")
    assert listed["total_count"] == 1
    recorded = {"comment", "created_at", "entity_id", "entity_name", "is_customer_notified", "is_visible_on_front"}
    assert set(listed["items"][0]) == recorded | {"parent_id", "status"}
    assert await shop.get("/V1/orders/1/statuses") == "processing"
