"""Orders in: one number once, one SKU one line, and what is answered when the hub says no."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.seko.order_mapping import LIMITS, merged_lines, order_guid
from domain.answers import Absent, Contradicted, Done, Found, Refused, Unknown
from domain.records import LineStatus, SalesOrder
from sandbox.kit import Fault
from tests.connectors.seko.harness import Harness, order_line, sales_order

WEBSUBMIT = "/api/salesorders/v4/websubmit"
NUMBER = "JL-5501-A"


def stocked(**options: Any) -> Harness:
    harness = Harness(**options)
    harness.put_item("MUG-1", 10)
    harness.put_item("BOWL-1", 10)
    return harness


async def sent(harness: Harness, order: SalesOrder | None = None) -> Any:
    order = order or sales_order()
    return (await harness.connector.sales_order_sink.send([order]))[order.key]


def loses_the_answer(harness: Harness) -> None:
    harness.sandbox.faults.append(Fault("truncated", "POST", WEBSUBMIT, "after"))


async def test_an_order_is_sent_whole_and_done_when_its_guid_is_repeated() -> None:
    harness = stocked(dc="DCCL01", courier_name="DPD", courier_service="NEXT DAY")
    order = sales_order(gift_message="x" * LIMITS.gift_message_length)
    answer = await sent(harness, order)
    assert isinstance(answer, Done)
    assert answer.external_id == order_guid(order, harness.options) == harness.sandbox.warehouse.orders[NUMBER].guid
    [body] = harness.sent(WEBSUBMIT)
    head, address = body["WebSalesOrder"], body["DeliveryDetails"]
    assert (head["SalesOrderNumber"], head["SalesOrderReference"]) == (NUMBER, "900100200")
    assert (head["SubTotal"], head["TaxTotal"], head["CourierService"]) == (30, 6, "NEXT DAY")
    assert head["GiftMessage"] == "x" * 500
    assert body["SalesOrderHeader"] == {"DCCode": "DCCL01"}
    assert (address["FirstName"], address["LastName"], address["Line2"]) == (
        "Wilhelmina",
        "Personal",
        "Secret Cottage",
    )


async def test_lines_of_one_sku_become_one_line_whose_parts_are_known() -> None:
    harness = stocked()
    lines = (
        order_line("a", "MUG-1", 2, unit_price_net=Decimal("10.00")),
        order_line("b", "BOWL-1", 1),
        order_line("c", "MUG-1", 1, unit_price_net=Decimal("7.00")),
        order_line("d", "MUG-1", 5, status=LineStatus.CANCELLED),
    )
    order = sales_order(lines=lines)
    assert isinstance(await sent(harness, order), Done)
    mug, bowl = harness.sent(WEBSUBMIT)[0]["List"]["SalesOrderLineItem"]
    assert (mug["LineNumber"], mug["ProductCode"], mug["Quantity"], mug["UnitPrice"]) == (1, "MUG-1", 3, 9)
    assert (mug["ExternalDocumentNo"], bowl["Quantity"]) == ("a,c", 1)
    assert [line.parts for line in merged_lines(order)] == [{"a": 2, "c": 1}, {"b": 1}]


async def test_what_the_marketplace_does_not_price_is_sent_without_a_price() -> None:
    harness = stocked()
    lines = (order_line("a", "MUG-1", 1), order_line("b", "BOWL-1", 1, unit_price_net=None, tax=None))
    assert isinstance(await sent(harness, sales_order(lines=lines)), Done)
    [body] = harness.sent(WEBSUBMIT)
    assert "UnitPrice" not in body["List"]["SalesOrderLineItem"][1]
    assert "SubTotal" not in body["WebSalesOrder"]


async def test_one_line_without_free_stock_refuses_the_order_and_a_person_is_told_which() -> None:
    harness = stocked()
    harness.sandbox.sell_elsewhere("BOWL-1", 10)
    answer = await sent(harness)
    assert isinstance(answer, Refused)
    assert answer.hold_type == "no_free_stock"
    assert "'BOWL-1'" in answer.reason
    assert harness.count() == {}
    harness.sandbox.receive_stock("BOWL-1", 1)
    assert isinstance(await sent(harness), Done)


@pytest.mark.parametrize(
    ("changes", "hold_type", "told"),
    [
        ({"lines": (order_line("a", "UNHEARD-OF", 1),)}, "unknown_sku", "Product"),
        ({"lines": (order_line("a", None, 1),)}, "sku_form", "no SKU"),
        ({"key": "K" * 60}, "refused", "shorten order_prefix"),
        ({"reference": "9" * 60}, "refused", "SalesOrderReference must be a string with a maximum length of 50"),
        ({"lines": (order_line("a", "MUG-1", 1, status=LineStatus.CANCELLED),)}, "refused", "no line"),
    ],
)
async def test_what_cannot_be_taken_is_refused_with_its_reason(
    changes: dict[str, Any], hold_type: str, told: str
) -> None:
    answer = await sent(stocked(), sales_order(**changes))
    assert isinstance(answer, Refused)
    assert (answer.hold_type, told in answer.reason) == (hold_type, True), answer.reason


@pytest.mark.parametrize(("field", "value"), [("phone", "0" * 21), ("email", "e" * 151), ("city", ""), ("street", ())])
async def test_an_address_that_does_not_fit_never_leaves(field: str, value: Any) -> None:
    harness = stocked()
    order = sales_order()
    order = order.model_copy(update={"ship_to": order.ship_to.model_copy(update={field: value})})
    answer = await sent(harness, order)
    assert isinstance(answer, Refused)
    assert answer.hold_type == "address"
    assert not harness.requests


@pytest.mark.parametrize("status", [200, 400, 422])
async def test_success_decides_and_never_the_http_status(status: int) -> None:
    harness = stocked()
    harness.sandbox.switches.status_of_refusals = status
    answer = await sent(harness, sales_order(lines=(order_line("a", "MUG-1", 99),)))
    assert isinstance(answer, Refused)
    assert answer.hold_type == "no_free_stock"
    taken = {
        "CallStatus": {"Success": True, "Code": 100, "Message": ""},
        "GUID": order_guid(sales_order(), harness.options),
    }
    harness.sandbox.faults.append(Fault("status", "POST", WEBSUBMIT, "after", status=status, body=taken))
    assert isinstance(await sent(harness), Done)


async def test_a_lost_answer_is_found_by_guid_once_it_shows() -> None:
    harness = stocked(true_budget=True)
    loses_the_answer(harness)
    sink, order = harness.connector.sales_order_sink, sales_order()
    assert isinstance(await sent(harness), Unknown)
    assert await sink.find([order]) == {order.key: Absent(only_ours=True)}, "it shows after five minutes"
    assert sink.visible_after > timedelta(minutes=5)
    harness.clock.move(sink.visible_after.total_seconds())
    found = (await harness.again().sales_order_sink.find([order]))[order.key]
    assert isinstance(found, Found)
    assert isinstance(await sent(harness), Done), "the number is taken, and by us"
    assert harness.count() == {order.key: 1}


async def test_a_number_that_is_taken_and_does_not_show_stays_unknown() -> None:
    harness = stocked(true_budget=True)
    await sent(harness)
    assert isinstance(await sent(harness), Unknown)


@pytest.mark.parametrize(("state", "hold_type"), [("Cancelled", "contradiction"), ("Beamed Up", "unknown_value")])
async def test_an_order_in_a_state_that_ships_nothing_is_not_found(state: str, hold_type: str) -> None:
    harness = stocked()
    await sent(harness)
    harness.sandbox.warehouse.orders[NUMBER].state = state
    finding = (await harness.connector.sales_order_sink.find([sales_order()]))["5501-A"]
    assert isinstance(finding, Contradicted)
    assert finding.hold_type == hold_type
    answer = await sent(harness)
    assert isinstance(answer, Refused)
    assert answer.hold_type == hold_type


async def test_without_legacy_reads_a_number_taken_is_ours_only_after_an_earlier_attempt() -> None:
    harness = stocked(legacy_reads=False)
    loses_the_answer(harness)
    assert isinstance(await sent(harness), Unknown)
    blind = harness.again().sales_order_sink
    refused = (await blind.send([sales_order()]))["5501-A"]
    assert isinstance(refused, Refused), "nobody asked for it before: it may be somebody else's"
    assert refused.hold_type == "contradiction"
    assert NUMBER in refused.reason
    assert await blind.find([sales_order()]) == {"5501-A": Absent(only_ours=True)}
    assert isinstance((await blind.send([sales_order()]))["5501-A"], Done)
    assert harness.count() == {"5501-A": 1}
    assert not [one for one in harness.requests if one.url.path.startswith("/hub/")]


async def test_an_answer_with_another_guid_is_not_done() -> None:
    harness = stocked()
    other = {"CallStatus": {"Success": True, "Code": 0, "Message": ""}, "GUID": "0c0fdc2e-0000-4000-8000-000000000000"}
    harness.sandbox.faults.append(Fault("error_in_200", "POST", WEBSUBMIT, "after", body=other))
    assert isinstance(await sent(harness), Unknown)
