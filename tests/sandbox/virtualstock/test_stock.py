"""Products, their published stock, and customers who buy."""

from datetime import timedelta

from tests.sandbox.virtualstock.edge import REQUIRED, START, Edge


async def test_stock_is_set_and_its_history_kept(edge: Edge) -> None:
    product = edge.system.add_product("acme", stock_number="12345678", sku="A ", ean="5000000000012", free_stock=4)
    edge.clock.move(10)
    answer = await edge.client.patch(f"/api/v4/products/{product}/stock", json={"supplier_free_stock": "12"})
    assert (answer.status_code, answer.json()) == (200, {})
    assert edge.system.published("acme", "A ") == 12
    for wrong in (-1, "many", 1.5, None, True):
        answer = await edge.client.patch(f"/api/v4/products/{product}/stock", json={"supplier_free_stock": wrong})
        assert answer.status_code == 400
        assert list(answer.json()) == ["supplier_free_stock"]
    missing = await edge.client.patch(f"/api/v4/products/{product}/stock", json={"free_stock": 1})
    assert (missing.status_code, missing.json()) == (400, {"supplier_free_stock": REQUIRED})
    at = (START + timedelta(seconds=10)).isoformat()
    [listing] = edge.system.dump()["accounts"]["acme"]["listings"]
    assert listing == {
        "stock_number": "12345678",
        "sku": "A ",
        "ean": "5000000000012",
        "published": [[START.isoformat(), 4], [at, 12]],
    }


async def test_the_general_update_knows_only_the_retailers_own_stock_field(edge: Edge) -> None:
    product = edge.system.add_product("acme", stock_number="12345678", sku="A", ean="", free_stock=4)
    data = {"current_lead_time_to_delivery_in_days": "10", "supplier_free_stock": 9}
    answer = await edge.client.patch(f"/api/v4/products/{product}/", json={"data": data})
    assert answer.status_code == 200
    assert edge.system.published("acme", "A") == 4
    shown = (await edge.client.get(f"/api/v4/products/{product}")).json()["data"]
    assert shown["current_lead_time_to_delivery_in_days"] == "10"
    assert (
        await edge.client.patch(f"/api/v4/products/{product}/", json={"data": {"free_stock": 9}})
    ).status_code == 200
    assert edge.system.published("acme", "A") == 9
    for wrong in ({}, {"data": "x"}, {"data": {"free_stock": "x"}}):
        assert (await edge.client.patch(f"/api/v4/products/{product}/", json=wrong)).status_code == 400
    assert edge.system.published("acme", "A") == 9


async def test_a_publishing_product_refuses_every_write(edge: Edge) -> None:
    product = edge.system.add_product("acme", stock_number="12345678", sku="A", ean="", free_stock=4)
    edge.system.publishing("acme", "A", 300)
    conflict = {"detail": "Can't update a product which is in a publishing status."}
    for path, body in (("/stock", {"supplier_free_stock": 1}), ("/", {"data": {"low_stock": "1"}})):
        answer = await edge.client.patch(f"/api/v4/products/{product}{path}", json=body)
        assert (answer.status_code, answer.json()) == (409, conflict)
    assert edge.system.published("acme", "A") == 4
    edge.clock.move(300)
    answer = await edge.client.patch(f"/api/v4/products/{product}/stock", json={"supplier_free_stock": 1})
    assert answer.status_code == 200


async def test_customers_buy_only_what_is_published(edge: Edge) -> None:
    edge.system.add_product("acme", stock_number="12345678", sku="A", ean="", free_stock=3, unit_cost_price=None)
    assert edge.system.buy("acme", "A", 4) is None
    reference = edge.system.buy("acme", "A", 3, {"full_name": "Ada Sample", "postal_code": "ZZ1 1ZZ"})
    assert reference is not None
    assert edge.system.published("acme", "A") == 0
    assert edge.system.buy("acme", "A", 1) is None
    order = await edge.order(reference)
    assert order["shipping_address"]["full_name"] == "Ada Sample"
    assert (order["total"], order["items"][0]["unit_cost_price"]) == (None, None)
    assert (await edge.client.get("/restapi/v4/orders/")).json()["count"] == 1
