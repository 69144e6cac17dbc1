import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from connectors.virtualstock.order_search import another_page_pays, list_is_cheaper
from domain.answers import (
    Absent,
    Accepted,
    Contradicted,
    Done,
    Fatal,
    Found,
    Later,
    NotNow,
    NotYet,
    Partial,
    Refused,
    Unavailable,
    Unknown,
)
from domain.budgets import Lane, Limit
from domain.records import Acknowledgement
from sandbox.kit import Fault
from tests.connectors.virtualstock.harness import Harness
from tests.doubles import BucketBudgets, ManualClock, OpenBudgets

ILLEGAL = "Validation error: Not allowed to change state of item 1 from DISPATCH to CANCEL"


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


async def send(edge: Harness, role: str, record: Any) -> Any:
    sink = getattr(edge.connector, f"{role}_sink")
    return (await sink.send([record]))[record.key]


async def find(edge: Harness, role: str, record: Any) -> Any:
    sink = getattr(edge.connector, f"{role}_sink")
    return (await sink.find([record]))[record.key]


def ready(edge: Harness, role: str) -> Any:
    """Return a record of this kind that the vendor will take."""
    reference = edge.place_order(2, 3)
    if role == "cancellation":
        edge.cancel(reference)
    if role == "dispatch":
        edge.disappear(reference)  # into ORDER_ACK
    return getattr(edge, role)(reference)


ROLES = ["acknowledgement", "cancellation", "dispatch"]
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


@pytest.mark.parametrize(
    "body",
    [
        ILLEGAL,
        {"detail": "Not allowed", "code": "INVALID_STATE"},
        {"items": [{"quantity": ["A valid integer is required."]}]},
        ["Something is wrong"],
        "<html><body>Bad Request for q.marrowby@example.com</body></html>",
    ],
)
@pytest.mark.parametrize("status", [400, 409, 422])
async def test_a_refusal_of_what_is_done_already_is_done(edge: Harness, body: Any, status: int) -> None:
    record = ready(edge, "dispatch")
    await send(edge, "dispatch", record)
    edge.fault("dispatch", Fault(status=status, body=body))
    answer = await send(edge, "dispatch", record)
    assert isinstance(answer, Done)
    assert "DISPATCH" in answer.evidence
    assert edge.count("dispatch")[record.reference] == 1


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (ILLEGAL, ILLEGAL),
        ({"items": [{"quantity": ["A valid integer is required."]}]}, "quantity: A valid integer is required."),
        ({"detail": "Not found.", "code": "ORDER_NOT_FOUND"}, "ORDER_NOT_FOUND"),
        ({"comment": ["Happy birthday Quintessa Marrowby"]}, "kept as evidence-1"),
        ("No parcel for Quintessa Marrowby", "kept as evidence-1"),
        (["Quintessa Marrowby moved"], "kept as evidence-1"),
        ("<html>Quintessa Marrowby</html>", "kept as evidence-1"),
        ({"deep": {"deep": {"deep": ["Quintessa Marrowby"]}}}, "kept as evidence-1"),
    ],
)
async def test_a_refusal_shows_only_harmless_words(edge: Harness, body: Any, shown: str) -> None:
    record = ready(edge, "acknowledgement")
    edge.fault("acknowledgement", Fault(status=400, body=body))
    answer = await send(edge, "acknowledgement", record)
    assert isinstance(answer, Refused)
    assert shown in answer.reason
    assert answer.hold_type == "refused"
    assert "Quintessa" not in answer.reason


async def test_an_unknown_carrier_is_refused_as_such(edge: Harness) -> None:
    record = ready(edge, "dispatch").model_copy(update={"carrier_code": "pigeon"})
    answer = await send(edge, "dispatch", record)
    assert isinstance(answer, Refused)
    assert answer.hold_type == "invalid_carrier"
    assert '"pigeon" is not a valid choice.' in answer.reason


async def test_dispatch_before_acknowledgement_is_refused(edge: Harness) -> None:
    record = edge.dispatch(edge.place_order())
    answer = await send(edge, "dispatch", record)
    assert isinstance(answer, Refused)
    assert answer.hold_type == "refused"
    assert "from ORDER to DISPATCH" in answer.reason


async def test_dispatch_declines_a_requested_cancellation(edge: Harness) -> None:
    record = ready(edge, "dispatch")
    edge.cancel(record.reference)
    assert await find(edge, "dispatch", record) == Absent()
    assert isinstance(await send(edge, "dispatch", record), Accepted)
    assert edge.statuses(record.reference) == ["DISPATCH", "DISPATCH"]


async def test_dispatch_of_what_was_cancelled_is_a_contradiction(edge: Harness) -> None:
    record = ready(edge, "dispatch")
    edge.cancel(record.reference)
    await send(edge, "cancellation", edge.cancellation(record.reference))
    assert isinstance(await find(edge, "dispatch", record), Contradicted)
    answer = await send(edge, "dispatch", record)
    assert isinstance(answer, Refused)
    assert answer.hold_type == "contradiction"


async def test_cancelling_what_was_dispatched_is_a_contradiction(edge: Harness) -> None:
    record = ready(edge, "dispatch")
    await send(edge, "dispatch", record)
    cancellation = edge.cancellation(record.reference)
    assert isinstance(await find(edge, "cancellation", cancellation), Contradicted)
    answer = await send(edge, "cancellation", cancellation)
    assert isinstance(answer, Refused)
    assert answer.hold_type == "contradiction"


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
    edge.disappear(reference)
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
    edge.disappear(reference)
    record = edge.dispatch(reference, 2)
    edge.fault("dispatch", Fault(status=500, when=when))
    assert isinstance(await send(edge, "dispatch", record), Unknown)
    assert isinstance(await find(edge, "dispatch", record), Contradicted)


async def test_without_the_ordered_quantity_a_part_is_a_ticket(edge: Harness) -> None:
    reference = edge.place_order(5)
    edge.disappear(reference)
    assert isinstance(await send(edge, "dispatch", edge.dispatch(reference, 2, ordered=False)), Accepted)


async def test_a_part_refused_because_the_line_is_gone_is_not_taken_for_done(edge: Harness) -> None:
    reference = edge.place_order(5)
    edge.disappear(reference)
    await send(edge, "dispatch", edge.dispatch(reference, 5))
    answer = await send(edge, "dispatch", edge.dispatch(reference, 2, key="shipment-2"))
    assert isinstance(answer, Refused)
    assert answer.hold_type == "contradiction"


@pytest.mark.parametrize(
    "changed",
    [
        {"quantity": 1},
        {"quantity": 9},
        {"line": "77"},
        {"stock_number": "87654321"},
    ],
)
async def test_other_lines_than_ours_are_a_contradiction(edge: Harness, changed: dict[str, Any]) -> None:
    record = ready(edge, "acknowledgement")
    await send(edge, "acknowledgement", record)
    other = record.model_copy(update={"lines": (record.lines[0].model_copy(update=changed),)})
    assert isinstance(await find(edge, "acknowledgement", other), Contradicted)


async def test_an_undocumented_state_is_a_contradiction(edge: Harness) -> None:
    record = ready(edge, "acknowledgement")
    edge.wire(record.reference)["items"][0]["status"] = "MISLAID"
    assert isinstance(await find(edge, "acknowledgement", record), Contradicted)


async def test_two_orders_under_one_number_are_a_contradiction(edge: Harness) -> None:
    record = ready(edge, "acknowledgement")
    twin = {**edge.wire(record.reference), "url": "https://elsewhere.example/restapi/v4/orders/999999/"}
    edge.sandbox.place_raw("harbour", twin)
    assert isinstance(await find(edge, "acknowledgement", record), Contradicted)


async def test_another_id_under_our_number_is_a_contradiction(edge: Harness) -> None:
    record = ready(edge, "acknowledgement").model_copy(update={"external_id": "12"})
    assert isinstance(await find(edge, "acknowledgement", record), Contradicted)


@pytest.mark.parametrize("external_id", ["../token", "1/dispatch", "https://elsewhere.example/1"])
async def test_an_unusable_id_is_refused_without_a_call(edge: Harness, external_id: str) -> None:
    record = ready(edge, "acknowledgement").model_copy(update={"external_id": external_id})
    assert isinstance(await send(edge, "acknowledgement", record), Refused)
    assert edge.calls() == 0


async def test_a_line_without_a_stock_number_is_refused_without_a_call(edge: Harness) -> None:
    record = ready(edge, "acknowledgement")
    bare = record.model_copy(update={"lines": (record.lines[0].model_copy(update={"stock_number": ""}),)})
    assert isinstance(await send(edge, "acknowledgement", bare), Refused)
    assert edge.calls() == 0


async def test_an_order_that_is_gone_is_refused(edge: Harness) -> None:
    record = ready(edge, "acknowledgement").model_copy(update={"external_id": "999", "reference": "SBX-9"})
    answer = await send(edge, "acknowledgement", record)
    assert isinstance(answer, Refused)
    assert "HTTP 404" in answer.reason


def test_lists_are_read_from_three_orders_on() -> None:
    assert [list_is_cheaper(n) for n in (0, 1, 2, 3, 100, 170)] == [False, False, False, True, True, True]


def test_history_is_never_read_through_for_a_few_orders() -> None:
    assert another_page_pays(170, 100, 0)
    assert another_page_pays(170, 100, 2)  # still fewer pages than orders
    assert not another_page_pays(170, 10_000, 2)
    assert not another_page_pays(2, 1, 0)
    assert not another_page_pays(50, 0, 0)


def placed(edge: Harness, orders: int) -> list[Acknowledgement]:
    """Place orders and return their acknowledgements."""
    return [edge.acknowledgement(edge.place_order(1)) for _ in range(orders)]


@pytest.mark.parametrize("newest_first", [False, True])
async def test_the_end_of_a_backlog_of_10_000_costs_at_most_1_02_calls_an_order(
    monkeypatch: pytest.MonkeyPatch, *, newest_first: bool
) -> None:
    clock = ManualClock()
    edge = Harness(clock=clock, budgets=BucketBudgets(clock))
    if newest_first:  # the vendor documents no order of rows
        book = edge.sandbox.state.supplier("harbour").orders
        oldest_first = book.select
        monkeypatch.setattr(book, "select", lambda filters: list(oldest_first(filters))[::-1])
    for _ in range(8_300):
        edge.disappear(edge.place_order(1))  # the part of the backlog that is done already
    records = placed(edge, 1_700)
    sink = edge.connector.acknowledgement_sink
    await edge.connector.check()
    before, found = edge.calls(), 0
    for begin in range(0, len(records), 170):
        part = records[begin : begin + 170]
        for record in part:
            assert isinstance((await sink.send([record]))[record.key], Accepted)
        found += sum(isinstance(finding, Found) for finding in (await sink.find(part)).values())
    assert found == len(records)
    assert (edge.calls() - before) / len(records) <= 1.02  # tokens included
    assert not edge.sandbox.throttled


async def test_orders_anywhere_in_the_list_are_found(edge: Harness) -> None:
    records = placed(edge, 460)
    sink = edge.connector.acknowledgement_sink
    for record in records:
        edge.disappear(record.reference)
    wanted = records[150:156] + records[300:302]
    findings = await sink.find(wanted)
    assert all(isinstance(finding, Found) for finding in findings.values())
    assert len(findings) == 8
    assert edge.calls("GET /restapi/v4/orders/") <= 5 + len(wanted)


class FewPermits(OpenBudgets):
    """Budgets that end after so many calls."""

    def __init__(self, permits: int, clock: ManualClock) -> None:
        super().__init__()
        self.permits, self.clock = permits, clock

    def take(self, account: str, limit: Limit, lane: Lane) -> datetime | None:
        super().take(account, limit, lane)
        return None if len(self.taken) <= self.permits else self.clock.now() + timedelta(minutes=1)


async def test_a_spent_budget_tells_what_was_seen_by_then() -> None:
    clock = ManualClock()
    edge = Harness(clock=clock, budgets=FewPermits(2, clock))  # one for the token, one for an order
    records = sorted((edge.acknowledgement(edge.place_order()) for _ in range(2)), key=lambda one: one.reference)
    findings = await edge.connector.acknowledgement_sink.find(records)
    assert [type(findings[record.key]) for record in records] == [Absent, NotYet]
    with pytest.raises(NotNow):
        await edge.connector.acknowledgement_sink.find(records)


async def test_a_system_that_is_down_raises(edge: Harness) -> None:
    record = ready(edge, "acknowledgement")
    edge.sandbox.fail_for(60)
    with pytest.raises(Unavailable):
        await find(edge, "acknowledgement", record)


async def test_an_error_under_200_is_no_proof_of_a_part(edge: Harness) -> None:
    reference = edge.place_order(5)
    edge.disappear(reference)
    record = edge.dispatch(reference, 2)
    edge.fault("dispatch", Fault("error_in_200", body={"detail": "Something went wrong."}))
    assert isinstance(await send(edge, "dispatch", record), Unknown)
    assert edge.count("dispatch") == {reference: 0}
