"""Which line states lead to which, whole and in parts."""

from datetime import timedelta

import httpx
import pytest

from tests.sandbox.virtualstock.edge import BODIES, START, Edge

STATES: dict[str, tuple[str, ...]] = {
    "ORDER": (),
    "ORDER_ACK": ("acknowledge",),
    "BACKORDER": ("acknowledge", "backorder"),
    "CANCEL": ("cancel_request",),
    "DISPATCH": ("acknowledge", "dispatch"),
    "CANCEL_ACK": ("cancel_request", "cancel_acknowledge"),
}
TARGETS = {
    "acknowledge": "ORDER_ACK",
    "backorder": "BACKORDER",
    "dispatch": "DISPATCH",
    "cancel_request": "CANCEL",
    "cancel_acknowledge": "CANCEL_ACK",
}
ALLOWED = {
    ("ORDER", "acknowledge"),
    ("ORDER", "backorder"),
    ("ORDER", "cancel_request"),
    ("ORDER_ACK", "acknowledge"),
    ("ORDER_ACK", "backorder"),
    ("ORDER_ACK", "dispatch"),
    ("ORDER_ACK", "cancel_request"),
    ("BACKORDER", "dispatch"),
    ("BACKORDER", "cancel_request"),
    ("CANCEL", "dispatch"),
    ("CANCEL", "cancel_acknowledge"),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", TARGETS)
async def test_each_transition(edge: Edge, state: str, action: str) -> None:
    reference = edge.place()
    for step in STATES[state]:
        assert (await edge.act(reference, step)).status_code == 200
    assert await edge.statuses(reference) == (state, [state])
    answer = await edge.act(reference, action)
    if (state, action) in ALLOWED:
        assert answer.status_code == 200
        assert await edge.statuses(reference) == (TARGETS[action], [TARGETS[action]])
    else:
        assert answer.status_code == 400
        assert answer.text == f"Not allowed to change state of item 1 from {state} to {TARGETS[action]}"
        assert await edge.statuses(reference) == (state, [state])


async def test_dispatch_from_order_can_be_switched_on() -> None:
    edge = Edge(dispatch_needs_acknowledgement=False)
    reference = edge.place()
    assert (await edge.act(reference, "dispatch")).status_code == 200
    assert await edge.statuses(reference) == ("DISPATCH", ["DISPATCH"])


async def test_the_order_shows_its_least_advanced_open_line_and_a_cancellation_first(edge: Edge) -> None:
    reference = edge.place(lines=3)
    await edge.act(reference, "acknowledge", lines=("1", "2"))
    assert await edge.statuses(reference) == ("ORDER", ["ORDER_ACK", "ORDER_ACK", "ORDER"])
    await edge.act(reference, "dispatch", lines=("1",))
    assert await edge.statuses(reference) == ("ORDER", ["DISPATCH", "ORDER_ACK", "ORDER"])
    await edge.act(reference, "acknowledge", lines=("3",))
    assert await edge.statuses(reference) == ("ORDER_ACK", ["DISPATCH", "ORDER_ACK", "ORDER_ACK"])
    assert edge.system.request_cancellation("acme", reference, ["1", "2"]) == ["2"]
    assert await edge.statuses(reference) == ("CANCEL", ["DISPATCH", "CANCEL", "ORDER_ACK"])
    await edge.act(reference, "dispatch", lines=("3",))
    await edge.act(reference, "cancel_acknowledge", lines=("2",))
    assert await edge.statuses(reference) == ("DISPATCH", ["DISPATCH", "CANCEL_ACK", "DISPATCH"])


async def test_a_line_is_dispatched_in_parts_and_never_beyond_what_was_ordered(edge: Edge) -> None:
    reference = edge.place(quantity=3)
    await edge.act(reference, "acknowledge")
    part = {"quantity": "1", "tracking_number": 1123581321}
    assert (await edge.act(reference, "dispatch", part)).status_code == 200
    assert await edge.statuses(reference) == ("ORDER_ACK", ["ORDER_ACK"])
    edge.clock.move(60)
    beyond = await edge.act(reference, "dispatch", {"quantity": 3})
    assert beyond.status_code == 400
    assert beyond.text == "Validation error: Dispatch quantity value 3 is bigger than allowed for item"
    assert (await edge.act(reference, "dispatch", {"quantity": 2})).status_code == 200
    assert await edge.statuses(reference) == ("DISPATCH", ["DISPATCH"])
    again = await edge.act(reference, "dispatch", {"quantity": 2})
    assert again.text == "Not allowed to change state of item 1 from DISPATCH to DISPATCH"
    later = (START + timedelta(seconds=60)).isoformat()
    assert edge.dumped(reference)["lines"][0]["dispatches"] == [
        {"at": START.isoformat(), "quantity": 1, "carrier": "dpd", "tracking": "1123581321"},
        {"at": later, "quantity": 2, "carrier": "dpd", "tracking": "15500000000001"},
    ]
    assert edge.system.dump()["accounts"]["acme"]["refusals"] == {"POST /restapi/v4/orders/{id}/dispatch/ 400": 2}


async def test_one_call_may_name_a_line_twice_and_its_parts_count_together(edge: Edge) -> None:
    reference = edge.place(quantity=2)
    await edge.act(reference, "acknowledge")
    order = await edge.order(reference)
    one = {"part_number": "12345671", "line_ref": "1", "quantity": 1, **BODIES["dispatch"]}
    path = httpx.URL(order["url"]).path + "dispatch/"
    assert (await edge.client.post(path, json={"items": [one, one, one]})).status_code == 400
    assert edge.dumped(reference)["lines"][0]["dispatches"] == []
    assert (await edge.client.post(path, json={"items": [one, one]})).status_code == 200
    assert await edge.statuses(reference) == ("DISPATCH", ["DISPATCH"])


async def test_what_is_left_of_a_partly_dispatched_line_can_be_cancelled_but_only_whole(edge: Edge) -> None:
    reference = edge.place(quantity=3)
    await edge.act(reference, "acknowledge")
    await edge.act(reference, "dispatch", {"quantity": 1})
    partial = await edge.act(reference, "cancel_request", {"quantity": "1"})
    assert partial.status_code == 400
    assert partial.text == "Validation error: Partial cancellation not allowed item 1"
    assert (await edge.act(reference, "cancel_request", {"quantity": "2"})).status_code == 200
    assert (await edge.act(reference, "cancel_acknowledge", {"quantity": 2})).status_code == 200
    assert await edge.statuses(reference) == ("CANCEL_ACK", ["CANCEL_ACK"])


async def test_a_requested_cancellation_beats_even_a_new_line(edge: Edge) -> None:
    reference = edge.place(lines=2)
    assert edge.system.request_cancellation("acme", reference, ["2"]) == ["2"]
    assert await edge.statuses(reference) == ("CANCEL", ["ORDER", "CANCEL"])
    listed = (await edge.client.get("/restapi/v4/orders/", params={"status": "CANCEL"})).json()
    assert [order["order_reference"] for order in listed["results"]] == [reference]
    assert (await edge.client.get("/restapi/v4/orders/", params={"status": "ORDER"})).json()["count"] == 0
