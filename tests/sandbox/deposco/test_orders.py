"""Sales orders: create or update by number, lengths, states, cancellations; and customer orders that double."""

import pytest

from sandbox.deposco import warehouse
from tests.sandbox.deposco.desk import JUG, MUG, Desk, body, line

ORDERS = "/orders/salesOrders"


async def test_a_number_is_created_once_and_updated_after_that(desk: Desk) -> None:
    first = await desk.call("POST", ORDERS, body("JL-1", {MUG: 2}))
    again = await desk.call("POST", ORDERS, body("JL-1", {MUG: 3}))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["self"]["id"] == again.json()["self"]["id"]
    assert [row["orderPackQuantity"] for row in again.json()["orderLines"]["data"]] == [3]
    assert desk.system.free(MUG) == 7


async def test_a_quantity_is_not_lowered_by_an_update(desk: Desk) -> None:
    await desk.order("JL-1", {MUG: 3})
    status, _ = await desk.refused("POST", ORDERS, body("JL-1", {MUG: 2}))
    assert status == 400
    assert desk.system.free(MUG) == 7


async def test_an_unknown_item_is_404_one_error_each_and_creates_nothing(desk: Desk) -> None:
    refusal = await desk.refused("POST", ORDERS, body("JL-1", {"mug-blue": 1, "NOPE": 1, MUG: 1}))
    assert refusal == (
        404,
        [
            "Item with business key number = [NOPE] could not be found",
            "Item with business key number = [mug-blue] could not be found",
        ],
    )
    assert (await desk.get(ORDERS))["data"] == []


async def test_too_long_a_text_is_refused_in_the_vendors_words(desk: Desk) -> None:
    contact = {"firstName": "A" * 31, "lastName": "B"}
    refusal = await desk.refused("POST", ORDERS, body("JL-1", {MUG: 1}, shipToContact=contact))
    assert refusal == (400, ["shipToContact.firstName size must be between 0 and 30"])
    lines = {"data": [line(str(number), MUG, 1) for number in range(101)]}
    assert (await desk.refused("POST", ORDERS, body("JL-1", {MUG: 1}, orderLines=lines)))[0] == 400


async def test_an_order_that_the_warehouse_works_on_may_not_change(desk: Desk) -> None:
    order = await desk.order("JL-1")
    warehouse.start_picking(desk.system.tenant, desk.system.tenant.order(order["self"]["id"]))
    status, [text] = await desk.refused("POST", ORDERS, body("JL-1", {MUG: 2}))
    assert status == 400
    assert "cannot be updated while in the status of Picking" in text
    path = f"{ORDERS}/{order['self']['id']}"
    for call in ("/status?value=New", "/cancellations"):
        assert (await desk.refused("POST", path + call))[0] == 400


async def test_planning_shows_what_lacks_goods_and_what_has_them(desk: Desk) -> None:
    first, second = await desk.order("JL-1", {JUG: 4}), await desk.order("JL-2", {JUG: 1})
    assert (first["orderStatus"], second["orderStatus"]) == ("New", "New")
    assert [row["orderStatus"] for row in (await desk.get(ORDERS))["data"]] == ["Back Ordered", "Ready for Fulfillment"]
    assert desk.system.free(JUG) == -1
    desk.system.receive_stock(JUG, 1)
    assert [row["orderStatus"] for row in (await desk.get(ORDERS))["data"]] == ["Ready for Fulfillment"] * 2


async def test_a_part_or_all_is_cancelled_before_the_release(desk: Desk) -> None:
    order = await desk.order("JL-1", {MUG: 3})
    path = f"{ORDERS}/{order['self']['id']}/cancellations"
    entry = {"orderLine": {"businessKey": {"lineNumber": "JL-1-1"}}, "canceledPackQuantity": 1}
    part = (await desk.call("POST", path, {"orderLines": [entry]})).json()
    assert (part["orderStatus"], part["orderLines"]["data"][0]["canceledPackQuantity"]) == ("Ready for Fulfillment", 1)
    whole = (await desk.call("POST", path)).json()
    assert whole["orderStatus"] == "Canceled"
    assert desk.system.free(MUG) == 10


@pytest.mark.parametrize(("value", "allowed"), [("New", True), ("Canceled", True), ("Picking", False)])
async def test_a_held_order_is_released_or_cancelled(desk: Desk, value: str, *, allowed: bool) -> None:
    order = await desk.order("JL-1")
    path = f"{ORDERS}/{order['self']['id']}/status"
    assert (await desk.call("POST", path, value="Hold")).json()["orderStatus"] == "Hold"
    assert (await desk.call("POST", path, value=value)).status_code == (200 if allowed else 400)


async def test_lines_inside_an_order_are_cut_at_ten_and_their_own_list_is_whole(desk: Desk) -> None:
    lines = [line(f"L{number}", MUG, 1) for number in range(1, 13)]
    order = await desk.order("JL-1", orderLines={"data": lines})
    inside = order["orderLines"]
    assert (len(inside["data"]), inside["complete"], inside["pages"], inside["links"]) == (10, False, 2, [])
    assert "L1" not in [row["lineNumber"] for row in inside["data"]]
    own = await desk.get(f"{ORDERS}/{order['self']['id']}/orderLines")
    assert {row["lineNumber"] for row in own["data"]} == {f"L{number}" for number in range(1, 13)}
    assert own["complete"]


async def test_a_second_customer_order_of_one_number_is_a_second_order(desk: Desk) -> None:
    wrapped = {"customerOrder": {"externalOrderNumber": "JL-9", "coLines": {"data": []}}}
    for _ in range(2):
        assert (await desk.call("POST", "/orders/customerOrders", wrapped)).status_code == 202
    assert (await desk.get("/orders/customerOrders", externalOrderNumber="JL-9"))["data"] == []
    desk.clock.move(5)
    rows = (await desk.get("/orders/customerOrders", externalOrderNumber="JL-9"))["data"]
    assert [row["customerOrder"]["status"] for row in rows] == ["Review", "Review"]
