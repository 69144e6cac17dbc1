import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from domain.answers import (
    Absent,
    Answer,
    Contradicted,
    Done,
    Fatal,
    Found,
    NotNow,
    NotYet,
    Partial,
    Refused,
    Unavailable,
    Unknown,
)
from domain.budgets import Lane
from domain.records import LineStatus, SalesOrder
from sandbox.kit import Fault
from tests.connectors.cin7_core.harness import SECRETS, Harness
from tests.connectors.making import PERSONAL, order_line, sales_order

LOST = [
    Fault(kind="status", status=500, body=[{"ErrorCode": 500, "Exception": "Unexpected"}]),
    Fault(kind="html", status=200),
    Fault(kind="truncated"),
    Fault(kind="error_in_200", body=[{"ErrorCode": 500, "Exception": "Unexpected"}]),
]


@pytest.fixture
def harness() -> Harness:
    harness = Harness()
    harness.put_item("MUG-1", 10)
    harness.put_item("BOWL-1", 10)
    return harness


@pytest.fixture(autouse=True)
def _nothing_leaks(harness: Harness, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert not any(secret in caplog.text for secret in (*PERSONAL, *SECRETS))


async def send(harness: Harness, order: SalesOrder) -> Answer:
    answer = (await harness.connector.sales_order_sink.send([order]))[order.key]
    assert not any(word in repr(answer) for word in (*PERSONAL, *SECRETS))
    return answer


async def test_an_order_takes_two_calls_and_stands_authorised_with_everything_on_it(harness: Harness) -> None:
    order = sales_order(gift_message="For you", dispatch_by_at=datetime(2026, 6, 3, 23, 30, tzinfo=UTC))
    await send(harness, sales_order("0000-A", "900000000", lines=(order_line("1", "MUG-1", 1),)))
    before = len(harness.requests)

    answer = await send(harness, order)

    assert [(r.method, r.url.path) for r in harness.requests[before:]] == [
        ("POST", "/ExternalApi/v2/sale"),
        ("POST", "/ExternalApi/v2/sale/order"),
    ]
    assert isinstance(answer, Done)
    sale = harness.sandbox.company.sales[answer.external_id]
    assert (sale.status, sale.header["CustomerReference"], sale.header["ExternalID"]) == (
        "ORDERED",
        "900100200",
        "JL-5501-A",
    )
    assert sale.header["ShipBy"] == "2026-06-04T00:00:00"  # 00:30 in London
    assert sale.header["ShippingNotes"] == "For you"
    assert sale.header["ShippingAddress"]["ShipToOther"] is True
    assert sale.header["ShippingAddress"]["Country"] == "United Kingdom"
    assert [(line.product.sku, line.quantity, line.comment, line.price, line.tax) for line in sale.lines] == [
        ("MUG-1", 2, "5501-A-1", Decimal(10), Decimal(4)),
        ("BOWL-1", 1, "5501-A-2", Decimal(10), Decimal(2)),
    ]
    assert sale.customer.fields["Addresses"] == []
    body = harness.sent("sales_order_lines")[-1]
    assert (body["TotalBeforeTax"], body["Tax"], body["Total"]) == (30, 6, 36)


async def test_a_hundred_orders_cost_two_calls_each_and_three_in_all_besides(harness: Harness) -> None:
    harness.sandbox.receive_stock("MUG-1", 100)
    for number in range(100):
        order = sales_order(f"{number:04}", f"9001{number:05}", lines=(order_line("1", "MUG-1", 1),))
        assert isinstance(await send(harness, order), Done)
    assert len(harness.requests) == 203  # and two for what an earlier process may have left


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: f"{fault.kind}-{fault.status}")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("route", ["sales_order", "sales_order_lines"])
async def test_a_lost_answer_is_unknown_and_ends_in_one_order(
    harness: Harness, fault: Fault, when: str, route: str
) -> None:
    order = sales_order()
    harness.fault(route, Fault(fault.kind, when=when, status=fault.status, body=fault.body))  # type: ignore[arg-type]

    assert isinstance(await send(harness, order), Unknown)
    harness.connector = harness.again()  # the next process remembers nothing
    finding = (await harness.connector.sales_order_sink.find([order]))[order.key]

    expected = {
        ("sales_order", "before"): Absent,
        ("sales_order", "after"): Partial,
        ("sales_order_lines", "before"): Partial,
        ("sales_order_lines", "after"): Found,
    }[route, when]
    assert isinstance(finding, expected), finding
    if not isinstance(finding, Found):
        assert isinstance(await send(harness, order), Done)
    assert harness.count() == {order.key: 1}
    assert isinstance((await harness.connector.sales_order_sink.find([order]))[order.key], Found)


@pytest.mark.parametrize("route", ["sales_order", "sales_order_lines"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_sending_again_without_a_find_looks_first(harness: Harness, route: str, when: str) -> None:
    order = sales_order()
    harness.fault(route, Fault("status", when=when, status=500))  # type: ignore[arg-type]
    assert isinstance(await send(harness, order), Unknown)
    first = list(harness.sandbox.company.sales)

    answer = await send(harness, order)

    assert isinstance(answer, Done)
    assert harness.count() == {order.key: 1}
    assert not first or answer.external_id == first[0]
    assert harness.sandbox.free("MUG-1") == 8


async def test_an_unknown_sku_is_held_before_anything_is_made(harness: Harness) -> None:
    answer = await send(harness, sales_order(lines=(order_line("1", "mug-1", 1),)))
    assert isinstance(answer, Refused)
    assert answer.hold_type == "unknown_sku"
    assert harness.count() == {}
    asked = harness.calls("item")
    await send(harness, sales_order("other", lines=(order_line("1", "mug-1", 1),)))
    assert harness.calls("item") == asked  # not asked again for every order of the same SKU

    harness.put_item("mug-1", 5)
    harness.clock.move(61)
    assert isinstance(await send(harness, sales_order(lines=(order_line("1", "mug-1", 1),))), Done)


async def test_the_product_list_is_read_only_as_far_as_needed(harness: Harness) -> None:
    for number in range(1200):
        harness.sandbox.add_product(sku=f"S-{number}", ean="", quantity=1)
    assert isinstance(await send(harness, sales_order(lines=(order_line("1", "S-5", 1),))), Done)
    assert harness.calls("item") == 1
    assert isinstance(await send(harness, sales_order("b", "900100201", lines=(order_line("1", "S-1150", 1),))), Done)
    assert harness.calls("item") == 2


async def test_a_product_whose_id_the_order_names_is_not_asked_for(harness: Harness) -> None:
    product_id = harness.sandbox.company.stock.products["MUG-1"].id
    line = order_line("1", "MUG-1", 1).model_copy(update={"item_id": product_id})
    assert isinstance(await send(harness, sales_order(lines=(line,))), Done)
    assert harness.calls("item") == 0


async def test_an_id_of_another_product_is_refused_and_nothing_is_sold(harness: Harness) -> None:
    harness.put_item("BOWL-9", 5)
    product_id = harness.sandbox.company.stock.products["BOWL-9"].id
    line = order_line("1", "MUG-1", 1).model_copy(update={"item_id": product_id})
    assert isinstance(await send(harness, sales_order(lines=(line,))), Refused)
    assert harness.count() == {}


async def test_a_back_order_is_held_and_is_never_called_confirmed_until_stock_arrives(harness: Harness) -> None:
    order = sales_order(lines=(order_line("1", "MUG-1", 12),))

    answer = await send(harness, order)

    assert isinstance(answer, Refused)
    assert answer.hold_type == "backordered"
    assert "SO-00001 exists" in answer.reason
    assert "2 x MUG-1" in answer.reason
    sink = harness.again().sales_order_sink
    finding = (await sink.find([order]))[order.key]
    assert isinstance(finding, Contradicted)
    assert finding.hold_type == "backordered"
    assert "back-order: 2 x MUG-1" in finding.reason
    harness.sandbox.receive_stock("MUG-1", 5)
    assert isinstance((await sink.find([order]))[order.key], Found)
    assert harness.count() == {order.key: 1}


@pytest.mark.parametrize("status", [500, 429])
async def test_the_next_process_finishes_a_header_even_when_nobody_tells_it(harness: Harness, status: int) -> None:
    order = sales_order()
    harness.fault("sales_order_lines", Fault("status", status=status))
    assert isinstance(await send(harness, order), Unknown)
    [sale_id] = harness.sandbox.company.sales
    harness.connector = harness.again()

    answer = await send(harness, order)

    assert isinstance(answer, Done)
    assert answer.external_id == sale_id
    assert harness.count() == {order.key: 1}


async def test_an_order_that_was_never_sent_is_not_looked_for(harness: Harness) -> None:
    await send(harness, sales_order("5502-A", "900100201", never_sent=True))
    assert not harness.calls("find_sales_order")
    await send(harness, sales_order())
    assert harness.calls("find_sales_order") == 2, "what an earlier process may have left"


async def test_a_released_back_order_is_not_made_twice_by_the_next_process(harness: Harness) -> None:
    order = sales_order(lines=(order_line("1", "MUG-1", 12),))
    assert isinstance(await send(harness, order), Refused)
    harness.connector = harness.again()

    again = await send(harness, order)
    harness.sandbox.receive_stock("MUG-1", 5)
    harness.connector = harness.again()
    supplied = await harness.connector.sales_order_sink.find([order])

    assert isinstance(again, Refused)
    assert again.hold_type == "backordered"
    assert isinstance(supplied[order.key], Found)
    assert harness.count() == {order.key: 1}


async def test_two_sales_of_one_external_id_contradict(harness: Harness) -> None:
    order = sales_order()
    assert isinstance(await send(harness, order), Done)
    harness.connector = harness.again()
    assert isinstance(await send(harness, order), Done)  # the vendor takes it without a word

    finding = (await harness.connector.sales_order_sink.find([order]))[order.key]

    assert isinstance(finding, Contradicted)
    assert "2 sales" in finding.reason


async def test_an_order_keyed_by_hand_is_found_by_its_reference(harness: Harness) -> None:
    order, other = sales_order(), sales_order("5502-A", "900100201")
    sale_id = harness.sandbox.key_order_by_hand("900100200", {"MUG-1": 2, "BOWL-1": 1})
    harness.sandbox.key_order_by_hand("9001002001", {"MUG-1": 2, "BOWL-1": 1})  # holds our reference as a part
    sink = harness.connector.sales_order_sink

    alone = await sink.find([order])
    together = await sink.find([order, other])

    assert alone[order.key] == together[order.key]
    assert isinstance(alone[order.key], Found)
    assert alone[order.key].external_id == sale_id  # type: ignore[union-attr]  # Found, as asserted
    assert isinstance(together[other.key], Absent)


async def test_a_sale_keyed_by_hand_with_other_goods_contradicts(harness: Harness) -> None:
    order = sales_order()
    harness.sandbox.key_order_by_hand(order.reference, {"MUG-1": 1})
    finding = (await harness.connector.sales_order_sink.find([order]))[order.key]
    assert isinstance(finding, Contradicted)
    assert "1 x MUG-1" in finding.reason


async def test_a_voided_sale_does_not_count(harness: Harness) -> None:
    order = sales_order()
    answer = await send(harness, order)
    assert isinstance(answer, Done)
    harness.sandbox.company.void(harness.sandbox.company.sale(answer.external_id))
    assert isinstance((await harness.connector.sales_order_sink.find([order]))[order.key], Absent)


async def test_many_keys_are_found_with_one_list_call(harness: Harness) -> None:
    harness.sandbox.receive_stock("MUG-1", 100)
    orders = [
        sales_order(f"{number}", f"9001{number:05}", lines=(order_line("1", "MUG-1", 1),)) for number in range(20)
    ]
    for order in orders:
        await send(harness, order)

    before = harness.calls("find_sales_order")
    findings = await harness.again().sales_order_sink.find([*orders, sales_order("new", "900999999")])

    assert harness.calls("find_sales_order") == before + 1
    assert harness.calls("sale") == 20
    assert [type(findings[order.key]) for order in orders] == [Found] * 20
    assert isinstance(findings["new"], Absent)


async def test_a_list_that_lags_shows_nothing_but_this_process_still_knows_its_header(harness: Harness) -> None:
    order = sales_order()
    harness.sandbox.switches.visible_after_seconds = 60
    harness.fault("sales_order_lines", Fault("status", status=500))
    assert isinstance(await send(harness, order), Unknown)
    finding = (await harness.connector.sales_order_sink.find([order]))[order.key]
    assert isinstance(finding, Partial)
    assert isinstance(await send(harness, order), Done)
    assert harness.count() == {order.key: 1}


async def test_refused_lines_leave_no_header_behind(harness: Harness) -> None:
    order = sales_order()
    assert isinstance(await send(harness, sales_order("0", "1", lines=(order_line("1", "BOWL-1", 1),))), Done)
    product = harness.sandbox.company.stock.products["MUG-1"]
    harness.sandbox.company.stock._by_id.pop(product.id)  # somebody deletes the product meanwhile

    answer = await send(harness, order)

    assert isinstance(answer, Refused)
    assert answer.hold_type == "unknown_sku"
    assert "was not found in Products reference book" in answer.reason
    assert order.key not in harness.count()
    assert harness.calls("void") == 1


@pytest.mark.parametrize("shape", ["list", "object", "message"])
@pytest.mark.parametrize("in_200", [False, True])
async def test_a_refusal_is_one_in_every_shape(harness: Harness, shape: str, *, in_200: bool) -> None:
    harness.sandbox.company.books.customers.clear()
    harness.sandbox.switches.error_shape = shape  # type: ignore[assignment]
    harness.sandbox.switches.errors_in_200 = in_200

    answer = await send(harness, sales_order())

    assert isinstance(answer, Refused)
    assert answer.hold_type == "refused"
    assert "Active customer with name John Lewis Marketplace was not found" in answer.reason


async def test_a_message_of_unknown_form_is_kept_and_not_shown(harness: Harness) -> None:
    body = [{"ErrorCode": 400, "Exception": "Contact Wilhelmina Personal, HU5 4HH, is odd"}]
    harness.fault("sales_order", Fault("status", status=400, body=body))
    answer = await send(harness, sales_order())
    assert isinstance(answer, Refused)
    assert answer.reason.endswith("kept as evidence-1.")
    assert json.loads(harness.archive.kept[0][2]) == body


async def test_errors_inside_a_sale_are_not_taken_for_a_refusal(harness: Harness) -> None:
    body = {"ID": "b0b0b0b0-0000-4000-8000-000000000001", "Errors": ["something"]}
    harness.fault("sales_order", Fault("error_in_200", body=body))
    assert isinstance(await send(harness, sales_order()), Unknown)


@pytest.mark.parametrize("status", [429, 503])
async def test_over_the_limit_nothing_was_done(harness: Harness, status: int) -> None:
    order = sales_order()
    await send(harness, sales_order("0", "1", lines=(order_line("1", "MUG-1", 1),)))
    listed = harness.calls("find_sales_order")
    harness.fault("sales_order", Fault("status", status=status, headers={"Retry-After": "40"}))
    with pytest.raises(NotNow) as wait:
        await send(harness, order)
    assert (wait.value.at - harness.clock.now()).total_seconds() == 40
    assert harness.budgets.closed == [("harbour/cin7_core", wait.value.at)]
    assert isinstance(await send(harness, order), Done)
    assert harness.calls("find_sales_order") == listed


async def test_over_the_limit_between_the_two_calls_is_not_later(harness: Harness) -> None:
    harness.fault("sales_order_lines", Fault("status", status=429))
    answer = await send(harness, sales_order())
    assert isinstance(answer, Unknown)  # Later would mean that nothing was done
    assert Lane.URGENT in harness.budgets.taken


async def test_a_refused_key_stops_everything_and_says_what_to_do(harness: Harness) -> None:
    stranger = Harness(application_key="not-the-key")
    with pytest.raises(Fatal, match="application key") as caught:
        await stranger.connector.sales_order_sink.send([sales_order()])
    assert "not-the-key" not in str(caught.value)
    harness.fault("item", Fault("error_in_200", body="Incorrect credentials!"))
    with pytest.raises(Fatal, match="application key"):
        await harness.connector.sales_order_sink.send([sales_order()])


@pytest.mark.parametrize(
    ("changes", "hold_type"),
    [
        ({"ship_to": {"country": "FR"}}, "address"),
        ({"ship_to": {"street": ("a", "b", "c")}}, "address"),
        ({"line": {"tax_rate": Decimal(5)}}, "unknown_value"),
        ({"line": {"unit_price_net": None, "total_gross": None}}, "unknown_value"),
        ({"line": {"status": LineStatus.CANCELLED}}, "refused"),
    ],
)
async def test_what_cannot_be_said_to_the_vendor_is_held_and_nothing_is_made(
    harness: Harness, changes: dict[str, dict[str, object]], hold_type: str
) -> None:
    order = sales_order(lines=(order_line("1", "MUG-1", 1, **changes.get("line", {})),))
    order = order.model_copy(update={"ship_to": order.ship_to.model_copy(update=changes.get("ship_to", {}))})
    answer = await send(harness, order)
    assert isinstance(answer, Refused)
    assert answer.hold_type == hold_type
    assert harness.count() == {}


async def test_a_cancelled_line_is_not_sent(harness: Harness) -> None:
    gone = order_line("2", "BOWL-1", 1, status=LineStatus.CANCEL_REQUESTED)
    order = sales_order(lines=(order_line("1", "MUG-1", 1), gone))
    assert isinstance(await send(harness, order), Done)
    assert [line["SKU"] for line in harness.sent("sales_order_lines")[0]["Lines"]] == ["MUG-1"]


@pytest.mark.parametrize("kind", ["html", "truncated"])
async def test_a_list_that_cannot_be_read_is_the_systems_trouble(harness: Harness, kind: str) -> None:
    harness.fault("find_sales_order", Fault(kind, status=200))  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        await harness.connector.sales_order_sink.find([sales_order()])


async def test_a_budget_spent_in_the_middle_of_a_find_keeps_what_was_found(harness: Harness) -> None:
    orders = [sales_order("a", "900100201"), sales_order("b", "900100202")]
    for order in orders:
        await send(harness, order)
    good = harness.sandbox.app
    seen = []

    async def second_sale_is_throttled(scope: Any, receive: Any, deliver: Any) -> None:
        if scope["path"].endswith("/sale"):
            seen.append(1)
            if len(seen) == 2:
                harness.fault("sale", Fault("status", status=503))
        await good(scope, receive, deliver)

    harness.sandbox.app = second_sale_is_throttled  # type: ignore[assignment, method-assign]  # a fault at the second read only
    harness.rewire()
    findings = await harness.again().sales_order_sink.find(orders)
    assert isinstance(findings["a"], Found)
    assert isinstance(findings["b"], NotYet)
    harness.fault("find_sales_order", Fault("status", status=503))
    with pytest.raises(NotNow):
        await harness.connector.sales_order_sink.find(orders)
