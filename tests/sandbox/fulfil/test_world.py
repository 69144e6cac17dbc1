"""The pretend Fulfil in a seller's world: served, traded with, shipped from, broken, audited."""

from contextlib import suppress

import httpx

from sandbox.audit import audit
from sandbox.config import MAKERS, Config
from sandbox.fulfil import Fulfil
from sandbox.virtualstock import Account, Virtualstock
from sandbox.world import Plan, Trouble, World
from sandbox.world.mishaps import ALWAYS
from tests.doubles import ManualClock
from tests.sandbox.fulfil.desk import CHANNEL, KEY, SECRET

PLAN = Plan(seconds=18_000, orders=40, rush=20, products=20, sell_outs=3, contested=1, sales_elsewhere=10)


async def test_a_day_with_it_goes_by_and_adds_up() -> None:
    clock = ManualClock()
    edge = Virtualstock(clock, accounts=[Account("acme", "u", "p")])
    office = Fulfil(clock, api_key=KEY, channel=CHANNEL)
    world = World(edge, "acme", office, clock, plan=PLAN, trouble=Trouble.none())
    taken: set[str] = set()
    while (at := world.next_at()) <= world.closes_at:
        clock.reach(at)
        world.act()
        for order in edge.dump()["accounts"]["acme"]["orders"]:
            if order["reference"] not in taken:
                taken.add(order["reference"])
                units = {line["sku"]: line["quantity"] for line in order["lines"]}
                office.key_order_by_hand(order["reference"], units)
    found = audit([edge.dump(), office.dump()])["total"]
    assert found["orders_offered"] == found["orders_in_back_office"] == len(taken) >= PLAN.orders
    assert found["dispatches_shipped"] > 0
    assert (found["orders_missing"], found["orders_duplicated"]) == (0, 0)
    for row in office.dump()["stock"]:
        assert row["physical"] >= 0
        assert row["history"][-1][1] == row["free"]


async def test_its_troubles_strike_its_own_write() -> None:
    clock = ManualClock()
    edge = Virtualstock(clock, accounts=[Account("acme", "u", "p")])
    office = Fulfil(clock, api_key=KEY, channel=CHANNEL)
    world = World(edge, "acme", office, clock, plan=PLAN, trouble=Trouble(lost_answers=1.0))
    lost = [fault for fault in office.faults if fault.path.endswith("create_order")]
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=office.app), base_url="http://f.test")
    with suppress(httpx.HTTPError):
        await client.put("/api/v2/model/sale.channel/create_order", json=[CHANNEL, {}], headers={"x-api-key": KEY})
    assert sum(ALWAYS - fault.times for fault in lost) == 1
    assert world.trouble_so_far()["lost_answers"] >= 1


def test_it_can_be_served_with_an_address_for_its_pushes() -> None:
    arguments = {"api_key": KEY, "push_to": "http://127.0.0.1:9/push", "webhook_secret": SECRET}
    made = MAKERS["Fulfil"](ManualClock(), dict(arguments))
    assert isinstance(made, Fulfil)
    assert made.pushes.push_to == "http://127.0.0.1:9/push"
    world = '{"marketplace": "edge", "account": "acme", "back_office": "erp", "plan": {"orders": 9, "rush": 1}}'
    edge = '{"name": "edge", "class": "Virtualstock", "port": 1, "arguments": {"accounts": [{"name": "acme", "username": "u", "password": "p"}]}}'
    erp = '{"name": "erp", "class": "Fulfil", "port": 2, "arguments": {"api_key": "k"}}'
    config = Config.read(f'{{"control_port": 3, "systems": [{edge}, {erp}], "worlds": [{world}]}}')
    assert [type(one).__name__ for one in config.systems.values()] == ["Virtualstock", "Fulfil"]
