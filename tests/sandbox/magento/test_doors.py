"""Unknown routes, media types, limits and set-up, as a running Magento 2.4.7-p3 answers."""

from tests.sandbox.magento.shop import Shop

NOT_FOUND = {"message": "The entity that was requested doesn't exist. Verify the entity and try again."}


async def test_unknown_ids_routes_verbs_and_stores(shop: Shop) -> None:
    client = shop.client
    assert (await client.get("/V1/orders/999")).json() == NOT_FOUND
    for action in ("order/999/ship", "order/999/invoice", "orders/999/cancel"):
        answer = await client.post(f"/V1/{action}")
        assert (answer.status_code, answer.json()) == (404, NOT_FOUND)
    answer = await client.get("/V1/orders/abc")
    assert answer.status_code == 400
    assert answer.json()["message"].startswith('The "abc" value\'s type is invalid. The "int" type was expected.')
    for verb, path in (("GET", "/V1/nope"), ("DELETE", "/V1/orders/1"), ("GET", "/V1/returns")):
        answer = await client.request(verb, path)
        assert (answer.status_code, answer.json()) == (404, {"message": "Request does not match any route."})
    answer = await client.get("/nostore/V1/store/storeViews")
    assert (answer.status_code, answer.json()) == (400, {"message": "Specified request cannot be processed."})
    await shop.order()
    for store in ("/default", "/all", ""):
        assert await shop.get(f"{store}/V1/orders/1?fields=entity_id") == {"entity_id": 1}


async def test_media_types(shop: Shop) -> None:
    await shop.order()
    answer = await shop.client.get("/V1/orders/1", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
    answer = await shop.client.post("/V1/orders/1/cancel", content="{}", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 400
    assert answer.json()["message"] == "Server cannot understand Content-Type HTTP header media type text/plain"
    answer = await shop.client.post("/V1/orders", content="{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (400, {"message": "Decoding error."})


async def test_a_host_limit_answers_429() -> None:
    shop = Shop(calls_per_minute=2)
    assert [(await shop.client.get("/V1/modules")).status_code for _ in range(3)] == [200, 200, 429]
    await shop.clock.sleep(61)
    assert (await shop.client.get("/V1/modules")).status_code == 200
    assert shop.magento.limits() == {"calls": 2}
    assert shop.magento.throttled["GET /rest/V1/modules"] == 1


async def test_set_up_routes(shop: Shop) -> None:
    assert [view["code"] for view in await shop.get("/V1/store/storeViews")] == ["default", "admin"]
    assert [site["code"] for site in await shop.get("/V1/store/websites")] == ["admin", "base"]
    assert "Magento_InventoryApi" in await shop.get("/V1/modules")
    stock = await shop.get("/V1/inventory/stock-resolver/website/base")
    assert stock["extension_attributes"]["sales_channels"] == [{"type": "website", "code": "base"}]
    answer = await shop.client.get("/V1/inventory/stock-resolver/website/nope")
    assert (answer.status_code, answer.json()) == (404, {"message": "No linked stock found"})
    links = await shop.get("/V1/inventory/stock-source-links?searchCriteria")
    assert links["items"] == [{"stock_id": 1, "source_code": "default", "priority": 1}]
