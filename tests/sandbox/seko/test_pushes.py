"""The push scheduler and the world: what is pushed, how it goes wrong, and what the audit reads."""

import pytest

from sandbox.audit import audit
from sandbox.seko.pushes import TICK
from tests.sandbox.seko.desk import JUG, MUG, VASE, Desk


async def shipped(desk: Desk, number: str = "JL-1", sku: str = MUG, units: int = 3) -> None:
    await desk.submit(number, {sku: units})
    desk.system.ship(number, "DPD", f"155{number}")


async def test_a_dispatch_is_pushed_with_its_tracking_its_lots_and_its_order(desk: Desk) -> None:
    await desk.submit("JL-1", {MUG: 3, VASE: 1})
    desk.system.ship("JL-1", "DPD", "1550", {MUG: 3})
    assert await desk.system.tick() == 2
    [dispatch], [tracking] = desk.door.records("Dispatch"), desk.door.records("TrackingDetails")
    lines = [(line["ProductCode"], line["Quantity"], line["LotNo"]) for line in dispatch["List"]["DispatchLineItem"]]
    assert lines == [(MUG, 1, "LOT-A"), (MUG, 2, "LOT-B"), (VASE, 0, None)]
    assert (tracking["SalesOrderNumber"], tracking["TrackingNumber"]) == ("JL-1", "1550")
    assert dispatch["InterfaceRecordId"] == desk.system.warehouse.orders["JL-1"].guid
    assert (dispatch["SequenceNumber"], dispatch["SalesOrderReference"]) == (1, "1")
    assert await desk.system.tick() == 0, "nothing is sent when there is nothing"


async def test_only_what_came_through_the_hub_is_pushed(desk: Desk) -> None:
    desk.system.key_order_by_hand("WEB-7", "", {JUG: 1})
    desk.system.ship("WEB-7", "DPD", "1550")
    assert await desk.system.tick() == 0


async def test_five_hundred_records_go_in_one_message_and_numbers_rise_by_one(desk: Desk) -> None:
    for _ in range(501):
        desk.system.receive_stock(JUG, 1)
    await desk.system.tick()
    assert [len(body["Responses"]) for body in desk.door.bodies] == [500, 1]
    assert [one["SequenceNumber"] for one in desk.door.records("GRN")] == list(range(1, 502))


@pytest.mark.parametrize(
    "failure", [(500, b""), (200, b"fine"), (200, b'{"CallStatus": {"Success": false}}'), OSError("down")]
)
async def test_a_push_that_fails_is_tried_three_more_times_and_then_only_by_a_person(
    desk: Desk, failure: tuple[int, bytes] | OSError
) -> None:
    desk.system.receive_stock(JUG, 1)
    desk.door.answers = [failure] * 4
    for _ in range(8):
        await desk.system.tick()
        desk.clock.move(TICK.total_seconds())
    assert len(desk.door.bodies) == 4
    assert desk.system.pushes.push_again() == 1
    assert await desk.system.tick() == 1
    assert len(desk.door.bodies) == 5


async def test_a_failed_push_waits_for_its_tick(desk: Desk) -> None:
    desk.system.receive_stock(JUG, 1)
    desk.door.answers = [(503, b"")]
    await desk.system.tick()
    await desk.system.tick()
    assert len(desk.door.bodies) == 1
    desk.clock.move(TICK.total_seconds())
    assert await desk.system.tick() == 1


async def test_pushes_can_be_lost_doubled_and_out_of_order(desk: Desk) -> None:
    switches = desk.system.switches
    switches.lost_pushes = 1
    desk.system.receive_stock(JUG, 1)
    assert await desk.system.tick() == 1, "the hub takes it for delivered"
    assert desk.door.bodies == []
    switches.duplicate_pushes = switches.out_of_order = True
    for _ in range(2):
        desk.system.receive_stock(JUG, 1)
    await desk.system.tick()
    assert [one["SequenceNumber"] for one in desk.door.records("GRN")] == [3, 2, 3, 2]


async def test_without_an_address_nothing_is_pushed() -> None:
    desk = Desk(push_to=None)
    desk.system.receive_stock(JUG, 1)
    assert await desk.system.tick() == 0


async def test_the_scheduler_ticks_every_fifteen_minutes(desk: Desk) -> None:
    class Enough(Exception):
        pass

    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise Enough

    desk.clock.sleep = sleep  # type: ignore[method-assign] # the clock of this desk alone
    with pytest.raises(Enough):
        await desk.system.push_for_ever()
    assert slept == [900.0] * 3


async def test_a_short_order_is_closed_and_its_rest_is_cancelled(desk: Desk) -> None:
    await desk.submit("JL-1", {MUG: 3})
    desk.system.ship_short("JL-1", "DPD", "1550", {MUG: 1})
    [order] = desk.system.dump()["orders"]
    assert (order["state"], order["lines"]) == (
        "Dispatched",
        [{"sku": MUG, "quantity": 3, "shipped": 1, "cancelled": 2}],
    )
    with pytest.raises(ValueError, match="Dispatched"):
        desk.system.ship("JL-1", "DPD", "1551")


async def test_nobody_ships_or_breaks_more_than_there_is(desk: Desk) -> None:
    await desk.submit("JL-1", {MUG: 3})
    with pytest.raises(ValueError, match="not so much"):
        desk.system.ship("JL-1", "DPD", "1550", {MUG: 4})
    with pytest.raises(ValueError, match="7 are free"):
        desk.system.receive_stock(MUG, -8)
    assert desk.system.sell_elsewhere(MUG, 8) is False
    with pytest.raises(ValueError, match="no dispatch"):
        desk.system.add_tracking("JL-1", "1550")


async def test_the_audit_reads_its_dump(desk: Desk) -> None:
    await shipped(desk)
    await desk.submit("JL-2", {JUG: 1})
    desk.system.warehouse.cancel(desk.system.warehouse.orders["JL-2"])
    line = {"line": "1", "stock_number": "1", "sku": MUG, "quantity": 3, "status": "ORDER_ACK", "dispatches": []}
    nothing = dict.fromkeys(("cancel_requested_at", "cancelled_at", "acknowledged_at"))
    placed = {"placed_at": desk.clock.now().isoformat(), **nothing}
    orders = [{"reference": number, "id": number, "lines": [line], **placed} for number in ("1", "2")]
    account = {"orders": orders, "listings": []}
    edge = {"system": "edge", "kind": "marketplace", "accounts": {"tidewater": account}}
    report = audit([edge, desk.system.dump()])["installations"]["tidewater"]
    assert report["back_office"] == "seko"
    assert (report["orders_in_back_office"], report["orders_missing"], report["dispatches_shipped"]) == (1, 1, 1)
