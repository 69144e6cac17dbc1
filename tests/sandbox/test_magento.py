"""Facts seen on a running Magento 2.4.7-p3, replayed against the pretend one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from sandbox.kit import BackOffice
from sandbox.magento import Credentials, InputLimits, Magento
from sandbox.magento.answers import Refused

KEYS = Credentials("consumer", "consumer-secret", "token", "token-secret")
NOT_FOUND = {"message": "The entity that was requested doesn't exist. Verify the entity and try again."}


class StoppedClock:
    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 9, 0, 0, 654321, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Shop:
    """A pretend shop with two products, and a client that is let in."""

    def __init__(self, **switches: Any) -> None:
        self.clock = StoppedClock()
        self.magento = Magento(self.clock, credentials=KEYS, **switches)
        self.magento.add_product(sku="MUG", ean="5012345678900", quantity=10, price="12.00")
        self.magento.add_product(sku="PAN/20 CM", ean="5012345678917", quantity=5, price="30.00")
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.magento.app),
            base_url="https://shop.example/rest",
            headers={"Authorization": "Bearer token", "Accept": "application/json"},
        )

    async def get(self, path: str) -> Any:
        answer = await self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None) -> Any:
        answer = await self.client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refused(self, path: str, body: Any = None) -> dict[str, Any]:
        answer = await self.client.post(path, json=body)
        assert answer.status_code == 400, answer.text
        refusal: dict[str, Any] = answer.json()
        return refusal

    async def order(self, quantity: int = 2, sku: str = "MUG", **columns: Any) -> dict[str, Any]:
        created: dict[str, Any] = await self.post("/V1/orders", {"entity": entity(quantity, sku, **columns)})
        return created

    async def stock(self, sku: str = "MUG") -> tuple[float, float]:
        """Return physical and salable, both over the wire."""
        rows = await self.get(f"/V1/inventory/source-items?{one('sku', sku)}")
        salable = await self.get(f"/V1/inventory/get-product-salable-quantity/{sku}/1")
        return sum(row["quantity"] for row in rows["items"] if row["source_code"] == "default"), salable


@pytest.fixture
def shop() -> Shop:
    return Shop()


def one(field: str, value: str, condition: str = "eq") -> str:
    prefix = "searchCriteria[filterGroups][0][filters][0]"
    return f"{prefix}[field]={field}&{prefix}[value]={value}&{prefix}[conditionType]={condition}"


def entity(quantity: int = 2, sku: str = "MUG", **columns: Any) -> dict[str, Any]:
    total = 12.0 * quantity
    address = {"firstname": "Zoe", "lastname": "Bell", "street": ["3 Mill Lane"], "city": "Leeds", "country_id": "GB"}
    shipping = {"address": {**address, "address_type": "shipping"}, "method": "flatrate_flatrate"}
    return {
        "state": "processing",
        "status": "processing",
        "customer_email": "zoe@marketplace.example",
        "grand_total": total,
        "base_grand_total": total,
        "items": [{"sku": sku, "qty_ordered": quantity, "price": 12.0, "price_incl_tax": 12.0, "name": sku}],
        "billing_address": {**address, "address_type": "billing"},
        "payment": {"method": "checkmo"},
        "extension_attributes": {"shipping_assignments": [{"shipping": shipping}]},
        **columns,
    }


def first_item(order: dict[str, Any]) -> int:
    return int(order["items"][0]["item_id"])


# ---- orders in


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


# ---- searching


async def test_search_criteria_are_required(shop: Shop) -> None:
    answer = await shop.client.get("/V1/orders")
    message = '"%fieldName" is required. Enter and try again.'
    assert answer.status_code == 400
    assert answer.json() == {"message": message, "parameters": {"fieldName": "searchCriteria"}}
    assert await shop.get("/V1/orders?searchCriteria") == {
        "items": [],
        "search_criteria": {"filter_groups": []},
        "total_count": 0,
    }
    assert (await shop.get("/V1/inventory/sources"))["items"][0]["source_code"] == "default"


async def test_no_hit_is_null_with_fields(shop: Shop) -> None:
    await shop.order()
    late = one("created_at", "2100-01-01", "gteq")
    assert (await shop.get(f"/V1/orders?{late}&fields=items[entity_id],total_count")) == {
        "items": None,
        "total_count": 0,
    }
    past = "searchCriteria[pageSize]=3&searchCriteria[currentPage]=99"
    assert (await shop.get(f"/V1/orders?{past}&fields=items[entity_id],total_count")) == {
        "items": None,
        "total_count": 1,
    }
    assert (await shop.get(f"/V1/orders?{past}"))["items"] == []


async def test_an_unknown_field_is_a_500_with_a_report_id(shop: Shop) -> None:
    for path in ("orders", "inventory/source-items", "shipments"):
        answer = await shop.client.get(f"/V1/{path}?{one('nofield', '1')}")
        assert answer.status_code == 500
        assert answer.json()["message"].startswith("Internal Error. Details are available in Magento log file.")
        assert "Report ID: webapi-" in answer.json()["message"]
    answer = await shop.client.get(f"/V1/products?{one('nofield', '1')}")
    message = 'The "%1" attribute name is invalid. Reset the name and try again.'
    assert (answer.status_code, answer.json()) == (400, {"message": message, "parameters": ["nofield"]})


async def test_an_unsorted_in_does_not_come_back_by_id(shop: Shop) -> None:
    for reference in ("JL-S1", "JL-C1"):
        await shop.order(ext_order_id=reference)
    path = f"/V1/orders?{one('ext_order_id', 'JL-S1,JL-C1', 'in')}&fields=items[entity_id]"
    assert (await shop.get(path))["items"] == [{"entity_id": 2}, {"entity_id": 1}]
    ordered = "&searchCriteria[sortOrders][0][field]=entity_id&searchCriteria[sortOrders][0][direction]=ASC"
    assert (await shop.get(path + ordered))["items"] == [{"entity_id": 1}, {"entity_id": 2}]


async def test_groups_are_anded_filters_ored_and_snake_case_works(shop: Shop) -> None:
    for number in range(1, 5):
        await shop.order(number, ext_order_id=f"JL-{number}")
    either = "search_criteria[filter_groups][0][filters][{}][field]=ext_order_id"
    either += "&search_criteria[filter_groups][0][filters][{}][value]=JL-{}"
    both = "&".join(either.format(n, n, n) for n in (1, 2, 4))
    at_least = "search_criteria[filter_groups][1][filters][0]"
    above = f"{at_least}[field]=grand_total&{at_least}[value]=24&{at_least}[condition_type]=gteq"
    found = await shop.get(f"/V1/orders?{both}&{above}&fields=items[ext_order_id]")
    assert found == {"items": [{"ext_order_id": "JL-2"}, {"ext_order_id": "JL-4"}]}


async def test_the_order_items_search_finds_lines(shop: Shop) -> None:
    await shop.order(items=[{"sku": "MUG", "qty_ordered": 1, "ext_order_item_id": "JL-1-1"}])
    path = f"/V1/orders/items?{one('ext_order_item_id', 'JL-1-1')}&fields=items[item_id,order_id,sku]"
    assert await shop.get(path) == {"items": [{"item_id": 1, "order_id": 1, "sku": "MUG"}]}


async def test_input_limits(shop: Shop) -> None:
    shop.magento.input_limits = InputLimits(array_items=3, page_size=5, default_page_size=2)
    for number in range(3):
        await shop.order(ext_order_id=f"JL-{number}")
    cut = await shop.get("/V1/orders?searchCriteria&fields=items[entity_id],total_count,search_criteria")
    assert cut["items"] == [{"entity_id": 1}, {"entity_id": 2}]
    assert (cut["total_count"], cut["search_criteria"]["page_size"]) == (3, 2)
    answer = await shop.client.get("/V1/orders?searchCriteria[pageSize]=50")
    assert answer.json() == {"message": "Maximum SearchCriteria pageSize is %max", "parameters": {"max": 5}}
    row = {"sku": "MUG", "source_code": "default", "quantity": 5, "status": 1}
    refusal = await shop.refused("/V1/inventory/source-items", {"sourceItems": [row] * 4})
    assert refusal["parameters"] == {"type": "\\Magento\\InventoryApi\\Api\\Data\\SourceItemInterface", "max": 3}


# ---- errors in general


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


# ---- products


async def test_products_by_path_by_search_and_by_ean(shop: Shop) -> None:
    assert (await shop.get("/V1/products/PAN%2F20%20CM?fields=sku")) == {"sku": "PAN/20 CM"}
    for path in ("/V1/products/NOPE", "/V1/products/PAN%252F20%20CM"):
        answer = await shop.client.get(path)
        assert answer.status_code == 404
        assert answer.json()["message"].startswith("The product that was requested doesn't exist.")
    found = await shop.get(f"/V1/products?{one('sku', 'MUG,PAN/20 CM', 'in')}&fields=items[sku,id],total_count")
    assert found == {"items": [{"id": 1, "sku": "MUG"}, {"id": 2, "sku": "PAN/20 CM"}], "total_count": 2}
    by_ean = await shop.get(f"/V1/products?{one('ean', '5012345678917')}&fields=items[sku,custom_attributes]")
    attributes = [{"attribute_code": "ean", "value": "5012345678917"}]
    assert by_ean == {"items": [{"sku": "PAN/20 CM", "custom_attributes": attributes}]}
    nothing = await shop.get(f"/V1/products?{one('sku', 'NOPE')}")
    assert (nothing["items"], nothing["total_count"]) == ([], 0)


# ---- stock: the rule table, with numbers


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


# ---- dispatch


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


# ---- money, cancelling, holding, comments


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


# ---- the world


async def test_the_world_sees_the_physical_truth_not_the_salable_number(shop: Shop) -> None:
    world: BackOffice = shop.magento
    await shop.order(8, ext_order_id="JL-1")
    assert (world.free("MUG"), (await shop.stock())[1]) == (2, 10)
    assert world.sell_elsewhere("MUG", 3) is False
    assert world.sell_elsewhere("MUG", 2) is True
    assert (world.free("MUG"), (await shop.stock())[1]) == (0, 8)
    world.receive_stock("MUG", 5)
    world.receive_stock("MUG", -1)
    assert world.free("MUG") == 4
    with pytest.raises(ValueError, match="on the shelf"):
        world.receive_stock("MUG", -100)
    assert [world.order_reference(order_id) for order_id in world.open_orders()] == ["JL-1", ""]


async def test_a_web_shop_that_trusts_the_salable_number_oversells() -> None:
    shop = Shop(web_shop_trusts_salable=True)
    await shop.order(8)
    assert shop.magento.sell_elsewhere("MUG", 9) is True
    assert shop.magento.free("MUG") == -7


async def test_the_warehouse_ships_and_adds_tracking_later(shop: Shop) -> None:
    world: BackOffice = shop.magento
    await shop.order(3, increment_id="JL-2")
    assert world.order_reference("1") == "JL-2"
    world.ship("1", "Royal Mail", "", {"MUG": 1})
    world.ship("1", "dpd:DPD UK", "DPD9")
    assert world.open_orders() == []
    world.add_tracking("1", "RM1")
    with pytest.raises(ValueError, match="no shipment without a tracking number"):
        world.add_tracking("1", "RM2")
    path = f"/V1/shipments?{one('order_id', '1')}&fields=items[tracks[carrier_code,title,track_number]]"
    first, second = (await shop.get(path))["items"]
    assert first["tracks"] == [{"carrier_code": "custom", "title": "Royal Mail", "track_number": "RM1"}]
    assert second["tracks"] == [{"carrier_code": "dpd", "title": "DPD UK", "track_number": "DPD9"}]
    with pytest.raises(Refused, match="does not allow a shipment"):
        world.ship("1", "DPD", "X")


async def test_an_order_keyed_by_hand_can_hide_its_reference(shop: Shop) -> None:
    keyed = shop.magento.key_order_by_hand
    hidden, numbered = keyed("JL-1", {"MUG": 1}, only_in="comment"), keyed("JL-2", {"MUG": 1}, as_increment_id=True)
    bought = keyed("JL-3", {"MUG": 1}, only_in="po_number")
    assert (await shop.get(f"/V1/orders/{hidden}"))["status_histories"][0]["comment"] == "John Lewis order JL-1"
    assert (await shop.get(f"/V1/orders/{numbered}"))["increment_id"] == "JL-2"
    assert (await shop.get(f"/V1/orders/{bought}"))["payment"]["po_number"] == "JL-3"
    assert (await shop.get(f"/V1/orders?{one('ext_order_id', 'JL-1,JL-3', 'in')}"))["total_count"] == 0
    assert [shop.magento.order_reference(each) for each in (hidden, numbered, bought)] == ["JL-1", "JL-2", "JL-3"]


async def test_the_dump_tells_the_whole_story(shop: Shop) -> None:
    await shop.order(3, ext_order_id="JL-1")
    await shop.clock.sleep(60)
    shop.magento.ship("1", "Evri", "EV1", {"MUG": 2})
    await shop.post("/V1/orders/1/cancel")
    dump = (await shop.client.get("https://shop.example/_sandbox/store")).json()
    start, later = "2026-03-02T09:00:00.654321+00:00", "2026-03-02T09:01:00.654321+00:00"
    assert dump["orders"] == [
        {
            "id": "1",
            "reference": "JL-1",
            "channel": "integration",
            "created_at": start,
            "deducted_at": start,
            "state": "canceled",
            "lines": [{"sku": "MUG", "quantity": 3, "shipped": 2, "cancelled": 1}],
            "shipments": [{"id": "1", "at": later, "carrier": "Evri", "tracking": "EV1", "lines": {"MUG": 2}}],
        }
    ]
    mug = dump["stock"][0]
    assert (dump["kind"], mug["sku"], mug["physical"], mug["free"]) == ("back_office", "MUG", 8, 8)
    assert (mug["history"][0], mug["history"][1], mug["history"][-1]) == ([start, 10], [start, 7], [later, 8])
