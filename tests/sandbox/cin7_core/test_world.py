"""What the world does: other channels, hand-keyed orders, the warehouse; and the truth about what is free."""

from typing import Any

import pytest

from tests.sandbox.cin7_core.desk import JUG, MUG, VASE, Desk


def order_of(desk: Desk, sale_id: str) -> dict[str, Any]:
    return next(order for order in desk.system.dump()["orders"] if order["id"] == sale_id)


def stock_of(desk: Desk, sku: str) -> dict[str, Any]:
    return next(row for row in desk.system.dump()["stock"] if row["sku"] == sku)


async def boxes(desk: Desk, sale_id: str) -> list[tuple[str, str, bool, dict[str, int]]]:
    """Join shipments to packs, as a reader must."""
    found = []
    for task in (await desk.get("sale", ID=sale_id))["Fulfilments"]:
        for line in task["Ship"]["Lines"]:
            inside = {row["SKU"]: row["Quantity"] for row in task["Pack"]["Lines"] if row["Box"] == line["Boxes"]}
            found.append((line["Boxes"], line["TrackingNumber"], line["IsShipped"], inside))
    return found


async def test_free_is_what_lies_there_and_is_promised_to_nobody(desk: Desk) -> None:
    await desk.order({MUG: 3})
    assert desk.system.free(MUG) == 7
    assert desk.system.sell_elsewhere(MUG, 5) is True
    assert desk.system.sell_elsewhere(MUG, 3) is False
    assert desk.system.free(MUG) == 2
    assert await desk.stock(MUG) == (10, 8, 2)
    channels = [(order["channel"], order["reference"]) for order in desk.system.dump()["orders"]]
    assert channels == [("integration", "1"), ("web", "")]
    assert (await desk.get("saleList", Search="web shop"))["SaleList"][0]["SourceChannel"] == "Website"


async def test_the_history_tells_when_what_was_free(desk: Desk) -> None:
    desk.clock.move(60)
    sale = await desk.order({VASE: 6})
    desk.clock.move(60)
    desk.system.ship(sale["ID"], "DPD", "155")
    desk.clock.move(60)
    desk.system.receive_stock(VASE, 2)
    assert stock_of(desk, VASE) == {
        "sku": VASE,
        "physical": 3,
        "free": 3,
        "history": [
            ["2026-03-02T09:00:00+00:00", 7],
            ["2026-03-02T09:01:00+00:00", 1],
            ["2026-03-02T09:03:00+00:00", 3],
        ],
    }


async def test_the_dump_tells_when_a_sale_first_took_its_units(desk: Desk) -> None:
    header = await desk.header("JL-1-A")
    desk.clock.move(60)
    draft = await desk.order({MUG: 1}, status="DRAFT", external_id="JL-2-A")
    placed = await desk.order({MUG: 1}, external_id="JL-3-A")
    at = "2026-03-02T09:01:00+00:00"
    assert order_of(desk, header["ID"])["deducted_at"] is None
    assert order_of(desk, draft["ID"])["deducted_at"] is None
    assert (order_of(desk, placed["ID"])["created_at"], order_of(desk, placed["ID"])["deducted_at"]) == (at, at)


async def test_a_hand_keyed_order_has_the_reference_and_no_external_id(desk: Desk) -> None:
    order_id = desk.system.key_order_by_hand("300000777", {MUG: 2})
    (row,) = (await desk.get("saleList", Search="300000777"))["SaleList"]
    assert (row["SaleID"], row["ExternalID"], row["OrderStatus"]) == (order_id, None, "AUTHORISED")
    assert desk.system.order_reference(order_id) == "300000777"
    assert desk.system.free(MUG) == 8
    assert order_of(desk, order_id)["channel"] == "by_hand"


async def test_open_orders_are_those_that_keep_goods_which_have_not_left(desk: Desk) -> None:
    await desk.header("JL-1-A")
    await desk.order({MUG: 1}, status="DRAFT", external_id="JL-2-A")
    ready = (await desk.order({MUG: 10}, external_id="JL-3-A"))["ID"]
    waiting = (await desk.order({MUG: 1}, external_id="JL-4-A"))["ID"]
    assert desk.system.open_orders() == [ready]
    desk.system.ship(ready, "DPD", "155")
    assert desk.system.open_orders() == []
    desk.system.receive_stock(MUG, 1)
    assert desk.system.open_orders() == [waiting]


async def test_the_warehouse_ships_all_in_one_box(desk: Desk) -> None:
    sale_id = (await desk.order({MUG: 2, VASE: 5}))["ID"]
    desk.system.ship(sale_id, "Royal Mail", "RM1")
    assert await boxes(desk, sale_id) == [("Box 1", "RM1", True, {MUG: 2, VASE: 5})]
    sale = await desk.get("sale", ID=sale_id)
    assert sale["Fulfilments"][0]["Ship"]["Status"] == "AUTHORISED"
    assert (sale["CombinedShippingStatus"], sale["CombinedTrackingNumbers"]) == ("SHIPPED", "RM1")
    assert await desk.stock(VASE) == (2, 0, 2)
    (shipment,) = order_of(desk, sale_id)["shipments"]
    assert (shipment["carrier"], shipment["tracking"], shipment["lines"]) == ("Royal Mail", "RM1", {MUG: 2, VASE: 5})
    with pytest.raises(ValueError, match="cannot ship"):
        desk.system.ship(sale_id, "DPD", "again")


async def test_a_partial_shipment_leaves_a_box_behind_until_the_next(desk: Desk) -> None:
    sale_id = (await desk.order({MUG: 3, JUG: 1}))["ID"]
    desk.system.ship(sale_id, "DPD", "T1", {MUG: 1})
    assert await boxes(desk, sale_id) == [("Box 1", "T1", True, {MUG: 1}), ("Box 2", "", False, {MUG: 2, JUG: 1})]
    sale = await desk.get("sale", ID=sale_id)
    assert sale["Fulfilments"][0]["Ship"]["Status"] == "PARTIALLY AUTHORISED"
    assert sale["CombinedShippingStatus"] == "PARTIALLY SHIPPED"
    assert order_of(desk, sale_id)["lines"][0] == {"sku": MUG, "quantity": 3, "shipped": 1, "cancelled": 0}
    desk.system.ship(sale_id, "Evri", "T2")
    assert await boxes(desk, sale_id) == [("Box 1", "T1", True, {MUG: 1}), ("Box 2", "T2", True, {MUG: 2, JUG: 1})]
    sale = await desk.get("sale", ID=sale_id)
    assert (sale["Type"], sale["CombinedTrackingNumbers"]) == ("Simple Sale", "T1, T2")
    assert [shipment["lines"] for shipment in order_of(desk, sale_id)["shipments"]] == [{MUG: 1}, {MUG: 2, JUG: 1}]
    with pytest.raises(ValueError, match="cannot ship"):
        desk.system.ship(sale_id, "DPD", "T3", {MUG: 1})


async def test_a_back_order_goes_later_with_a_second_task(desk: Desk) -> None:
    sale_id = (await desk.order({JUG: 6}))["ID"]
    desk.system.ship(sale_id, "DPD", "T1")
    desk.system.receive_stock(JUG, 5)
    desk.system.ship(sale_id, "DPD", "T2")
    sale = await desk.get("sale", ID=sale_id)
    assert (sale["Type"], sale["CombinedShippingStatus"]) == ("Advanced Sale", "SHIPPED")
    assert await boxes(desk, sale_id) == [("Box 1", "T1", True, {JUG: 4}), ("Box 1", "T2", True, {JUG: 2})]
    assert await desk.stock(JUG) == (3, 0, 3)


async def test_the_same_product_on_two_lines_ships_line_after_line(desk: Desk) -> None:
    sale = await desk.header()
    lines = [await desk.line(MUG, 2, Comment="a"), await desk.line(MUG, 3, Comment="b")]
    await desk.send("POST", "sale/order", {"SaleID": sale["ID"], "Status": "AUTHORISED", "Lines": lines})
    desk.system.ship(sale["ID"], "DPD", "T1", {MUG: 4})
    assert [line["shipped"] for line in order_of(desk, sale["ID"])["lines"]] == [2, 2]
    assert desk.system.free(MUG) == 5


async def test_tracking_may_follow_the_parcel(desk: Desk) -> None:
    sale_id = (await desk.order({MUG: 1}))["ID"]
    with pytest.raises(ValueError, match="left without tracking"):
        desk.system.add_tracking(sale_id, "T1")
    desk.system.ship(sale_id, "DPD", "")
    assert (await desk.get("sale", ID=sale_id))["CombinedTrackingNumbers"] == ""
    desk.clock.move(3600)
    desk.system.switches.tracking_touches_sale = False
    desk.system.add_tracking(sale_id, "T1")
    assert await boxes(desk, sale_id) == [("Box 1", "T1", True, {MUG: 1})]
    assert (await desk.get("saleList", UpdatedSince="2026-03-02T09:30:00"))["Total"] == 0


async def test_breakage_puts_the_youngest_sale_on_back_order(desk: Desk) -> None:
    old = (await desk.order({MUG: 4}, external_id="JL-1-A"))["ID"]
    young = (await desk.order({MUG: 5}, external_id="JL-2-A"))["ID"]
    desk.system.receive_stock(MUG, -3)
    assert await desk.stock(MUG) == (7, 7, 0)
    assert (await desk.get("sale", ID=young))["Order"]["Lines"][0]["BackorderQuantity"] == 2
    assert (await desk.get("sale", ID=old))["Status"] == "ORDERED"
    desk.system.ship(old, "DPD", "T1")
    with pytest.raises(ValueError, match="lie there unpicked"):
        desk.system.receive_stock(MUG, -4)
    assert await desk.stock(MUG) == (3, 3, 0)


async def test_a_voided_sale_counts_its_unshipped_units_as_cancelled(desk: Desk) -> None:
    sale_id = (await desk.order({MUG: 3}))["ID"]
    desk.system.ship(sale_id, "DPD", "T1", {MUG: 1})
    await desk.send("DELETE", "sale", ID=sale_id, Void="true")
    dumped = order_of(desk, sale_id)
    assert (dumped["state"], dumped["lines"]) == (
        "VOIDED",
        [{"sku": MUG, "quantity": 3, "shipped": 1, "cancelled": 2}],
    )
    assert desk.system.free(MUG) == 9
    with pytest.raises(ValueError, match="cannot ship"):
        desk.system.ship(sale_id, "DPD", "T2")
