"""A whole pretend day behind SEKO: the world finds in it everything that it acts on, and it can be served."""

import json

from sandbox.config import Config
from sandbox.seko import Seko
from sandbox.virtualstock import Account, Virtualstock
from sandbox.world import Plan, Trouble, World
from tests.doubles import ManualClock
from tests.sandbox.seko.desk import Door

ACCOUNT = "tidewater-the-edge"


async def test_a_day_is_traded_with_it() -> None:
    clock, door = ManualClock(), Door()
    seko = Seko(clock, token="t", push_to="https://here.example/push", send=door.send)
    edge = Virtualstock(clock, accounts=[Account(ACCOUNT, "user", "pass")])
    world = World(edge, ACCOUNT, seko, clock, seed=3, plan=Plan(), trouble=Trouble())
    await world.run(world.closes_at)
    await seko.tick()
    orders = seko.dump()["orders"]
    assert {order["channel"] for order in orders} == {"web"}, "nobody brings the marketplace's orders here"
    assert any(order["shipments"] for order in orders)
    assert door.records("GRN")
    assert door.records("Dispatch") == []


def test_it_is_served_from_a_configuration() -> None:
    account = {"name": ACCOUNT, "username": "user", "password": "pass"}
    systems = [
        {"name": "edge", "class": "Virtualstock", "port": 1, "arguments": {"accounts": [account]}},
        {"name": "seko", "class": "Seko", "port": 2, "arguments": {"token": "t", "push_to": "http://127.0.0.1:3/push"}},
    ]
    worlds = [{"marketplace": "edge", "account": ACCOUNT, "back_office": "seko", "seed": 3}]
    config = Config.read(json.dumps({"control_port": 0, "systems": systems, "worlds": worlds}))
    seko = config.systems["seko"]
    assert isinstance(seko, Seko)
    assert seko.pushes.push_to == "http://127.0.0.1:3/push"
    assert seko.limits() == {"full stock read": 60 / 1800}
    assert len(config.worlds) == 1
