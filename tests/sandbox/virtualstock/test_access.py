"""Who may call the pretend The Edge, how often, and what each may see."""

import httpx

from sandbox.virtualstock import Account
from tests.sandbox.virtualstock.edge import ACME, ALIAS, REQUIRED, RETAILER, ZEPHYR, Edge
from tests.sandbox.virtualstock.samples import CREATED_ITEM_KEYS, CREATED_ORDER_KEYS


async def tokens_of(edge: Edge, account: Account = ACME) -> dict[str, str]:
    body = {"username": account.username, "password": account.password}
    answer = await edge.nobody.post("/restapi/v4/token", json=body)
    assert answer.status_code == 200
    return dict(answer.json())


async def status_with(edge: Edge, token: str) -> httpx.Response:
    return await edge.nobody.get("/restapi/v4/orders/", headers={"Authorization": f"Bearer {token}"})


async def test_an_access_token_lives_five_minutes_and_is_renewed_for_four_hours(edge: Edge) -> None:
    tokens = await tokens_of(edge)
    assert set(tokens) == {"access", "refresh"}
    edge.clock.move(299)
    assert (await status_with(edge, tokens["access"])).status_code == 200
    edge.clock.move(1)
    expired = await status_with(edge, tokens["access"])
    assert expired.status_code == 401
    assert expired.json()["code"] == "token_not_valid"
    assert expired.headers["www-authenticate"] == 'Basic realm="api"'

    edge.clock.move(14_400 - 300 - 1)
    renewed = await edge.nobody.post("/restapi/v4/token/refresh", json={"refresh": tokens["refresh"]})
    assert set(renewed.json()) == {"access"}
    assert (await status_with(edge, renewed.json()["access"])).status_code == 200
    edge.clock.move(1)
    late = await edge.nobody.post("/restapi/v4/token/refresh", json={"refresh": tokens["refresh"]})
    assert late.status_code == 401
    assert late.json() == {"detail": "Token is invalid or expired", "code": "token_not_valid"}


async def test_a_refresh_token_opens_nothing_and_a_forged_token_neither(edge: Edge) -> None:
    tokens = await tokens_of(edge)
    head, claims, signature = tokens["access"].split(".")
    for token in (tokens["refresh"], f"{head}.{claims}x.{signature}", "abc", ""):
        assert (await status_with(edge, token)).status_code == 401
    misused = await edge.nobody.post("/restapi/v4/token/refresh", json={"refresh": tokens["access"]})
    assert misused.status_code == 401


async def test_wrong_credentials_are_refused(edge: Edge) -> None:
    wrong = {"username": "acme-user", "password": "guess"}
    login = await edge.nobody.post("/restapi/v4/token", json=wrong)
    assert login.status_code == 401
    assert login.json() == {"detail": "No active account found with the given credentials"}
    assert (await edge.client.get("/restapi/v4/orders/", auth=("acme-user", "guess"))).status_code == 401
    assert (await edge.nobody.get("/restapi/v4/orders/")).status_code == 401
    missing = await edge.nobody.post("/restapi/v4/token", json={"username": "acme-user"})
    assert (missing.status_code, missing.json()) == (400, {"password": ["This field is required."]})


async def test_the_limit_is_250_in_each_calendar_minute_and_each_user_has_its_own() -> None:
    edge = Edge(calls_per_minute=250)
    edge.clock.move(17.5)
    tokens = await tokens_of(edge)
    token = {"Authorization": f"Bearer {tokens['access']}"}
    async with edge.client_of(None) as client:
        for _ in range(249):
            assert (await client.get("/restapi/v4/customers/", headers=token)).status_code == 200
        refused = await client.get("/restapi/v4/customers/", headers=token)
        assert refused.status_code == 429
        assert refused.json() == {"detail": "Request was throttled. Expected available in 43.0 seconds."}
        assert refused.headers["retry-after"] == "43"
        assert edge.system.throttled["GET /restapi/v4/customers/"] == 1
        async with edge.client_of(ZEPHYR) as other:
            assert (await other.get("/restapi/v4/customers/")).status_code == 200
        edge.clock.move(42.5)
        assert (await client.get("/restapi/v4/customers/", headers=token)).status_code == 200
    assert edge.system.limits() == {"each user": 250}


async def test_suppliers_see_only_their_own(edge: Edge) -> None:
    reference = edge.place()
    url = (await edge.order(reference))["url"]
    product = edge.system.add_product("acme", stock_number="12345678", sku="A", ean="", free_stock=1)
    async with edge.client_of(ZEPHYR) as other:
        assert (await other.get("/restapi/v4/orders/")).json()["count"] == 0
        assert (await other.get(httpx.URL(url).path)).status_code == 404
        refused = await other.patch(f"/api/v4/products/{product}/stock", json={"supplier_free_stock": 5})
        assert refused.status_code == 404
        assert refused.json() == {"detail": "Product not found.", "code": "PRODUCT_NOT_FOUND"}
    assert edge.system.published("acme", "A") == 1


NEW_ORDER = {
    "supplier": f"{ALIAS}/restapi/v4/suppliers/77/",
    "order_reference": "SBX-100001",
    "order_date": "2025-03-04T09:00:00",
    "shipping_store_number": "1200",
    "delivery_service_code": "standard",
    "items": [
        {
            "retailer_sku_reference": "12345678", "line_reference": "1", "quantity": 2, "name": "Sample product",
            "unit_cost_price": "5.00", "subtotal": "10.00", "tax_rate": "20.00", "tax": "2.00", "total": "12.00",
        }
    ],
    "shipping_address": {"full_name": "S", "line_1": "1 Sample Street", "line_2": "", "city": "Sampletown",
        "state": "Sampleshire", "postal_code": "SA1 1AA", "phone": "0", "email": "s@example.com", "country": "GB"},
}  # fmt: skip


async def test_the_retailer_creates_orders_and_the_supplier_may_not(edge: Edge) -> None:
    async with edge.client_of(RETAILER) as retailer:
        created = await retailer.post("/restapi/v4/orders/", json=NEW_ORDER)
        assert created.status_code == 201
        assert set(created.json()) == CREATED_ORDER_KEYS
        assert set(created.json()["items"][0]) == CREATED_ITEM_KEYS
        again = await retailer.post("/restapi/v4/orders/", json=NEW_ORDER)
        assert again.status_code == 400
        assert list(again.json()) == ["order_reference"]
        bare = {**NEW_ORDER, "order_reference": "SBX-2", "items": [{"quantity": 1}]}
        refused = (await retailer.post("/restapi/v4/orders/", json=bare)).json()
        assert refused["items"][0]["line_reference"] == REQUIRED
        blank = {**NEW_ORDER["shipping_address"], "email": ""}  # type: ignore[dict-item]  # a dict of texts
        answer = await retailer.post("/restapi/v4/orders/", json={**NEW_ORDER, "shipping_address": blank})
        assert answer.json() == {"shipping_address": {"email": ["This field may not be blank."]}}
        assert (await retailer.get("/restapi/v4/orders/")).status_code == 403
    assert (await edge.order("SBX-100001"))["status"] == "ORDER"
    assert (await edge.client.post("/restapi/v4/orders/", json=NEW_ORDER)).status_code == 403
