"""What the world does in it: shipping, labels, roll-backs, late numbers, cancelled pick lists, and the audit's view."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from sandbox.audit import audit
from sandbox.config import Config
from sandbox.deposco import warehouse
from sandbox.virtualstock import Account, Virtualstock
from sandbox.world import Plan, Trouble, World
from tests.sandbox.deposco.desk import CREDENTIALS, JUG, MUG, Desk

SHIPMENTS = "/shipments/outboundShipments"


async def test_a_part_ships_then_the_rest(desk: Desk) -> None:
    order = await desk.order("JL-1", {MUG: 3, JUG: 1})
    order_id = str(order["self"]["id"])
    desk.system.ship(order_id, "DPD", "1550", {MUG: 1})
    assert desk.system.tenant.order(int(order_id)).status == "Partially Shipped"
    desk.system.ship(order_id, "Evri", "")
    assert desk.system.tenant.order(int(order_id)).status == "Ship Complete"
    assert desk.system.open_orders() == []
    second, first = (await desk.get(SHIPMENTS))["data"]
    assert (first["shipVendor"], first["trackingNumber"], second["trackingNumber"]) == ("DPD", "1550", None)
    units = {
        row["item"]["businessKey"]["number"]: row["shippedPackQuantity"] for row in second["shipmentLines"]["data"]
    }
    assert units == {MUG: 2, JUG: 1}
    assert {row["externalLineNumber"] for row in second["shipmentLines"]["data"]} == {""}


async def test_more_than_is_there_does_not_ship(desk: Desk) -> None:
    order = await desk.order("JL-1", {JUG: 9})
    with pytest.raises(ValueError, match="Back Ordered"):
        desk.system.ship(str(order["self"]["id"]), "DPD", "1550")
    assert desk.system.tenant.items[JUG].stock["MK1"] == 4


@pytest.mark.parametrize("is_a_change", [True, False])
async def test_a_late_number_is_a_change_or_is_not(desk: Desk, *, is_a_change: bool) -> None:
    desk.system.switches.tracking_is_a_change = is_a_change
    order = await desk.order("JL-1")
    desk.system.ship(str(order["self"]["id"]), "DPD", "")
    desk.clock.move(60)
    between = desk.clock.now().isoformat()
    desk.clock.move(60)
    desk.system.add_tracking(str(order["self"]["id"]), "1550")
    assert len((await desk.get(SHIPMENTS, updatedAfter=between))["data"]) == is_a_change
    with pytest.raises(ValueError, match="without a tracking number"):
        desk.system.add_tracking(str(order["self"]["id"]), "1551")


async def test_a_label_nobody_used_and_a_shipment_rolled_back_stay_in_the_list(desk: Desk) -> None:
    order = await desk.order("JL-1")
    entry = desk.system.tenant.order(order["self"]["id"])
    warehouse.print_label(desk.system.tenant, entry, "DPD", "1549")
    desk.system.ship(str(entry.id), "DPD", "1550")
    warehouse.roll_back(desk.system.tenant, entry)
    rolled, label = (await desk.get(SHIPMENTS))["data"]
    assert (rolled["status"], rolled["shippedContainers"]["data"][0]["status"]) == ("Rolled Back", "Rolled Back")
    assert (label["status"], label["shipmentLines"]["data"]) == ("New", [])
    assert desk.system.open_orders() == [str(entry.id)]
    assert desk.system.free(MUG) == 9


async def test_a_cancelled_pick_list_puts_the_order_aside_until_it_is_new_again(desk: Desk) -> None:
    order = await desk.order("JL-1")
    order_id = str(order["self"]["id"])
    desk.system.void_pick(order_id)
    assert desk.system.open_orders() == []
    with pytest.raises(ValueError, match="Hold"):
        desk.system.ship(order_id, "DPD", "1550")
    await desk.call("POST", f"/orders/salesOrders/{order_id}/status", value="New")
    assert desk.system.open_orders() == [order_id]
    desk.system.ship(order_id, "DPD", "1550")


async def test_a_pick_list_cancelled_half_way_is_for_the_warehouse_only(desk: Desk) -> None:
    order = await desk.order("JL-1")
    entry = desk.system.tenant.order(order["self"]["id"])
    warehouse.void_pick(desk.system.tenant, entry, halfway=True)
    assert (await desk.refused("POST", f"/orders/salesOrders/{entry.id}/status", value="New"))[0] == 400
    shown = await desk.get(f"/orders/salesOrders/{entry.id}")
    assert shown["orderLines"]["data"][0]["orderLineStatus"] == "Needs Attention"
    warehouse.take_up(desk.system.tenant, entry)
    assert desk.system.open_orders() == [str(entry.id)]


async def test_the_audit_reads_the_store(desk: Desk) -> None:
    edge = Virtualstock(desk.clock, accounts=[Account("acme", "user", "password")])
    edge.add_product("acme", stock_number="23000001", sku=MUG, ean="5012345678900", free_stock=10)
    reference = edge.buy("acme", MUG, 1)
    assert reference
    desk.clock.move(60)
    order = await desk.order(f"JL-{reference}", customerOrderNumber=reference)
    twice = await desk.order("JL-other", customerOrderNumber=reference)
    await desk.call("POST", f"/orders/salesOrders/{twice['self']['id']}/cancellations")
    desk.clock.move(60)
    desk.system.ship(str(order["self"]["id"]), "DPD", "1550")
    [found] = audit([edge.dump(), desk.system.dump()])["installations"].values()
    assert (found["orders_in_back_office"], found["orders_missing"], found["orders_duplicated"]) == (1, 0, 0)
    assert (found["dispatches_shipped"], found["dispatches_confirmed"]) == (1, 0)


async def test_the_warehouse_of_a_world_cancels_pick_lists_and_picks_what_is_put_back(desk: Desk) -> None:
    edge = Virtualstock(desk.clock, accounts=[Account("acme", "user", "password")])
    plan = Plan(seconds=7_200, orders=30, rush=0, products=6, sell_outs=0, contested=0, picking=(600, 900))
    world = World(edge, "acme", desk.system, desk.clock, plan=plan, trouble=replace(Trouble.none(), voided_picks=3))
    taken: set[str] = set()
    while world.next_at() <= world.closes_at + timedelta(hours=3):
        desk.clock.reach(world.next_at())
        world.act()
        for order in edge.dump()["accounts"]["acme"]["orders"]:
            if order["reference"] not in taken:
                await desk.sign_in()
                taken.add(order["reference"])
                units = {line["sku"]: line["quantity"] for line in order["lines"]}
                await desk.order(f"JL-{order['reference']}", units)
        await desk.sign_in()
        for row in (await desk.get("/orders/salesOrders", orderStatus="Hold"))["data"]:
            await desk.call("POST", f"/orders/salesOrders/{row['self']['id']}/status", value="New")
    assert world.trouble_so_far() == {"voided_picks": 3}
    states = {one["state"] for one in desk.system.dump()["orders"] if one["channel"] == "integration"}
    assert states == {"Ship Complete"}


def test_it_can_be_served_and_joined_to_a_marketplace() -> None:
    keys = {name: getattr(CREDENTIALS, name) for name in ("client_id", "client_secret", "user", "password")}
    account = {"name": "acme", "username": "acme", "password": "pretend"}
    text = json.dumps(
        {
            "control_port": 1,
            "systems": [
                {"name": "edge", "class": "Virtualstock", "port": 2, "arguments": {"accounts": [account]}},
                {"name": "office", "class": "Deposco", "port": 3, "arguments": {"credentials": keys}},
            ],
            "worlds": [{"marketplace": "edge", "account": "acme", "back_office": "office"}],
        }
    )
    config = Config.read(text)
    assert config.systems["office"].limits() == {"tenant": 240}
    assert len(config.worlds) == 1
