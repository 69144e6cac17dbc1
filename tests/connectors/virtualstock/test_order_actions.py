"""Acknowledging, cancelling and dispatching: sent once, and proved by the lines."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from domain.answers import (
    Absent,
    Accepted,
    Contradicted,
    Done,
    Fatal,
    Found,
    Later,
    NotNow,
    Partial,
    Unavailable,
    Unknown,
)
from domain.budgets import Lane
from sandbox.kit import Fault
from tests.connectors.virtualstock.actions import ROLES, find, ready, send
from tests.connectors.virtualstock.harness import Harness


class Bodies(httpx.AsyncBaseTransport):
    """Keeps the body of every call to the actions, as it goes over the wire."""

    def __init__(self, inner: httpx.AsyncBaseTransport | None) -> None:
        assert inner is not None
        self.inner = inner
        self.sent: list[dict[str, Any]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and "/orders/" in request.url.path:
            self.sent.append(json.loads(request.content))
        return await self.inner.handle_async_request(request)


STATES = {"acknowledgement": "ORDER_ACK", "cancellation": "CANCEL_ACK", "dispatch": "DISPATCH"}


async def test_bodies_have_the_documented_fields(edge: Harness) -> None:
    reference = edge.place_order(2)
    bodies = Bodies(edge.surroundings.transport)
    edge.surroundings = replace(edge.surroundings, transport=bodies)
    edge.connector = edge.connect(fulfilment_route="Direct to Customer", time_zone="Europe/London")
    record = edge.acknowledgement(reference).model_copy(
        update={"dispatch_by_at": edge.clock.now().replace(month=7, hour=12)}
    )
    await send(edge, "acknowledgement", record)
    await send(edge, "dispatch", edge.dispatch(reference))
    named = {"part_number": "12345671", "line_ref": "1", "quantity": 2}
    assert bodies.sent == [
        {
            "items": [
                {
                    **named,
                    "sub_status": "Pending",
                    "supplier_dispatch_date": "2026-07-02T13:00:00",
                    "fulfillment_route": "Direct to Customer",
                }
            ]
        },
        {
            "items": [
                {
                    **named,
                    "carrier": "dpd",
                    "supplier_dispatch_date": "2026-03-02",
                    "tracking_number": "15500000000001",
                }
            ]
        },
    ]


@pytest.mark.parametrize("role", ROLES)
async def test_sent_is_a_ticket_and_the_lines_are_the_proof(edge: Harness, role: str) -> None:
    record = ready(edge, role)
    assert await find(edge, role, record) == Absent()
    answer = await send(edge, role, record)
    assert isinstance(answer, Accepted)
    found = await find(edge, role, record)
    assert isinstance(found, Found)
    assert record.reference in found.evidence
    assert STATES[role] in found.evidence
    assert edge.statuses(record.reference) == [STATES[role]] * 2


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500),
        Fault("html", status=503),
        Fault("html", status=200),
        Fault("truncated"),
        Fault(status=301),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_lost_answer_is_unknown_and_found_out(edge: Harness, role: str, fault: Fault, when: Any) -> None:
    record = ready(edge, role)
    edge.fault(role, Fault(**{**fault.__dict__, "when": when}))
    assert isinstance(await send(edge, role, record), Unknown)
    finding = await find(edge, role, record)
    assert isinstance(finding, Found if when == "after" else Absent)


async def test_a_hanging_call_is_unknown(edge: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    record = ready(edge, "acknowledgement")
    edge.connector._account.deadline_seconds = 0.05

    async def too_long(_seconds: float) -> None:
        await asyncio.sleep(5)

    monkeypatch.setattr(edge.clock, "sleep", too_long)  # the vendor really takes its time
    edge.fault("acknowledgement", Fault("hang", seconds=60))
    assert isinstance(await send(edge, "acknowledgement", record), Unknown)


@pytest.mark.parametrize("role", ROLES)
async def test_sent_twice_is_done_once(edge: Harness, role: str) -> None:
    record = ready(edge, role)
    await send(edge, role, record)
    again = await send(edge, role, record)
    assert isinstance(again, Accepted | Done)
    assert edge.count(role)[record.reference] == 1


@pytest.mark.parametrize("role", ROLES)
async def test_throttled_waits_until_the_vendors_time(edge: Harness, role: str) -> None:
    record = ready(edge, role)
    edge.fault(role, Fault(status=429, body={"detail": "Request was throttled."}, headers={"Retry-After": "40"}))
    with pytest.raises(NotNow) as wait:
        await send(edge, role, record)
    assert wait.value.at == edge.clock.now() + timedelta(seconds=40)
    assert edge.budgets.closed == [("harbour", wait.value.at)]


async def test_when_the_system_gives_out_no_answer_is_lost(edge: Harness) -> None:
    records = [edge.acknowledgement(edge.place_order()) for _ in range(3)]
    path = f"/restapi/v4/orders/{records[1].external_id}/acknowledge/"
    edge.sandbox.faults.append(Fault(path=path, status=403, body={"detail": "no"}, times=2))
    answers = await edge.connector.acknowledgement_sink.send(records)
    assert [type(answers[record.key]) for record in records] == [Accepted, Later, Later]
    with pytest.raises(Fatal):
        await edge.connector.acknowledgement_sink.send(records[1:])


@pytest.mark.parametrize("state", ["BACKORDER", "DISPATCH", "CANCEL"])
async def test_later_states_prove_an_acknowledgement(edge: Harness, state: str) -> None:
    record = ready(edge, "acknowledgement")
    for line in edge.wire(record.reference)["items"]:
        line["status"] = state
    found = await find(edge, "acknowledgement", record)
    assert isinstance(found, Found)
    assert state in found.evidence


async def test_half_an_order_is_partial_and_finished_by_sending(edge: Harness) -> None:
    record = ready(edge, "dispatch")
    first = record.model_copy(update={"lines": record.lines[:1]})
    await send(edge, "dispatch", first)
    finding = await find(edge, "dispatch", record)
    assert isinstance(finding, Partial)
    assert finding.missing.endswith("to do: 2")
    assert isinstance(await send(edge, "dispatch", record), Accepted)
    assert [len(line["dispatches"]) for line in edge.order(record.reference)["lines"]] == [1, 1]


async def test_a_part_of_a_line_is_proved_when_it_is_taken(edge: Harness) -> None:
    reference = edge.place_order(5)
    edge.acknowledge_elsewhere(reference)
    one, other = edge.dispatch(reference, 2), edge.dispatch(reference, 3, key="shipment-2")
    answer = await send(edge, "dispatch", one)
    assert isinstance(answer, Done)
    assert edge.statuses(reference) == ["ORDER_ACK"]
    assert isinstance(await send(edge, "dispatch", other), Done)
    assert edge.statuses(reference) == ["DISPATCH"]
    assert isinstance(await find(edge, "dispatch", one), Found)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_part_of_a_line_with_a_lost_answer_is_never_sent_again_blind(edge: Harness, when: Any) -> None:
    reference = edge.place_order(5)
    edge.acknowledge_elsewhere(reference)
    record = edge.dispatch(reference, 2)
    edge.fault("dispatch", Fault(status=500, when=when))
    assert isinstance(await send(edge, "dispatch", record), Unknown)
    assert isinstance(await find(edge, "dispatch", record), Contradicted)


async def test_without_the_ordered_quantity_a_part_is_a_ticket(edge: Harness) -> None:
    reference = edge.place_order(5)
    edge.acknowledge_elsewhere(reference)
    assert isinstance(await send(edge, "dispatch", edge.dispatch(reference, 2, ordered=False)), Accepted)


async def test_a_system_that_is_down_raises(edge: Harness) -> None:
    record = ready(edge, "acknowledgement")
    edge.sandbox.fail_for(60)
    with pytest.raises(Unavailable):
        await find(edge, "acknowledgement", record)


async def test_an_error_under_200_is_no_proof_of_a_part(edge: Harness) -> None:
    reference = edge.place_order(5)
    edge.acknowledge_elsewhere(reference)
    record = edge.dispatch(reference, 2)
    edge.fault("dispatch", Fault("error_in_200", body={"detail": "Something went wrong."}))
    assert isinstance(await send(edge, "dispatch", record), Unknown)
    assert edge.count("dispatch") == {reference: 0}


@pytest.mark.parametrize("urgent", [False, True])
@pytest.mark.parametrize("role", ROLES)
async def test_what_is_near_its_deadline_takes_its_permit_before_others(
    edge: Harness, role: str, *, urgent: bool
) -> None:
    record = ready(edge, role).model_copy(update={"urgent": urgent})
    edge.budgets.taken.clear()
    await send(edge, role, record)
    assert edge.budgets.taken[-1] is (Lane.URGENT if urgent else Lane.NORMAL)  # the sign-in goes before it
