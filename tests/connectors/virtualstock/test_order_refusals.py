"""What the vendor refuses, and what contradicts us."""

from typing import Any

import pytest

from domain.answers import Absent, Accepted, Contradicted, Done, Refused
from sandbox.kit import Fault
from tests.connectors.virtualstock.actions import find, ready, send
from tests.connectors.virtualstock.harness import Harness

ILLEGAL = "Validation error: Not allowed to change state of item 1 from DISPATCH to CANCEL"


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


async def test_a_part_refused_because_the_line_is_gone_is_not_taken_for_done(edge: Harness) -> None:
    reference = edge.place_order(5)
    edge.acknowledge_elsewhere(reference)
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
