"""Orders in: two calls each, and what is refused or held."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from domain.answers import Contradicted, Done, Fatal, Found, NotNow, Refused, Unknown
from domain.budgets import Lane
from domain.records import LineStatus
from sandbox.kit import Fault
from tests.connectors.cin7_core.harness import Harness
from tests.connectors.cin7_core.selling import send
from tests.connectors.making import order_line, sales_order


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
