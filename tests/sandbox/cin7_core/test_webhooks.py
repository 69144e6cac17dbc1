"""The webhooks of the pretend company: as the reference has them, unsigned, and given up after the sixth failure."""

import json
from typing import Any

import pytest

from tests.sandbox.cin7_core.desk import MUG, Desk

HOOK = {
    "Type": "Sale/ShipmentAuthorised",
    "IsActive": True,
    "ExternalURL": "https://us.test/push",
    "ExternalAuthorizationType": "noauth",
}


class Outside:
    """Whoever is called: it answers with the statuses given, and then with the last one."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.calls: list[tuple[str, dict[str, str], Any]] = []

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> int:
        self.calls.append((url, headers, json.loads(body)))
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


def shipped(desk: Desk, units: int = 1) -> None:
    order = desk.system.key_order_by_hand("900100200", {MUG: units})
    desk.system.ship(order, "DPD", "JD0002")


async def active(desk: Desk) -> list[bool]:
    return [one["IsActive"] for one in (await desk.get("webhooks"))["Webhooks"]]


async def test_a_webhook_is_made_changed_and_removed(desk: Desk) -> None:
    [made] = (await desk.send("POST", "webhooks", HOOK))["Webhooks"]
    assert (made["Name"], made["ID"] != "") == ("Sale ShipmentAuthorised", True)
    [changed] = (await desk.send("PUT", "webhooks", {**HOOK, "ID": made["ID"], "IsActive": False}))["Webhooks"]
    assert (changed["ID"], changed["IsActive"]) == (made["ID"], False)
    assert (await desk.get("webhooks"))["Webhooks"] == [changed]
    assert (await desk.send("DELETE", "webhooks", ID=made["ID"]))["Webhooks"] == []
    assert (await desk.get("webhooks"))["Webhooks"] == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"Type": "Sale/Dreamt"}, "is not valid"),
        ({"ExternalURL": ""}, "ExternalURL is required"),
        ({"IsActive": None}, "IsActive is required"),
        ({"ExternalAuthorizationType": "hmac"}, "must be one of"),
        ({"ExternalAuthorizationType": "bearerauth"}, "ExternalBearerToken is required"),
    ],
)
async def test_a_webhook_that_the_reference_does_not_know_is_refused(
    desk: Desk, changes: dict[str, Any], why: str
) -> None:
    assert why in await desk.refused("POST", "webhooks", {**HOOK, **changes})


async def test_there_are_at_most_five_of_a_type(desk: Desk) -> None:
    for _ in range(5):
        await desk.send("POST", "webhooks", HOOK)
    assert "more than 5" in await desk.refused("POST", "webhooks", HOOK)
    await desk.send("POST", "webhooks", {**HOOK, "Type": "Product/Updated"})


async def test_the_first_attempt_comes_a_minute_after_the_event(desk: Desk) -> None:
    secret = {"ExternalHeaders": [{"Key": "x-ours", "Value": "1"}]}
    await desk.send("POST", "webhooks", {**HOOK, **secret})
    outside, webhooks = Outside(200), desk.system.company.webhooks
    shipped(desk)
    desk.clock.move(59)
    await webhooks.deliver(outside.post)
    assert outside.calls == []
    desk.clock.move(1)
    await webhooks.deliver(outside.post)
    [(url, headers, body)] = outside.calls
    assert url == HOOK["ExternalURL"]
    assert headers["x-ours"] == "1"
    assert (body["EventType"], body["OrderNumber"]) == ("Sale/ShipmentAuthorised", "SO-00001")
    desk.clock.move(3600)
    await webhooks.deliver(outside.post)
    assert len(outside.calls) == 1


async def test_after_the_sixth_failure_in_76_minutes_it_is_switched_off(desk: Desk) -> None:
    await desk.send("POST", "webhooks", HOOK)
    outside, webhooks = Outside(503), desk.system.company.webhooks
    shipped(desk)
    for minutes, calls in ((1, 1), (5, 2), (10, 3), (15, 4), (20, 5)):
        desk.clock.move(minutes * 60)
        await webhooks.deliver(outside.post)
        assert (len(outside.calls), await active(desk)) == (calls, [True])
    desk.clock.move(25 * 60)
    await webhooks.deliver(outside.post)
    assert (len(outside.calls), await active(desk)) == (6, [False])
    shipped(desk)
    desk.clock.move(3600)
    await webhooks.deliver(outside.post)
    assert len(outside.calls) == 6


async def test_one_answer_of_success_ends_the_attempts(desk: Desk) -> None:
    await desk.send("POST", "webhooks", HOOK)
    outside, webhooks = Outside(500, 500, 204), desk.system.company.webhooks
    shipped(desk)
    for _ in range(10):
        desk.clock.move(1800)
        await webhooks.deliver(outside.post)
    assert (len(outside.calls), await active(desk)) == (3, [True])


async def test_a_change_of_stock_is_told_as_a_list_without_its_type(desk: Desk) -> None:
    await desk.send("POST", "webhooks", {**HOOK, "Type": "Stock/AvailableStockLevelChanged"})
    outside = Outside(200)
    desk.system.sell_elsewhere(MUG, 3)
    desk.clock.move(60)
    await desk.system.company.webhooks.deliver(outside.post)
    [(_, _, [row])] = outside.calls
    assert (row["SKU"], row["Available"], row["Location"]) == (MUG, 7, "Main Warehouse")
