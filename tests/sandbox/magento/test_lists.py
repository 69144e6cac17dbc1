"""Searching, with the fields and limits of a running Magento 2.4.7-p3."""

from sandbox.magento import InputLimits
from tests.sandbox.magento.shop import Shop, one


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
