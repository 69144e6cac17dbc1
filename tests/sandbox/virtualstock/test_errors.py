"""Every shape in which the pretend The Edge refuses an action."""

from typing import Any

import httpx
import pytest

from tests.sandbox.virtualstock.edge import REQUIRED, Edge


@pytest.mark.parametrize(
    ("action", "changes", "errors"),
    [
        ("backorder", {"sub_status": "left out", "supplier_dispatch_date": None}, {"sub_status": REQUIRED, "supplier_dispatch_date": REQUIRED}),
        ("dispatch", {"carrier": "left out"}, {"carrier": REQUIRED}),
        ("dispatch", {"tracking_number": ""}, {"tracking_number": ["This field may not be blank."]}),
        ("dispatch", {"carrier": "Royal Mail"}, {"carrier": ['"Royal Mail" is not a valid choice.']}),
        ("dispatch", {"carrier": ["dpd"]}, {"carrier": ['"[\'dpd\']" is not a valid choice.']}),
        ("dispatch", {"tracking_number": "1" * 101}, {"tracking_number": ["Ensure this field has no more than 100 characters."]}),
        ("dispatch", {"supplier_dispatch_date": "2025-03-05T12:00:00"}, {"supplier_dispatch_date": ["Date has wrong format. Use one of these formats instead: YYYY-MM-DD."]}),
        ("acknowledge", {"supplier_dispatch_date": "2025-03-05"}, {"supplier_dispatch_date": ["Date has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm:ss."]}),
        ("acknowledge", {"quantity": "two"}, {"quantity": ["A valid integer is required."]}),
        ("acknowledge", {"quantity": "left out"}, {"quantity": REQUIRED}),
    ],
)  # fmt: skip
async def test_a_wrong_field_gives_a_field_map(
    edge: Edge, action: str, changes: dict[str, Any], errors: dict[str, list[str]]
) -> None:
    reference = edge.place()
    answer = await edge.act(reference, action, changes)
    assert answer.status_code == 400
    assert answer.json() == {"items": [errors]}
    assert await edge.statuses(reference) == ("ORDER", ["ORDER"])


@pytest.mark.parametrize(("quantity", "problem"), [(0, "can't be less or equal zero"), (-1, "can't be less or equal zero"), ("3", "3 is bigger than allowed for item")])  # fmt: skip
async def test_a_quantity_that_cannot_be_gives_bare_text(edge: Edge, quantity: Any, problem: str) -> None:
    reference = edge.place(quantity=2)
    answer = await edge.act(reference, "acknowledge", {"quantity": quantity})
    assert answer.status_code == 400
    assert answer.text == f"Validation error: Acknowledge quantity value {problem}"


async def test_an_unknown_line_has_a_code_and_spoils_the_whole_call(edge: Edge) -> None:
    reference = edge.place(lines=2)
    order = await edge.order(reference)
    good = {"part_number": "12345671", "line_ref": "1", "quantity": 2}
    wrong = {"part_number": "12345671", "line_ref": "2", "quantity": 2}
    path = httpx.URL(order["url"]).path + "acknowledge/"
    answer = await edge.client.post(path, json={"items": [good, wrong]})
    assert answer.status_code == 400
    assert answer.json()["code"] == "ORDER_ITEM_NOT_FOUND"
    assert await edge.statuses(reference) == ("ORDER", ["ORDER", "ORDER"])


async def test_bodies_that_are_not_what_the_vendor_reads(edge: Edge) -> None:
    path = httpx.URL((await edge.order(edge.place()))["url"]).path + "acknowledge/"
    json_type = {"Content-Type": "application/json"}
    assert (await edge.client.post(path, content=b"{", headers=json_type)).status_code == 400
    assert (await edge.client.post(path, json=[])).json()["non_field_errors"]
    assert (await edge.client.post(path, json={})).json() == {"items": REQUIRED}
    assert (await edge.client.post(path, json={"items": []})).status_code == 400
    assert (await edge.client.post(path, data={"items": "1"})).status_code == 415


async def test_a_missing_or_stray_slash(edge: Edge) -> None:
    path = httpx.URL((await edge.order(edge.place()))["url"]).path
    answer = await edge.client.post(f"{path}acknowledge", json={})
    assert (answer.status_code, answer.json()) == (405, {"detail": 'Method "POST" not allowed.'})
    answer = await edge.client.post(path, json={})
    assert (answer.status_code, answer.json()) == (405, {"detail": 'Method "POST" not allowed.'})
    answer = await edge.client.get("/restapi/v4/orders?limit=10&offset=10")
    assert (answer.status_code, answer.headers["location"]) == (301, "/restapi/v4/orders/?limit=10&offset=10")
    product = edge.system.add_product("acme", stock_number="12345678", sku="A", ean="")
    stray = await edge.client.patch(f"/api/v4/products/{product}/stock/", json={"supplier_free_stock": 1})
    assert stray.status_code == 404
    assert (await edge.client.get("/restapi/v4/orders/999999/")).json() == {"detail": "Not found."}
    assert (await edge.client.get("/restapi/v4/orders/6dc60007-8f4b/")).status_code == 404
