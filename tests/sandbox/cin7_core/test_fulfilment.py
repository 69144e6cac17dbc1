"""Pick, pack and ship over the API: the shapes, the order of the steps, what each refuses."""

from typing import Any

import pytest

from tests.sandbox.cin7_core.desk import JUG, MUG, Desk

PICK_LINE = {"ProductID", "SKU", "Name", "Location", "LocationID", "Quantity", "BatchSN", "ExpiryDate", "NonInventory"}
SHIP_LINE = {"ID", "ShipmentDate", "Carrier", "Boxes", "TrackingNumber", "TrackingURL", "IsShipped"}
AT = "Main Warehouse"


def goods(sku: str, quantity: int, **more: Any) -> dict[str, Any]:
    return {"SKU": sku, "Location": AT, "Quantity": quantity, **more}


def parcel(box: str = "Box 1", **more: Any) -> dict[str, Any]:
    return {"ShipmentDate": "2026-03-03T00:00:00", "Carrier": "DPD", "Box": box, "TrackingNumber": "155", **more}


async def step(desk: Desk, part: str, task_id: str, lines: list[dict[str, Any]], status: str = "AUTHORISED") -> Any:
    body = {"TaskID": task_id, "Status": status, "Lines": lines}
    return await desk.send("POST", f"sale/fulfilment/{part}", body)


async def refusal(desk: Desk, part: str, task_id: str, lines: list[dict[str, Any]], status: str = "AUTHORISED") -> str:
    body = {"TaskID": task_id, "Status": status, "Lines": lines}
    return await desk.refused("PUT", f"sale/fulfilment/{part}", body)


async def status_of(desk: Desk, sale_id: str) -> str:
    return str((await desk.get("sale", ID=sale_id))["Status"])


async def test_a_simple_sale_goes_through_pick_pack_and_ship_under_its_own_id(desk: Desk) -> None:
    sale = await desk.order({MUG: 2})
    task = sale["ID"]
    assert [f["TaskID"] for f in sale["Fulfilments"]] == [task]
    await step(desk, "pick", task, [goods(MUG, 1)], "DRAFT")
    assert await status_of(desk, task) == "PICKING"
    picked = await step(desk, "pick", task, [goods(MUG, 2)])
    assert (set(picked), set(picked["Lines"][0])) == ({"TaskID", "Status", "Lines"}, PICK_LINE)
    assert await status_of(desk, task) == "PICKED"
    await step(desk, "pack", task, [goods(MUG, 2, Box="Box 1")], "DRAFT")
    assert await status_of(desk, task) == "PACKING"
    packed = await step(desk, "pack", task, [goods(MUG, 2, Box="Box 1")])
    assert set(packed["Lines"][0]) == PICK_LINE | {"Box", "WarrantyRegistrationNumber"}
    assert await status_of(desk, task) == "PACKED"
    assert (await desk.get("saleList", ReadyForShipping="true"))["Total"] == 1
    await step(desk, "ship", task, [parcel()], "DRAFT")
    assert await status_of(desk, task) == "SHIPPING"
    assert await desk.stock(MUG) == (10, 2, 8)
    shipped = await step(desk, "ship", task, [parcel()])
    assert set(shipped) == {"TaskID", "Status", "RequireBy", "ShippingAddress", "ShippingNotes", "Lines"}
    assert set(shipped["Lines"][0]) == SHIP_LINE
    assert (shipped["Lines"][0]["Boxes"], shipped["Lines"][0]["IsShipped"]) == ("Box 1", True)
    assert await desk.stock(MUG) == (8, 0, 8)
    assert (await desk.get("saleList", ReadyForShipping="true"))["Total"] == 0


async def test_the_fulfilment_has_the_fields_of_the_reference(desk: Desk) -> None:
    sale = await desk.order({MUG: 2})
    desk.system.ship(sale["ID"], "DPD", "155")
    answer = await desk.get("sale/fulfilment", SaleID=sale["ID"])
    assert set(answer) == {"SaleID", "Fulfilments"}
    (fulfilment,) = answer["Fulfilments"]
    names = {"TaskID", "FulfillmentNumber", "LinkedInvoiceNumber", "FulFilmentStatus", "Pick", "Pack", "Ship"}
    assert set(fulfilment) == names
    assert set(fulfilment["Ship"]) == {"Status", "RequireBy", "ShippingAddress", "ShippingNotes", "Lines"}
    for part in ("pick", "pack", "ship"):
        assert (await desk.get(f"sale/fulfilment/{part}", TaskID=sale["ID"]))["Status"] == "AUTHORISED"


async def test_each_step_is_refused_before_its_turn_and_after_it(desk: Desk) -> None:
    sale = await desk.order({MUG: 1}, status="DRAFT")
    assert "was not found" in await refusal(desk, "pick", sale["ID"], [goods(MUG, 1)])
    task = (await desk.order({MUG: 1}, external_id="JL-2-A"))["ID"]
    assert "Pick status is NOT AVAILABLE" in await refusal(desk, "pack", task, [goods(MUG, 1, Box="Box 1")])
    assert "Pack status is NOT AVAILABLE" in await refusal(desk, "ship", task, [parcel()])
    await step(desk, "pick", task, [goods(MUG, 1)])
    assert "Pick status is AUTHORISED" in await refusal(desk, "pick", task, [goods(MUG, 1)])
    await step(desk, "pack", task, [goods(MUG, 1, Box="Box 1")])
    assert "Pack status is AUTHORISED" in await refusal(desk, "pack", task, [goods(MUG, 1, Box="Box 1")])
    await step(desk, "ship", task, [parcel()])
    assert "Ship status is AUTHORISED" in await refusal(desk, "ship", task, [parcel()])
    assert await desk.stock(MUG) == (9, 0, 9)


@pytest.mark.parametrize(
    ("part", "lines", "message"),
    [
        ("pick", [goods(MUG, 3)], "exceeds the quantity allocated"),
        ("pick", [goods(MUG, 1), goods(MUG, 2)], "exceeds the quantity allocated"),
        ("pick", [goods(JUG, 1)], "exceeds the quantity allocated"),
        ("pick", [goods(MUG, 1, Location="Returns")], "is not allocated at Returns"),
        ("pick", [goods(MUG, 1, Location="Moon")], "Active location with name Moon was not found"),
        ("pick", [goods("NONE", 1)], "Product with SKU NONE was not found"),
        ("pick", [{"SKU": MUG, "Location": AT}], "Quantity is required"),
        ("pack", [goods(MUG, 3, Box="Box 1")], "exceeds the picked quantity"),
        ("ship", [parcel("Box 9")], "Box 9 was not packed"),
        ("ship", [parcel(), parcel()], "each Box may appear once"),
        ("ship", [{**parcel(), "ShipmentDate": None}], "ShipmentDate is required"),
        ("ship", [{**parcel(), "Box": None, "Boxes": "Box 1"}], "Box is required"),
        ("ship", [parcel(Carrier="c" * 257)], "Carrier exceeds"),
        ("ship", [], "Lines are required"),
    ],
)
async def test_each_step_refuses_what_breaks_a_rule(
    desk: Desk, part: str, lines: list[dict[str, Any]], message: str
) -> None:
    task = (await desk.order({MUG: 2}))["ID"]
    if part != "pick":
        await step(desk, "pick", task, [goods(MUG, 2)])
    if part == "ship":
        await step(desk, "pack", task, [goods(MUG, 2, Box="Box 1")])
    before = await desk.get("sale", ID=task)
    assert message in await refusal(desk, part, task, lines)
    assert await desk.get("sale", ID=task) == before


async def test_autopick_takes_what_is_kept(desk: Desk) -> None:
    task = (await desk.order({MUG: 12}))["ID"]
    picked = await desk.send("POST", "sale/fulfilment/pick", {"TaskID": task, "AutoPickMode": "AUTOPICK"})
    assert (picked["Status"], [line["Quantity"] for line in picked["Lines"]]) == ("AUTHORISED", [10])
    assert (await desk.get("sale", ID=task))["CombinedPickingStatus"] == "PARTIALLY PICKED"


@pytest.mark.parametrize(
    ("mode", "status", "on_hand"),
    [
        ("NOPICK", "ORDERED", 10),
        ("AUTOPICK", "PICKED", 10),
        ("AUTOPICKPACK", "PACKED", 10),
        ("AUTOPICKPACKSHIP", "SHIPPING", 9),
    ],
)
async def test_automatic_modes_run_their_steps_at_once(desk: Desk, mode: str, status: str, on_hand: int) -> None:
    sale = await desk.header()
    body = {"SaleID": sale["ID"], "Status": "AUTHORISED", "AutoPickPackShipMode": mode, "Lines": [await desk.line()]}
    await desk.send("POST", "sale/order", body)
    assert await status_of(desk, sale["ID"]) == status
    assert (await desk.stock(MUG))[0] == on_hand


async def test_automatic_modes_are_ignored_with_a_back_order(desk: Desk) -> None:
    sale = await desk.header()
    line = await desk.line(MUG, 11)
    body = {"SaleID": sale["ID"], "Status": "AUTHORISED", "AutoPickPackShipMode": "AUTOPICK", "Lines": [line]}
    await desk.send("POST", "sale/order", body)
    assert await status_of(desk, sale["ID"]) == "BACKORDERED"


async def test_a_second_task_makes_the_sale_advanced(desk: Desk) -> None:
    sale = await desk.order({MUG: 2})
    assert "not AUTHORISED" in await desk.refused("POST", "sale/fulfilment", {"SaleID": sale["ID"]})
    await step(desk, "pick", sale["ID"], [goods(MUG, 1)])
    answer = await desk.send("POST", "sale/fulfilment", {"SaleID": sale["ID"]})
    first, second = answer["Fulfilments"]
    assert (first["TaskID"], second["Pick"]) == (sale["ID"], {"Status": "DRAFT", "Lines": []})
    assert second["TaskID"] != sale["ID"]
    found = await desk.get("sale", ID=sale["ID"])
    assert (found["Type"], found["Status"]) == ("Advanced Sale", "ORDERED")
    await step(desk, "pick", second["TaskID"], [goods(MUG, 1)])
    assert (await desk.get("sale", ID=sale["ID"]))["CombinedPickingStatus"] == "PICKED"


async def test_a_partial_shipment_marks_each_box(desk: Desk) -> None:
    task = (await desk.order({MUG: 2, JUG: 1}))["ID"]
    await step(desk, "pick", task, [goods(MUG, 2), goods(JUG, 1)])
    await step(desk, "pack", task, [goods(MUG, 2, Box="A"), goods(JUG, 1, Box="B")])
    lines = [parcel("A", IsShipped=True), parcel("B", IsShipped=False)]
    shipped = await step(desk, "ship", task, lines, "PARTIALLY AUTHORISED")
    assert [(line["Boxes"], line["IsShipped"]) for line in shipped["Lines"]] == [("A", True), ("B", False)]
    sale = await desk.get("sale", ID=task)
    assert (sale["CombinedShippingStatus"], sale["FulFilmentStatus"]) == ("PARTIALLY SHIPPED", "PARTIALLY FULFILLED")
    assert (await desk.stock(MUG), await desk.stock(JUG)) == ((8, 0, 8), (4, 1, 3))
    assert "PARTIALLY AUTHORISED" in await refusal(desk, "ship", task, lines)


async def test_tracking_is_added_later_with_its_own_flag_only(desk: Desk) -> None:
    task = (await desk.order({MUG: 1}))["ID"]
    desk.system.ship(task, "DPD", "")
    desk.clock.move(600)
    body = {"TaskID": task, "Lines": [{"Box": "Box 1", "TrackingNumber": "15501"}]}
    assert "Ship status is AUTHORISED" in await desk.refused("PUT", "sale/fulfilment/ship", body)
    assert "Ship status is AUTHORISED" in await desk.refused(
        "POST", "sale/fulfilment/ship", {**body, "AddTrackingNumbers": True}
    )
    shipped = await desk.send("PUT", "sale/fulfilment/ship", {**body, "AddTrackingNumbers": True})
    assert [(line["Carrier"], line["TrackingNumber"]) for line in shipped["Lines"]] == [("DPD", "15501")]
    (row,) = (await desk.get("saleList", UpdatedSince="2026-03-02T09:05:00"))["SaleList"]
    assert row["CombinedTrackingNumbers"] == "15501"
    other_box = {**body, "AddTrackingNumbers": True, "Lines": [{"Box": "Box 7"}]}
    assert "there is no line with Box Box 7" in await desk.refused("PUT", "sale/fulfilment/ship", other_box)
