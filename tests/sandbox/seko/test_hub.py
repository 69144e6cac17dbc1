"""The two doors: envelope, token, what a web order is refused for, cancelling, stock and the legacy reads."""

from typing import Any

import pytest

from tests.sandbox.seko.desk import JUG, MUG, VASE, Desk, order

WEBSUBMIT = "/api/salesorders/v4/websubmit"
NOTHING = "No results found for search criteria"


async def test_a_wrong_token_is_refused_in_an_envelope_or_by_status(desk: Desk) -> None:
    answer = await desk.client.get(
        "/api/stock/v3/quantity", params={"api_key": "wrong"}, headers={"accept": "application/json"}
    )
    assert (answer.status_code, answer.json()["CallStatus"]["Success"]) == (200, False)
    desk.system.switches.status_of_bad_tokens = 401
    assert (await desk.client.get("/hub/api/echo/v1/x.json", params={"token": "wrong"})).status_code == 401
    assert (await desk.client.get("/api/stock/v3/quantity", params={"token": "wrong"})).status_code == 401


async def test_both_names_of_the_token_are_taken_at_the_current_door_and_one_at_the_legacy_one(desk: Desk) -> None:
    from tests.sandbox.seko.desk import TOKEN

    for name in ("api_key", "token"):
        answer = await desk.client.get(
            "/api/stock/v3/quantity", params={name: TOKEN, "productCodes": MUG}, headers={"accept": "application/json"}
        )
        assert answer.json()["CallStatus"]["Success"] is True
    answer = await desk.client.get("/hub/api/echo/v1/x.json", params={"api_key": TOKEN})
    assert answer.json()["Response"]["CallStatus"]["Success"] is False


async def test_a_read_without_an_accept_header_is_xml(desk: Desk) -> None:
    answer = await desk.call("GET", "/api/stock/v3/quantity", as_json=False, productCodes=MUG)
    # httpx accepts anything, which is not JSON by name
    assert answer.headers["content-type"].startswith("application/xml")
    assert "<ProductCode>MUG-BLUE</ProductCode>" in answer.text
    assert "<Success>true</Success>" in answer.text


async def test_an_order_is_taken_and_its_guid_repeated_or_made(desk: Desk) -> None:
    given = await desk.submit("JL-1", {MUG: 2}, GUID="0C0FDC2E-0000")
    assert given == {"CallStatus": {"Success": True, "Code": 0, "Message": ""}, "GUID": "0C0FDC2E-0000"}
    made = await desk.submit("JL-2", {MUG: 1})
    assert len(made["GUID"]) == 36
    assert desk.system.free(MUG) == 7


async def test_a_number_is_taken_once_and_a_refused_one_is_free_again(desk: Desk) -> None:
    assert "no free stock" in await desk.refuses("JL-1", {MUG: 1, JUG: 5})
    await desk.submit("JL-1", {MUG: 1})
    assert "already exists" in await desk.refuses("JL-1", {MUG: 1})
    assert desk.system.free(MUG) == 9


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"DeliveryDetails": {}},
            "The City field is required.; The CountryCode field is required.; The Line1 field is required.",
        ),
        ({"SalesOrderHeader": {"DCCode": "DCMOON"}}, "Error. Invalid Mapping - DC"),
        ({"List": {}}, "Error Submitting SalesOrder: JL-1 - Error. There are no lines."),
    ],
)
async def test_what_is_missing_is_named(desk: Desk, changes: dict[str, Any], message: str) -> None:
    assert await desk.refused("POST", WEBSUBMIT, order("JL-1", {MUG: 1}) | changes) == message


async def test_lengths_products_and_doubles_are_checked(desk: Desk) -> None:
    assert (
        await desk.refuses("J" * 51, {MUG: 1}, SalesOrderReference="1")
        == "The field SalesOrderNumber must be a string with a maximum length of 50."
    )
    assert "GiftMessage" in await desk.refuses("JL-1", {MUG: 1}, GiftMessage="x" * 501)
    assert "Invalid Mapping - Product" in await desk.refuses("JL-1", {"NOBODYS": 1})
    double = order("JL-1", {MUG: 1})
    double["List"]["SalesOrderLineItem"] *= 2
    assert "more than one line" in await desk.refused("POST", WEBSUBMIT, double)
    assert desk.system.dump()["orders"] == []


async def test_failures_wear_200_or_another_status(desk: Desk) -> None:
    desk.system.switches.status_of_refusals = 400
    answer = await desk.call("POST", WEBSUBMIT, order("JL-1", {MUG: 99}))
    assert (answer.status_code, answer.json()["CallStatus"]["Code"]) == (400, 100)


async def test_an_order_on_hold_is_not_picked(desk: Desk) -> None:
    await desk.submit("JL-1", {MUG: 1}, OnHold=True)
    assert desk.system.open_orders() == []
    assert desk.system.free(MUG) == 9


async def test_cancelling_goes_by_the_state_and_the_wave(desk: Desk) -> None:
    async def cancel(number: str, reason: str = "001") -> str:
        answer = await desk.said("POST", f"/api/salesorders/v3/{number}/cancel", {}, reasonCode=reason)
        return str(answer["CallStatus"]["Message"])

    for number in ("JL-1", "JL-2", "JL-3", "JL-4"):
        await desk.submit(number, {MUG: 1})
    orders = desk.system.warehouse.orders
    assert "ReasonCode" in await cancel("JL-1", "999")
    assert await cancel("JL-1") == ""
    assert (orders["JL-1"].state, desk.system.free(MUG)) == ("Cancelled", 7)
    orders["JL-2"].in_wave = True
    assert await cancel("JL-2") == "Error. Dispatch assigned to a pick wave cannot be cancelled"
    orders["JL-3"].state = "To Dispatch"
    assert "cannot be cancelled" in await cancel("JL-3")
    orders["JL-4"].state = "Pick Complete"
    assert await cancel("JL-4") == ""
    await desk.system.tick()
    [received] = desk.door.records("GRN")
    assert received["HBRef"].startswith("SS Cancellation - Dispatch")
    assert await cancel("JL-9") == NOTHING


async def test_stock_leaves_out_zero_and_tells_where_goods_lie(desk: Desk) -> None:
    desk.system.sell_elsewhere(JUG, 4)
    desk.system.move_stock(VASE, 2, "Quarantine")
    desk.clock.move(301)
    assert await desk.stock() == {
        (MUG, "Available Stock"): 10,
        (VASE, "Available Stock"): 5,
        (VASE, "Quarantine"): 2,
    }
    assert await desk.stock(productCodes=f"{JUG},{MUG}") == {(MUG, "Available Stock"): 10}
    assert await desk.refused("GET", "/api/stock/v3/quantity", productCodes=JUG) == NOTHING
    assert (
        await desk.refused("GET", "/api/stock/v3/quantity", productCodes=MUG, dc="DCMOON")
        == "Error. Invalid Mapping - DC"
    )


async def test_stock_is_late_and_the_whole_of_it_rarely_to_be_had(desk: Desk) -> None:
    desk.clock.move(600)
    await desk.submit("JL-1", {MUG: 4})
    desk.clock.move(299)
    assert (await desk.stock())[MUG, "Available Stock"] == 10
    answer = await desk.call("GET", "/api/stock/v3/quantity")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1801")
    desk.clock.move(1800)
    assert (await desk.stock())[MUG, "Available Stock"] == 6


async def test_the_legacy_reads_show_an_order_after_five_minutes(desk: Desk) -> None:
    guid = (await desk.submit("JL-1", {MUG: 4}))["GUID"]
    status, tracking = (f"/hub/api/salesorders/v1/{guid}/{what}.json" for what in ("status", "tracking"))
    assert await desk.refused("GET", status) == NOTHING
    desk.clock.move(300)
    assert (await desk.said("GET", status))["Response"]["Status"] == "To Be Picked"
    assert (await desk.said("GET", tracking))["Response"]["TrackingNumber"] == {}
    desk.system.ship("JL-1", "DPD", "1550")
    assert (await desk.said("GET", status.replace(guid, guid.upper())))["Response"]["Status"] == "Dispatched"
    assert (await desk.said("GET", tracking))["Response"]["TrackingNumber"] == "1550"
    desk.system.switches.legacy_is_open = False
    assert "token" in await desk.refused("GET", status)


async def test_what_was_dispatched_in_a_window_is_listed_and_one_alone_without_its_list(desk: Desk) -> None:
    guids = [(await desk.submit(number, {MUG: 1}))["GUID"] for number in ("JL-1", "JL-2", "JL-3")]
    desk.system.ship("JL-1", "DPD", "1550")
    desk.clock.move(3600)
    desk.system.ship("JL-2", "DPD", "1551")

    async def listed(begin: str, end: str) -> Any:
        path = f"/hub/api/dispatches/v1/status/2026-03-02T{begin}Z/2026-03-02T{end}Z.json"
        return (await desk.said("GET", path, status="Dispatched"))["Response"]

    assert (await listed("08:00:00", "09:30:00"))["List"]["DispatchLineItem"]["GUID"] == guids[0]
    both = (await listed("08:00:00", "10:00:00"))["List"]["DispatchLineItem"]
    assert [row["GUID"] for row in both] == guids[:2]
    assert (await listed("11:00:00", "12:00:00"))["CallStatus"]["Message"] == NOTHING
