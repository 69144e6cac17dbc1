"""Orders in: facts seen on a running Magento 2.4.7-p3, replayed against the pretend one."""

from typing import Any

import pytest

from tests.sandbox.magento.shop import Shop, entity, first_item, one


async def test_a_new_order_is_echoed_with_ids_and_without_nulls(shop: Shop) -> None:
    order = await shop.order(coupon_code=None)
    assert order["entity_id"] == 1
    assert order["increment_id"] == "000000001"
    assert order["grand_total"] == 24
    assert order["created_at"] == order["updated_at"] == "2026-03-02 09:00:00"
    assert "coupon_code" not in order
    recorded = {"base_grand_total", "base_total_due", "billing_address_id", "created_at", "customer_email"}
    recorded |= {"entity_id", "grand_total", "increment_id", "protect_code", "store_id", "store_name", "total_due"}
    recorded |= {"updated_at", "items", "billing_address", "payment", "status_histories", "extension_attributes"}
    assert recorded | {"state", "status"} == set(order)
    assert "qty_shipped" not in order["items"][0]
    assert order["extension_attributes"]["shipping_assignments"][0]["items"] is None
    assert order["payment"]["account_status"] is None


async def test_a_read_shows_the_zeroes_and_lists_the_lines_twice(shop: Shop) -> None:
    await shop.order()
    order = await shop.get("/V1/orders/1")
    line = order["items"][0]
    assert (line["qty_ordered"], line["qty_shipped"], line["qty_invoiced"], line["qty_canceled"]) == (2, 0, 0, 0)
    assert order["extension_attributes"]["shipping_assignments"][0]["items"] == order["items"]
    assert order["extension_attributes"]["converting_from_quote"] is False


async def test_only_a_payment_is_asked_for(shop: Shop) -> None:
    assert await shop.refused("/V1/orders", {"entity": {}}) == {"message": "Please provide payment for the order."}
    order = await shop.post("/V1/orders", {"entity": {"payment": {"method": "no_such_method"}, "state": "weird"}})
    assert (order["entity_id"], order["increment_id"], order["state"]) == (1, "000000001", "weird")
    unknown = await shop.order(3, "NOBODY KNOWS THIS SKU")
    assert unknown["items"][0]["sku"] == "NOBODY KNOWS THIS SKU"


async def test_an_order_without_a_state_has_none(shop: Shop) -> None:
    body = entity()
    del body["state"], body["status"]
    order = await shop.post("/V1/orders", {"entity": body})
    await shop.post("/V1/order/1/ship", {"items": [{"order_item_id": first_item(order), "qty": 2}]})
    assert "state" not in await shop.get("/V1/orders/1")
    await shop.post("/V1/order/1/invoice", {"capture": True})
    assert (await shop.get("/V1/orders/1"))["state"] == "complete"


async def test_the_increment_id_is_unique_and_a_refusal_burns_an_entity_id(shop: Shop) -> None:
    await shop.order(increment_id="JL-1")
    for _ in range(4):
        refusal = await shop.refused("/V1/orders", {"entity": entity(increment_id="JL-1")})
        assert refusal == {"message": "Unique constraint violation found"}
    assert (await shop.order(increment_id="JL-2"))["entity_id"] == 6
    assert (await shop.order(increment_id="JL-1", store_id=2))["increment_id"] == "JL-1"


async def test_the_ext_order_id_is_not_unique(shop: Shop) -> None:
    assert [(await shop.order(ext_order_id="JL-1"))["entity_id"] for _ in range(2)] == [1, 2]
    found = await shop.get(f"/V1/orders?{one('ext_order_id', 'JL-1')}&fields=items[entity_id],total_count")
    assert found == {"items": [{"entity_id": 1}, {"entity_id": 2}], "total_count": 2}


async def test_a_long_ext_order_id_is_echoed_whole_and_kept_cut(shop: Shop) -> None:
    assert (await shop.order(ext_order_id="X" * 40))["ext_order_id"] == "X" * 40
    assert (await shop.get("/V1/orders/1"))["ext_order_id"] == "X" * 32
    assert (await shop.get(f"/V1/orders?{one('ext_order_id', 'X' * 40)}"))["items"] == []


async def test_an_emoji_is_echoed_and_lost(shop: Shop) -> None:
    assert (await shop.order(customer_firstname="Zoë 😀 Ł"))["customer_firstname"] == "Zoë 😀 Ł"
    assert (await shop.get("/V1/orders/1"))["customer_firstname"] == "Zoë ???? Ł"


async def test_a_given_creation_time_is_kept(shop: Shop) -> None:
    order = await shop.order(created_at="2026-01-02 03:04:05")
    assert (order["created_at"], order["updated_at"]) == ("2026-01-02 03:04:05", "2026-03-02 09:00:00")


async def test_a_gift_message_reads_back(shop: Shop) -> None:
    gift = {"sender": "Ivo", "recipient": "Zoe", "message": "For you"}
    body = entity()
    body["extension_attributes"]["gift_message"] = gift
    await shop.post("/V1/orders", {"entity": body})
    order = await shop.get("/V1/orders/1?fields=extension_attributes[gift_message]")
    kept = {"gift_message_id": 1, "customer_id": 0, **gift}
    assert order == {"extension_attributes": {"gift_message": kept}}


async def test_the_other_create_route_is_the_same(shop: Shop) -> None:
    answer = await shop.client.put("/V1/orders/create", json={"entity": entity(ext_order_id="JL-4")})
    assert (answer.status_code, answer.json()["entity_id"]) == (200, 1)
    assert (await shop.get("/V1/orders/1"))["ext_order_id"] == "JL-4"


async def test_an_update_changes_only_what_is_given_and_answers_nulls(shop: Shop) -> None:
    await shop.order()
    answer = await shop.post("/V1/orders", {"entity": {"entity_id": 1, "ext_order_id": "JL-9", "increment_id": "X"}})
    assert (answer["grand_total"], answer["customer_email"], answer["total_due"]) == (None, None, 0)
    order = await shop.get("/V1/orders/1")
    assert (order["grand_total"], order["ext_order_id"], order["increment_id"]) == (24, "JL-9", "X")
    assert (await shop.get(f"/V1/orders?{one('increment_id', 'X')}"))["total_count"] == 1
    assert (await shop.get(f"/V1/orders?{one('increment_id', '000000001')}"))["total_count"] == 0


@pytest.mark.parametrize(
    ("body", "message", "parameters"),
    [
        ({}, '"%fieldName" is required. Enter and try again.', {"fieldName": "entity"}),
        (
            {"entity": {"nosuch_field": 1}},
            '"%fieldName" is not supported. Correct the field name and try again.',
            {"fieldName": "NosuchField"},
        ),
        (
            {"entity": {"grand_total": "5,00"}},
            (
                'Error occurred during "grand_total" processing. The "5,00" value\'s type is invalid. '
                'The "float" type was expected. Verify and try again.'
            ),
            None,
        ),
    ],
)
async def test_a_body_of_the_wrong_shape(shop: Shop, body: Any, message: str, parameters: Any) -> None:
    refusal = await shop.refused("/V1/orders", body)
    assert (refusal["message"], refusal.get("parameters")) == (message, parameters)


async def test_a_number_sent_as_text_is_accepted(shop: Shop) -> None:
    assert (await shop.order(grand_total="5.00"))["grand_total"] == 5
