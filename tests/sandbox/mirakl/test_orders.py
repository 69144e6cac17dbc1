"""The pretend marketplace's orders, against the documented wire format."""

from datetime import timedelta
from typing import Any

import pytest

from sandbox.mirakl import Operator
from tests.sandbox.mirakl.shop import ACCOUNT, Desk


def bought(desk: Desk, **basket: int) -> str:
    desk.offer(*basket)
    reference = desk.market.buy_basket(ACCOUNT, basket)
    assert reference
    return reference


async def shippable(desk: Desk, **basket: int) -> str:
    reference = bought(desk, **basket)
    assert (await desk.accept(reference)).status_code == 204
    desk.clock.move(200)
    return reference


async def shipment(desk: Desk, placed: str, quantity: int, /, **changes: Any) -> Any:
    line = {"order_line_id": f"{placed}-1", "quantity": quantity}
    tracking = {"carrier_code": "dpd", "tracking_number": "1"}
    given = {"order_id": placed, "shipped": True, "tracking": tracking, "shipment_lines": [line], **changes}
    answer = await desk.call("POST", "/api/shipments", json={"shipments": [given]})
    assert answer.status_code == 201
    return answer.json()


async def test_only_a_true_key_is_let_in_bare_or_as_a_bearer_token() -> None:
    desk = Desk()
    for key, status in (("shop-key", 200), ("Bearer shop-key", 200), ("wrong", 401), (None, 401)):
        assert (await desk.call("GET", "/api/account", key=key)).status_code == status
    assert (await desk.call("GET", "/api/account", params={"shop_id": 2002})).status_code == 403


async def test_an_address_comes_after_acceptance_and_payment() -> None:
    desk = Desk()
    order_id = bought(desk, A=2)
    states = [await desk.state(order_id)]
    assert (await desk.accept(order_id)).status_code == 204
    for seconds in (0, 61, 60):
        desk.clock.move(seconds)
        [order] = (await desk.get("/api/orders"))["orders"]
        states.append(order["order_state"])
        assert (order["customer"]["shipping_address"] is not None) == (order["order_state"] == "SHIPPING")
    assert states == ["WAITING_ACCEPTANCE", "WAITING_DEBIT", "WAITING_DEBIT_PAYMENT", "SHIPPING"]


async def test_what_nobody_accepts_is_refused_by_time() -> None:
    desk = Desk()
    order_id = bought(desk, A=1)
    desk.clock.move(48 * 3600)
    assert await desk.state(order_id) == "REFUSED"
    assert (await desk.accept(order_id)).status_code == 400


async def test_every_line_must_be_decided_and_alike_where_parts_are_off() -> None:
    desk = Desk()
    order_id = bought(desk, A=1, B=1)
    path = f"/api/orders/{order_id}/accept"
    one = await desk.call("PUT", path, json={"order_lines": [{"id": f"{order_id}-1", "accepted": True}]})
    both = await desk.accept(order_id, line2=False)
    codes = [answer.json()["errors"][0]["code"] for answer in (one, both)]
    assert codes == ["ORDER_LINE_ACCEPTANCE_DECISION_MISSING", "ORDER_PARTIAL_ACCEPTANCE_DISABLED"]
    assert await desk.state(order_id) == "WAITING_ACCEPTANCE"
    lenient = Desk(operator=Operator(partial_acceptance=True))
    order_id = bought(lenient, A=1, B=1)
    assert (await lenient.accept(order_id, line2=False)).status_code == 204


async def test_orders_are_listed_by_creation_in_pages_and_by_their_last_change() -> None:
    desk = Desk()
    placed = [desk.market.place_order(ACCOUNT, {"X": 1}) for _ in range(25)]
    first = await desk.get("/api/orders")
    assert (len(first["orders"]), first["total_count"]) == (10, 25)
    rest = await desk.get("/api/orders", max=1000, offset=10)
    assert [one["order_id"] for one in first["orders"] + rest["orders"]] == placed
    desk.clock.move(600)
    await desk.accept(placed[3])
    since = (desk.clock.now() + timedelta(seconds=30)).isoformat()
    changed = await desk.get("/api/orders", start_update_date=since)
    assert [one["order_id"] for one in changed["orders"]] == [placed[3]], "a little is taken off the date"
    assert (await desk.call("GET", "/api/orders", params={"order_state_codes": "MELTED"})).status_code == 400


async def test_a_page_may_wrongly_repeat_a_share_of_the_one_before() -> None:
    desk = Desk()
    placed = [desk.market.place_order(ACCOUNT, {"X": 1}) for _ in range(20)]
    desk.market.repeat_page(ACCOUNT, 0.5)
    page = await desk.get("/api/orders", offset=10)
    assert [one["order_id"] for one in page["orders"]] == placed[5:15]


async def test_shipments_fail_row_by_row_under_a_201() -> None:
    desk = Desk()
    order_id = await shippable(desk, A=3)
    bad: list[dict[str, Any]] = [
        {"tracking": {"carrier_code": "pigeon", "tracking_number": "1"}},
        {"tracking": {"carrier_code": "dpd"}},
        {"tracking": {}},
        {"shipment_lines": [{"order_line_id": f"{order_id}-1", "quantity": 4}]},
        {"shipment_lines": []},
        {"order_id": "nobody"},
    ]
    for changes in bad:
        assert len((await shipment(desk, order_id, 1, **changes))["shipment_errors"]) == 1
    by_name = {"tracking": {"carrier_name": "Own Van", "tracking_number": "1"}}
    assert (await shipment(desk, order_id, 1, **by_name))["shipment_errors"] == [], "a name is taken, registered or not"
    assert await desk.state(order_id) == "SHIPPING"
    assert (await shipment(desk, order_id, 2))["shipment_success"][0]["status"] == "SHIPPED"
    assert await desk.state(order_id) == "SHIPPED"
    assert len((await desk.get("/api/shipments", order_id=order_id))["data"]) == 2


async def test_a_shipment_that_is_made_is_confirmed_once() -> None:
    desk = Desk()
    order_id = await shippable(desk, A=1)
    [made] = (await shipment(desk, order_id, 1, shipped=False))["shipment_success"]
    body = {"shipments": [{"id": made["id"]}, {"id": "nobody"}]}
    for good, bad in ((1, 1), (0, 2)):
        told = (await desk.call("PUT", "/api/shipments/ship", json=body)).json()
        assert (len(told["shipment_success"]), len(told["shipment_errors"])) == (good, bad)


async def test_one_shipment_an_order_where_the_operator_wants_it_so() -> None:
    desk = Desk(several_shipments=False, alternative_carriers=False)
    order_id = await shippable(desk, A=2)
    assert (await shipment(desk, order_id, 1))["shipment_errors"]
    assert (await shipment(desk, order_id, 2, tracking={"carrier_name": "Own Van"}))["shipment_errors"]
    assert (await shipment(desk, order_id, 2))["shipment_errors"] == []


async def test_tracking_comes_before_the_confirmation_of_a_whole_order() -> None:
    desk = Desk()
    order_id = await shippable(desk, A=1)
    assert (await desk.call("PUT", f"/api/orders/{order_id}/ship")).status_code == 400
    tracking = {"carrier_code": "dpd", "tracking_number": "1"}
    assert (await desk.call("PUT", f"/api/orders/{order_id}/tracking", json=tracking)).status_code == 204
    assert (await desk.call("PUT", f"/api/orders/{order_id}/ship")).status_code == 204
    assert (await desk.call("PUT", f"/api/orders/{order_id}/ship")).status_code == 400, "once"


async def test_a_customer_cancels_at_once_and_only_what_has_not_left() -> None:
    desk = Desk()
    order_id = await shippable(desk, A=1)
    assert desk.market.request_cancellation(ACCOUNT, order_id) == [f"{order_id}-1"]
    assert await desk.state(order_id) == "CANCELED"
    desk = Desk()
    order_id = await shippable(desk, A=1)
    await shipment(desk, order_id, 1)
    assert desk.market.request_cancellation(ACCOUNT, order_id) == []


async def test_trouble_is_shown_as_it_is() -> None:
    desk = Desk()
    for number in range(3):
        desk.market.place_unreadable(ACCOUNT, number, {})
    desk.offer("A")
    desk.market.place_undocumented(ACCOUNT, "A", {})
    lines = [one["order_lines"] for one in (await desk.get("/api/orders"))["orders"]]
    assert lines[:3] == [None, "see attachment", [{"quantity": "two"}]]
    assert lines[3][0]["order_line_state"] == "AWAITING_REVIEW"


@pytest.mark.parametrize("path", ["/api/shipments", "/api/shipments/ship"])
async def test_a_bulk_call_has_a_most_and_a_body(path: str) -> None:
    desk, method = Desk(), "POST" if path == "/api/shipments" else "PUT"
    bodies: list[Any] = [{"shipments": [{}] * 1001}, {}, [], {"shipments": "x"}]
    for body in bodies:
        assert (await desk.call(method, path, json=body)).status_code == 400
