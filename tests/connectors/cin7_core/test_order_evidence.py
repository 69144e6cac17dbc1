"""What became of an order: lost answers, half-made sales, and what the list shows."""

from typing import Any

import pytest

from domain.answers import Absent, Contradicted, Done, Found, NotNow, NotYet, Partial, Refused, Unavailable, Unknown
from sandbox.kit import Fault
from tests.connectors.cin7_core.harness import Harness
from tests.connectors.cin7_core.selling import send
from tests.connectors.making import order_line, sales_order

LOST = [
    Fault(kind="status", status=500, body=[{"ErrorCode": 500, "Exception": "Unexpected"}]),
    Fault(kind="html", status=200),
    Fault(kind="truncated"),
    Fault(kind="error_in_200", body=[{"ErrorCode": 500, "Exception": "Unexpected"}]),
]


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
