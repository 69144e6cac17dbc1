"""Orders in: what is sent, where the Customer Order Number stands, and what an answer is worth."""

from decimal import Decimal
from typing import Any

import pytest

from domain.answers import Accepted, Done, Fatal, Found, NotYet, Refused, Unknown
from domain.records import Address, LineStatus
from sandbox.kit import Fault
from tests.connectors.fulfil.harness import CHANNEL, CREATE, Harness, find, send, stocked
from tests.connectors.making import order_line, sales_order


@pytest.fixture
def harness() -> Harness:
    return stocked()


async def test_orders_go_out_once_each_and_are_read_back_together(harness: Harness) -> None:
    orders = [sales_order(key=f"55{number:02d}-A", reference=f"9001002{number:02d}") for number in range(30)]
    answers = await harness.connector.sales_order_sink.send(orders)
    assert list(answers.values()) == [Accepted("created; to be read back")] * 30
    assert len(harness.requests) == 31, "the products once, and a create each"
    found = await harness.connector.sales_order_sink.find(orders)
    assert len(harness.requests) == 33, "sales and lines"
    for order in orders:
        [sale] = [each for each in harness.tenant.sales.values() if each.channel_identifier == order.key]
        told = f"sale SO{sale.id}, processing, repeats reference, SKUs and quantities"
        assert found[order.key] == Found(told, str(sale.id))
        assert [(line.product.code, line.quantity) for line in sale.lines] == [("MUG-1", 2), ("BOWL-1", 1)]


async def test_a_sku_whose_id_is_known_is_not_asked_for(harness: Harness) -> None:
    lines = (order_line("L1", "MUG-1", 2, item_id="1"), order_line("L2", "BOWL-1", 1, item_id="2"))
    await send(harness, sales_order(lines=lines))
    assert harness.calls("product.product", "search_read") == 0
    assert isinstance(await find(harness, sales_order(lines=lines)), Found)


async def test_a_product_that_went_since_its_id_was_read_is_seen_by_the_read_back(harness: Harness) -> None:
    harness.tenant.products["BOWL-1"].active = False
    order = sales_order(lines=(order_line("L1", "MUG-1", 2, item_id="1"), order_line("L2", "BOWL-1", 1, item_id="2")))
    assert isinstance(await send(harness, order), Accepted)
    assert "holds 2 x MUG-1; the order wants 1 x BOWL-1, 2 x MUG-1" in (await find(harness, order)).reason


async def test_the_wire_form_is_the_documented_one(harness: Harness) -> None:
    await send(harness, sales_order(delivery_service="Standard", gift_message="Happy birthday"))
    [[channel, body]] = harness.sent("sale.channel", "create_order")
    assert channel == CHANNEL
    address = body["shipping_address"]
    assert body["billing_address"] == address
    assert (address["address1"], address["address2"], address["zip"]) == ("7 Private Road", "Secret Cottage", "HU5 4HH")
    assert body["customer"]["contacts"] == [["email", "wilhelmina@personal.example"], ["phone", "07700900999"]]
    line = body["sale_lines"][0]
    assert line["unit_price"] == {"__class__": "Decimal", "decimal": "10.0000"}
    assert line["amount"] == {"__class__": "Decimal", "decimal": "20.00"}
    tax = {"name": "UK Standard VAT", "rate": 0.2, "amount": {"__class__": "Decimal", "decimal": "4.00"}}
    assert line["tax_lines"] == [tax]
    assert body["amount"] == {"__class__": "Decimal", "decimal": "36.00"}
    assert (body["channel_identifier"], body["currency_code"]) == ("5501-A", "GBP")
    assert body["confirmed_at"] == "2026-03-02T08:00:00+00:00"
    assert (body["status"], body["financial_status"], body["fulfillment_status"]) == ("pending", "paid", "unshipped")
    assert body["gift_message"] == "Happy birthday"
    assert body["shipping_instructions"] == "John Lewis order 900100200 - Standard"


async def test_the_customer_order_number_stands_on_the_sale_and_on_all_that_comes_of_it() -> None:
    harness = stocked(payment_gateway="john_lewis", payment_term="Marketplace")
    order = await harness.shipped(sales_order())
    sale = harness.tenant.sales[int(order.external_id)]
    assert sale.reference == order.reference
    assert {line.metadata["customer_order_number"] for line in sale.lines} == {order.reference}
    assert all(order.reference in shipment.instructions for shipment in sale.shipments)
    assert [payment["provider_reference"] for payment in sale.order["payments"]] == [order.reference]
    assert sale.order["payment_term"] == "Marketplace"


async def test_fulfils_own_rules_are_left_alone(harness: Harness) -> None:
    await send(harness, sales_order())
    [[_, body]] = harness.sent("sale.channel", "create_order")
    chosen_by_fulfil = {"warehouse", "fulfil_strategy", "shipping_date", "delivery_address"}
    assert not [line for line in body["sale_lines"] if chosen_by_fulfil & line.keys()]
    assert "priority" not in body
    assert body["shipping_lines"] == []


async def test_an_order_without_its_number_is_refused_here(harness: Harness) -> None:
    answer = await send(harness, sales_order(reference=""))
    assert answer == Refused("The order has no Customer Order Number.", "refused")
    assert not harness.requests


async def test_an_order_that_lost_its_number_there_is_a_contradiction(harness: Harness) -> None:
    await send(harness, sales_order())
    [sale] = harness.tenant.sales.values()
    wrong = sales_order(reference="900100999")
    await send(harness, wrong)
    assert "another reference" in (await find(harness, wrong)).reason
    assert sale.reference == "900100200"


async def test_a_create_whose_answer_was_lost_is_repeated_without_a_second_order(harness: Harness) -> None:
    harness.sandbox.faults.append(Fault("status", "PUT", CREATE, "after", status=500, body="Internal Server Error"))
    assert isinstance(await send(harness, sales_order()), Unknown)
    harness.connector = harness.again()
    assert isinstance(await send(harness, sales_order()), Accepted)
    assert isinstance(await find(harness, sales_order()), Found)
    assert harness.count("5501-A") == 1


async def test_a_long_job_is_accepted_and_found_later(harness: Harness) -> None:
    harness.sandbox.switches.async_results = True
    assert isinstance(await send(harness, sales_order()), Accepted)
    assert isinstance(await find(harness, sales_order()), Found)


async def test_a_draft_is_not_yet_taken_and_is_found_once_it_is_planned(harness: Harness) -> None:
    """Only a planned order is deducted from what is available."""
    harness.sandbox.switches.processing_seconds = 90
    assert isinstance(await send(harness, sales_order()), Accepted)
    assert isinstance(await find(harness, sales_order()), NotYet)
    harness.clock.move(90)
    assert isinstance(await find(harness, sales_order()), Found)


async def test_an_unknown_sku_makes_no_broken_order(harness: Harness) -> None:
    order = sales_order(lines=(order_line("L1", "MUG-1", 1), order_line("L2", "mug-1", 1), order_line("L3", None, 1)))
    answer = await send(harness, order)
    assert answer == Refused("Fulfil has no active product with exactly the SKU of line L2, L3.", "unknown_sku")
    harness.tenant.products["MUG-1"].active = False
    fresh = harness.again()
    assert isinstance((await fresh.sales_order_sink.send([sales_order()]))["5501-A"], Refused)
    assert harness.calls("sale.channel", "create_order") == 0


async def test_a_product_that_is_made_later_is_known_then(harness: Harness) -> None:
    order = sales_order(lines=(order_line("L1", "NEW", 1),))
    assert isinstance(await send(harness, order), Refused)
    harness.put_item("NEW")
    assert isinstance(await send(harness, order), Accepted)


async def test_a_refusal_names_its_evidence_and_not_its_words(harness: Harness) -> None:
    answer = await send(harness, sales_order(currency="USD"))
    assert isinstance(answer, Refused)
    assert answer.reason.endswith("its message is kept as evidence-1.")
    assert "USD" not in answer.reason


async def test_a_refusal_of_what_stands_there_is_no_refusal(harness: Harness) -> None:
    await send(harness, sales_order())
    harness.sandbox.faults.append(Fault("status", "PUT", CREATE, status=422, body={"type": "UserError"}))
    assert isinstance(await send(harness, sales_order()), Done)


async def test_a_key_that_may_not_create_stops_the_account(harness: Harness) -> None:
    harness.sandbox.faults.append(Fault("status", "PUT", CREATE, status=403, body={"code": 403}))
    with pytest.raises(Fatal, match="Check the API key"):
        await send(harness, sales_order())


async def test_cancelled_lines_are_not_sent_and_later_cancelled_ones_do_not_contradict(harness: Harness) -> None:
    kept, gone = order_line("L1", "MUG-1", 2), order_line("L2", "BOWL-1", 1)
    cancelled = gone.model_copy(update={"status": LineStatus.CANCELLED})
    assert isinstance(await send(harness, sales_order(lines=(kept, cancelled))), Accepted)
    [sale] = harness.tenant.sales.values()
    assert [line.product.code for line in sale.lines] == ["MUG-1"]
    whole = sales_order(key="5502-A", reference="900100201", lines=(kept, gone))
    await send(harness, whole)
    assert isinstance(await find(harness, whole.model_copy(update={"lines": (kept, cancelled)})), Found)
    nothing = await send(harness, sales_order(key="5503-A", lines=(cancelled,)))
    assert nothing == Refused("Every line of the order is cancelled; there is nothing to create.", "refused")


@pytest.mark.parametrize(
    ("changes", "unit_price", "amount", "tax"),
    [
        ({}, "10.0000", "20.00", "4.00"),
        ({"unit_price_net": None}, "10.0000", "20.00", "4.00"),
        ({"unit_price_net": None, "total_gross": None}, "7.0000", "14.00", "2.80"),
        ({"unit_price_net": Decimal("8.3333"), "tax": Decimal("3.33")}, "8.3333", "16.67", "3.33"),
        ({"unit_price_net": None, "total_gross": Decimal("19.99"), "tax": Decimal("3.33")}, "8.3300", "16.66", "3.33"),
    ],
)
async def test_money_adds_up_to_the_penny(changes: dict[str, Any], unit_price: str, amount: str, tax: str) -> None:
    harness = stocked(price_when_unsent="7")
    assert isinstance(await send(harness, sales_order(lines=(order_line("L1", "MUG-1", 2, **changes),))), Accepted)
    [[_, body]] = harness.sent("sale.channel", "create_order")
    [line] = body["sale_lines"]
    assert [line[name]["decimal"] for name in ("unit_price", "amount")] == [unit_price, amount]
    assert line["tax_lines"][0]["amount"]["decimal"] == tax
    assert Decimal(body["amount"]["decimal"]) == Decimal(amount) + Decimal(tax)


@pytest.mark.parametrize(
    ("rate", "tax_lines"),
    [
        (Decimal(0), []),
        (Decimal(5), [{"name": "UK Reduced VAT", "rate": 0.05, "amount": {"__class__": "Decimal", "decimal": "1.00"}}]),
    ],
)
async def test_another_rate_has_its_own_name_and_none_has_no_tax(rate: Decimal, tax_lines: list[Any]) -> None:
    harness = stocked(other_tax_names={"5": "UK Reduced VAT"})
    line = order_line("L1", "MUG-1", 2, tax_rate=rate, total_gross=None)
    assert isinstance(await send(harness, sales_order(lines=(line,))), Accepted)
    [[_, body]] = harness.sent("sale.channel", "create_order")
    assert body["sale_lines"][0]["tax_lines"] == tax_lines


@pytest.mark.parametrize(
    ("changes", "hold_type", "told"),
    [
        ({"lines": (order_line("L1", "MUG-1", 1, tax_rate=Decimal(7)),)}, "unknown_value", "other_tax_names"),
        (
            {"lines": (order_line("L1", "MUG-1", 1, unit_price_net=None, total_gross=None),)},
            "unknown_value",
            "price_when_unsent",
        ),
        ({"ship_to": Address(name="A", street=())}, "address", "0 street lines"),
        ({"ship_to": Address(name="A", street=("1", "2", "3"))}, "address", "3 street lines"),
    ],
)
async def test_what_cannot_be_mapped_is_held_before_any_call(
    harness: Harness, changes: dict[str, Any], hold_type: str, told: str
) -> None:
    answer = await send(harness, sales_order(**changes))
    assert isinstance(answer, Refused)
    assert (answer.hold_type, told in answer.reason) == (hold_type, True)
    assert not harness.requests
