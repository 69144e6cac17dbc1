"""What stands in Fulfil already, and what it proves about an order of ours."""

from typing import Any

import pytest

from connectors.fulfil.order_evidence import Sale, finding
from domain.answers import Absent, Accepted, Contradicted, Found, Unknown
from sandbox.kit import Fault
from tests.connectors.fulfil.harness import CHANNEL, CREATE, Harness, find, send, stocked
from tests.connectors.making import order_line, sales_order


@pytest.fixture
def harness() -> Harness:
    return stocked()


async def test_an_order_keyed_by_hand_is_found_by_its_reference(harness: Harness) -> None:
    harness.sandbox.key_order_by_hand("900100200", {"MUG-1": 2, "BOWL-1": 1})
    found = await find(harness, sales_order())
    assert isinstance(found, Found)
    harness.sandbox.key_order_by_hand("900100200", {"MUG-1": 2, "BOWL-1": 1})
    assert isinstance(await find(harness, sales_order()), Contradicted)


async def test_an_order_keyed_by_hand_that_nobody_processes_is_for_a_person(harness: Harness) -> None:
    harness.sandbox.switches.processing_seconds = 3600
    harness.sandbox.key_order_by_hand("900100200", {"MUG-1": 2, "BOWL-1": 1})
    assert "keyed by hand and is draft" in (await find(harness, sales_order())).reason


async def test_the_return_of_an_order_is_not_the_order(harness: Harness) -> None:
    harness.sandbox.key_order_by_hand("900100200", {"MUG-1": 1}, is_return=True)
    assert await find(harness, sales_order()) == Absent()
    await send(harness, sales_order())
    assert isinstance(await find(harness, sales_order()), Found)


async def test_another_order_of_ours_with_the_same_reference_is_another_order(harness: Harness) -> None:
    await send(harness, sales_order(key="5501-A"))
    assert await find(harness, sales_order(key="5501-B")) == Absent()
    await send(harness, sales_order(key="5501-B"))
    assert [harness.count(key) for key in ("5501-A", "5501-B")] == [1, 1]


async def test_an_order_cancelled_there_is_not_sent_again_in_silence(harness: Harness) -> None:
    await send(harness, sales_order())
    [sale] = harness.tenant.sales.values()
    harness.tenant.cancel_shipment(sale.shipments[0])
    harness.tenant.cancel_sale(sale)
    for spelling in ("cancel", "cancelled"):
        harness.sandbox.switches.cancelled_is = spelling
        await send(harness, sales_order())
        assert "was cancelled in Fulfil" in (await find(harness, sales_order())).reason
    assert harness.count("5501-A") == 1


async def test_other_units_under_our_identifier_or_reference_are_named(harness: Harness) -> None:
    await send(harness, sales_order())
    changed = sales_order(lines=(order_line("L1", "MUG-1", 3), order_line("L2", "BOWL-1", 1)))
    [sale] = harness.tenant.sales.values()
    told = f"sale SO{sale.id} holds 1 x BOWL-1, 2 x MUG-1; the order wants 1 x BOWL-1, 3 x MUG-1."
    assert await find(harness, changed) == Contradicted(told)
    await send(harness, changed)
    assert await find(harness, changed) == Contradicted(told), "a repeat changes nothing there"


@pytest.mark.parametrize("answer", [{"type": "UserError", "message": "x"}, "Error", [], [1, 2], {"id": 7}, True, None])
async def test_an_answer_that_names_no_sale_is_unknown_even_when_it_was_made(harness: Harness, answer: Any) -> None:
    harness.sandbox.faults.append(Fault("error_in_200", "PUT", CREATE, "after", body=answer))
    assert isinstance(await send(harness, sales_order()), Unknown)
    assert harness.count("5501-A") == 1


async def test_a_bare_id_names_a_sale(harness: Harness) -> None:
    harness.sandbox.faults.append(Fault("error_in_200", "PUT", CREATE, "after", body=1203))
    assert isinstance(await send(harness, sales_order()), Accepted)


async def test_a_done_order_is_found(harness: Harness) -> None:
    await harness.shipped(sales_order())
    assert isinstance(await find(harness, sales_order()), Found)


async def test_an_undocumented_state_is_a_contradiction_and_is_not_shown() -> None:
    lines = [{"sale": 1, "product.code": sku, "quantity": n} for sku, n in (("MUG-1", 2), ("BOWL-1", 1), (None, 1))]
    row = {"id": 1, "channel": CHANNEL, "channel_identifier": "5501-A", "reference": "900100200", "lines": lines}
    done = finding(sales_order(), [Sale.model_validate({**row, "state": "done"})], CHANNEL)
    assert isinstance(done, Found), "a line without a product is a charge or a remark"
    odd = finding(sales_order(), [Sale.model_validate({**row, "state": "Mrs Smith"})], CHANNEL)
    assert odd == Contradicted("sale 1 is in a state that nobody documented.")


async def test_a_hundred_orders_are_found_in_two_calls(harness: Harness) -> None:
    orders = [sales_order(f"55{number}-A", f"9{number:05d}") for number in range(100)]
    await harness.connector.sales_order_sink.send(orders[:3])
    harness.requests.clear()
    found = await harness.connector.sales_order_sink.find(orders)
    assert [type(each) for each in found.values()].count(Found) == 3
    assert len(harness.requests) == 2
