"""Dispatches: shipments in bulk with errors row by row, and whole orders with their tracking."""

from typing import Any

import pytest

from domain.answers import Absent, Accepted, Answer, Contradicted, Done, Found, Later, Partial, Refused, Unknown
from domain.records import DispatchAdvice
from sandbox.kit import Fault
from tests.connectors.mirakl.cases import SHIPMENTS
from tests.connectors.mirakl.harness import Harness

ONE_EACH: dict[str, Any] = {"options": {"ship_by": "orders"}, "several_shipments": False}


async def sent(shop: Harness, *records: DispatchAdvice) -> list[Answer]:
    answers = await shop.connector.dispatch_sink.send(records)
    return [answers[one.key] for one in records]


async def found(shop: Harness, record: DispatchAdvice) -> Any:
    return (await shop.connector.dispatch_sink.find([record]))[record.key]


def units(shop: Harness, order_id: str) -> int:
    return sum(one.quantity for line in shop.order(order_id).lines for one in line.sent)


async def test_a_bulk_call_is_answered_row_by_row() -> None:
    shop = Harness()
    good, unpaid = shop.dispatch(shop.payable()), shop.dispatch(shop.place())
    strange = shop.dispatch(shop.payable(), carrier="carrier-pigeon")
    too_much = shop.dispatch(shop.payable())
    more = tuple(line.model_copy(update={"quantity": 99}) for line in too_much.lines)
    too_much = too_much.model_copy(update={"lines": more})
    answers = await sent(shop, good, unpaid, strange, too_much)
    assert [type(one) for one in answers] == [Done, Refused, Refused, Refused]
    assert [one.hold_type for one in answers if isinstance(one, Refused)] == ["refused", "invalid_carrier", "refused"]
    assert [units(shop, one.external_id) for one in (good, unpaid, strange, too_much)] == [5, 0, 0, 0]
    assert shop.sandbox.calls["POST /api/shipments"] == 1


async def test_a_carrier_that_is_not_registered_never_goes_by_name() -> None:
    shop = Harness()
    assert "carrier-pigeon" not in {one.code for one in await shop.connector.carriers()}
    [answer] = await sent(shop, record := shop.dispatch(shop.payable(), carrier="carrier-pigeon"))
    assert isinstance(answer, Refused)
    assert shop.order(record.external_id).state == "SHIPPING"


async def test_parts_are_shipments_of_their_own() -> None:
    shop = Harness()
    order_id = shop.payable({"A": 3, "B": 1})
    first, second = shop.dispatch(order_id, {"A": 2}), shop.dispatch(order_id, {"A": 1, "B": 1})
    answers = await sent(shop, first, second)
    assert [type(one) for one in answers] == [Done, Later], "errors name the order only: one shipment of it in a call"
    assert isinstance(await found(shop, second), Absent)
    assert [type(one) for one in await sent(shop, second)] == [Done]
    assert shop.order(order_id).state == "SHIPPED"
    assert isinstance(await found(shop, first), Found)


async def test_what_was_sent_before_is_done_and_not_sent_twice() -> None:
    shop = Harness()
    record = shop.dispatch(shop.payable())
    shop.sandbox.faults.append(Fault("truncated", "POST", SHIPMENTS, "after"))
    assert [type(one) for one in await sent(shop, record)] == [Unknown]
    assert [type(one) for one in await sent(shop, record)] == [Done]
    assert units(shop, record.external_id) == 5


async def test_a_shipment_that_was_only_made_is_confirmed() -> None:
    shop = Harness()
    record = shop.dispatch(shop.payable())
    lines = [{"order_line_id": line.line, "quantity": line.quantity} for line in record.lines]
    tracking = {"carrier_code": "dpd", "tracking_number": record.tracking_number}
    made = {"order_id": record.external_id, "tracking": tracking, "shipment_lines": lines, "shipped": False}
    state = shop.shop
    state.shipments.make(made, state.orders, shop.sandbox.state.rules, shop.clock.now())
    assert isinstance(await found(shop, record), Partial)
    assert [type(one) for one in await sent(shop, record)] == [Done]
    assert units(shop, record.external_id) == 5
    assert shop.sandbox.calls["PUT /api/shipments/ship"] == 1


async def test_a_confirmation_that_fails_row_by_row_is_no_success() -> None:
    shop = Harness()
    records = [shop.dispatch(shop.payable()) for _ in range(2)]
    for record in records:
        lines = [{"order_line_id": line.line, "quantity": line.quantity} for line in record.lines]
        tracking = {"carrier_code": "dpd", "tracking_number": record.tracking_number}
        made = {"order_id": record.external_id, "tracking": tracking, "shipment_lines": lines}
        state = shop.shop
        state.shipments.make(made, state.orders, shop.sandbox.state.rules, shop.clock.now())
    body = {"shipment_success": [{"id": "s-700001"}], "shipment_errors": [{"id": "s-700002", "message": "No."}]}
    shop.sandbox.faults.append(Fault("error_in_200", "PUT", f"{SHIPMENTS}/ship", body=body))
    assert [type(one) for one in await sent(shop, *records)] == [Done, Refused]


async def test_another_shipment_with_the_same_number_is_a_contradiction() -> None:
    shop = Harness()
    order_id = shop.payable({"A": 3})
    [first] = await sent(shop, shop.dispatch(order_id, {"A": 1}, tracking="1550"))
    assert isinstance(first, Done)
    assert isinstance(await found(shop, shop.dispatch(order_id, {"A": 2}, tracking="1550")), Contradicted)


async def test_a_cancelled_order_is_not_shipped_in_silence() -> None:
    shop = Harness()
    record = shop.dispatch(shop.payable())
    shop.sandbox.request_cancellation("harbour", record.external_id)
    [answer] = await sent(shop, record)
    assert isinstance(answer, Refused)
    assert "'CANCELED'" in answer.reason


async def test_a_whole_order_is_tracked_and_shipped() -> None:
    shop = Harness(**ONE_EACH)
    record = shop.dispatch(shop.payable())
    assert [type(one) for one in await sent(shop, record)] == [Accepted]
    assert isinstance(await found(shop, record), Found)
    assert [type(one) for one in await sent(shop, record)] == [Done]
    assert units(shop, record.external_id) == 5
    assert shop.order(record.external_id).tracking == ("dpd", record.tracking_number)


async def test_a_part_cannot_be_told_where_an_order_is_one_shipment() -> None:
    shop = Harness(**ONE_EACH)
    order_id = shop.payable({"A": 3, "B": 1})
    for part in ({"A": 3}, {"A": 2, "B": 1}):
        [answer] = await sent(shop, shop.dispatch(order_id, part))
        assert isinstance(answer, Refused)
        assert "part" in answer.reason
    assert shop.order(order_id).state == "SHIPPING"
    assert shop.order(order_id).tracking is None


@pytest.mark.parametrize("step", ["tracking", "ship"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_lost_answer_on_the_way_is_finished_once(step: str, when: Any) -> None:
    shop = Harness(**ONE_EACH)
    record = shop.dispatch(shop.payable())
    shop.sandbox.faults.append(Fault("truncated", "PUT", f"/api/orders/[^/]+/{step}", when))
    assert [type(one) for one in await sent(shop, record)] == [Unknown]
    [again] = await sent(shop, record)
    assert isinstance(again, Done | Accepted)
    assert isinstance(await found(shop, record), Found)
    assert units(shop, record.external_id) == 5


async def test_a_carrier_that_a_whole_order_may_not_name_is_refused() -> None:
    shop = Harness(**ONE_EACH)
    [answer] = await sent(shop, shop.dispatch(shop.payable(), carrier="carrier-pigeon"))
    assert isinstance(answer, Refused)
    assert answer.hold_type == "invalid_carrier"
