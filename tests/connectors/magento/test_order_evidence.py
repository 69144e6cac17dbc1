"""Never called done without the shop's word: what its answers and what stands in it prove."""

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from connectors.magento.order_evidence import answer_of_create
from connectors.magento.settings import MagentoOptions
from domain.answers import Absent, Accepted, Contradicted, Done, Found, NotYet, Refused, Unavailable
from sandbox.kit import Fault
from tests.connectors.magento.harness import Harness
from tests.connectors.magento.selling import find, send, stocked
from tests.connectors.making import order_line, sales_order


async def test_a_shop_that_changes_the_state_is_asked_again_instead_of_believed(harness: Harness) -> None:
    answer_in_another_state = {"entity_id": 1, "increment_id": "JL-5501-A", "state": "holded", "items": []}
    harness.fault("sales_order", Fault(kind="error_in_200", body=answer_in_another_state, when="after"))
    assert await send(harness, sales_order()) == Accepted(ticket="1")


ECHO = {
    "entity_id": 4,
    "increment_id": "JL-5501-A",
    "state": "processing",
    "items": [
        {"sku": "MUG-1", "qty_ordered": 2, "ext_order_item_id": "5501-A-1"},
        {"sku": "BOWL-1", "qty_ordered": Decimal("1.0000"), "ext_order_item_id": "5501-A-2"},
    ],
}


def test_an_answer_that_repeats_the_order_is_done() -> None:
    assert answer_of_create(sales_order(), ECHO, MagentoOptions()) == Done(
        "order JL-5501-A (id 4): the answer repeats it", "4"
    )


@pytest.mark.parametrize(
    ("line", "change"),
    [
        (0, {"qty_ordered": 1}),
        (0, {"qty_ordered": None}),
        (0, {"sku": "mug-1"}),
        (1, {"ext_order_item_id": "5501-A-1"}),
        (1, None),
        (None, {"increment_id": "000000004"}),
        (None, {"state": None}),
        (None, {"items": None}),
    ],
    ids=str,
)
def test_an_answer_that_repeats_it_otherwise_has_to_be_looked_up(line: int | None, change: Any) -> None:
    echo: dict[str, Any] = deepcopy(ECHO)
    if line is None:
        echo |= change
    elif change is None:
        del echo["items"][line]
    else:
        echo["items"][line] |= change
    assert answer_of_create(sales_order(), echo, MagentoOptions()) == Accepted(ticket="4")


@pytest.mark.parametrize("as_increment_id", [True, False])
async def test_an_order_keyed_by_hand_is_found(harness: Harness, as_increment_id: bool) -> None:  # noqa: FBT001 - a pytest parameter
    order = sales_order()
    by_hand = harness.sandbox.key_order_by_hand(
        order.reference, {"MUG-1": 2, "BOWL-1": 1}, as_increment_id=as_increment_id
    )
    found = await find(harness, order)
    assert isinstance(found, Found)
    assert found.external_id == by_hand


async def test_other_quantities_or_skus_under_our_reference_are_a_contradiction(harness: Harness) -> None:
    harness.sandbox.key_order_by_hand("900100200", {"MUG-1": 1, "BOWL-1": 1})
    assert isinstance(await find(harness, sales_order()), Contradicted)


async def test_two_orders_for_one_are_a_contradiction(harness: Harness) -> None:
    assert isinstance(await send(harness, sales_order()), Done)
    harness.sandbox.key_order_by_hand("900100200", {"MUG-1": 2, "BOWL-1": 1})
    found = await find(harness, sales_order())
    assert isinstance(found, Contradicted)
    assert found.reason.startswith("2 orders")


async def test_a_repeat_with_other_lines_is_refused_as_a_contradiction(harness: Harness) -> None:
    assert isinstance(await send(harness, sales_order()), Done)
    answer = await send(harness, sales_order(lines=(order_line("L1", "MUG-1", 7),)))
    assert isinstance(answer, Refused)
    assert answer.hold_type == "contradiction"
    assert harness.count() == {"5501-A": 1}


async def test_two_of_our_orders_may_share_a_customer_order_number(harness: Harness) -> None:
    first, second = sales_order("1-A"), sales_order("1-B", lines=(order_line("L9", "BOWL-1", 3),))
    assert isinstance(await send(harness, first), Done)
    assert await find(harness, second) == Absent()
    assert isinstance(await send(harness, second), Done)
    findings = await find(harness, first, second)
    assert {type(finding) for finding in findings.values()} == {Found}


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("new", Found),
        ("processing", Found),
        ("complete", Found),
        ("holded", NotYet),
        ("payment_review", NotYet),
        ("pending_payment", NotYet),
        ("canceled", Contradicted),
        ("closed", Contradicted),
        ("invented", Contradicted),
        (None, Contradicted),
    ],
)
async def test_only_an_order_that_can_be_shipped_is_found(harness: Harness, state: str | None, kind: type) -> None:
    order = sales_order()
    answer = await send(harness, order)
    harness.sandbox.orders.get(int(answer.external_id)).columns["state"] = state
    assert type(await find(harness, order)) is kind


async def test_a_hundred_and_twenty_orders_are_looked_up_in_three_calls(harness: Harness) -> None:
    orders = [sales_order(f"{n}-A", f"90{n}") for n in range(120)]
    assert isinstance(await send(harness, orders[7]), Done)
    findings = await find(harness, *orders)
    assert harness.calls("find_sales_order") == 3
    assert [key for key, finding in findings.items() if isinstance(finding, Found)] == ["7-A"]
    assert len(findings) == 120


async def test_input_limits_of_the_shop_make_the_pages_smaller() -> None:
    from sandbox.magento import InputLimits

    harness = stocked(Harness(input_limits=InputLimits(page_size=2)))
    orders = [sales_order(f"{n}-A", f"90{n}") for n in range(5)]
    for order in orders:
        assert isinstance(await send(harness, order), Done)
    findings = await find(harness, *orders)
    assert {type(finding) for finding in findings.values()} == {Found}
    assert harness.calls("find_sales_order") == 3


async def test_a_list_that_changes_while_it_is_read_is_not_taken_for_absence() -> None:
    harness = stocked(Harness(page_size=1))
    orders = [sales_order(f"{n}-A", f"90{n}") for n in range(2)]
    for order in orders:
        assert isinstance(await send(harness, order), Done)
    harness.fault("find_sales_order", Fault(kind="error_in_200", body={"items": None, "total_count": 2}))
    with pytest.raises(Unavailable, match="changed meanwhile"):
        await find(harness, *orders)
