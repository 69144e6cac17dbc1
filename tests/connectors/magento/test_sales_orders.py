"""Orders in: created once, found again, and never called done without the shop's word."""

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from connectors.magento.order_evidence import answer_of_create
from connectors.magento.settings import MagentoOptions
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
    Refused,
    Unavailable,
    Unknown,
)
from domain.records import LineStatus, SalesOrder
from sandbox.kit import Fault
from tests.connectors.magento.harness import SECRETS, Harness
from tests.connectors.making import PERSONAL, order_line, sales_order
from tests.doubles import BucketBudgets


@pytest.fixture
def harness() -> Harness:
    return stocked(Harness())


def stocked(made: Harness) -> Harness:
    made.put_item("MUG-1", 10)
    made.put_item("BOWL-1", 5, ean=None)
    return made


async def send(harness: Harness, *records: SalesOrder) -> Any:
    answers = await harness.connector.sales_order_sink.send(list(records))
    return answers[records[0].key] if len(records) == 1 else answers


async def find(harness: Harness, *records: SalesOrder) -> Any:
    findings = await harness.connector.sales_order_sink.find(list(records))
    return findings[records[0].key] if len(records) == 1 else findings


def stored(harness: Harness, entity_id: str) -> dict[str, Any]:
    read: dict[str, Any] = harness.sandbox.orders.get(int(entity_id)).read_form(single=True)
    return read


async def test_an_order_is_created_whole(harness: Harness) -> None:
    answer = await send(harness, sales_order(gift_message="For Bob", delivery_service="Standard"))
    assert isinstance(answer, Done)
    order = stored(harness, answer.external_id)
    assert (order["increment_id"], order["ext_order_id"]) == ("JL-5501-A", "900100200")
    assert (order["state"], order["status"]) == ("processing", "processing")
    rates = ("base_to_order_rate", "base_to_global_rate", "store_to_base_rate", "store_to_order_rate")
    assert [order[rate] for rate in rates] == [1, 1, 1, 1]
    assert (order["subtotal"], order["tax_amount"], order["grand_total"]) == (30, 6, 36)
    assert [(i["sku"], i["product_id"], i["qty_ordered"], i["ext_order_item_id"]) for i in order["items"]] == [
        ("MUG-1", 1, 2, "5501-A-1"),
        ("BOWL-1", 2, 1, "5501-A-2"),
    ]
    address = order["extension_attributes"]["shipping_assignments"][0]["shipping"]["address"]
    assert address["street"] == ["7 Private Road", "Secret Cottage"]
    assert (address["firstname"], address["lastname"]) == ("Wilhelmina", "Personal")
    assert "Gift message: For Bob" in [history["comment"] for history in order["status_histories"]]
    assert order["shipping_description"] == "John Lewis Marketplace - Standard"


async def test_skus_are_looked_up_once_for_all_orders(harness: Harness) -> None:
    for number in range(3):
        assert isinstance(await send(harness, sales_order(f"{number}-A", f"90{number}")), Done)
    assert (harness.calls("item"), harness.calls("sales_order")) == (1, 3)


async def test_a_product_id_that_the_order_names_is_not_asked_for(harness: Harness) -> None:
    bowl = order_line("L1", "BOWL-1", 1).model_copy(update={"item_id": "2"})
    answer = await send(harness, sales_order(lines=(bowl,)))
    assert isinstance(answer, Done)
    assert harness.calls("item") == 0
    assert [item["product_id"] for item in stored(harness, answer.external_id)["items"]] == [2]


@pytest.mark.parametrize("sku", ["NOPE-1", "mug-1", "MUG-1 ", None])
async def test_a_sku_that_is_not_exactly_the_shops_is_refused_before_anything_is_written(
    harness: Harness, sku: str | None
) -> None:
    answer = await send(harness, sales_order(lines=(order_line("L1", sku, 1),)))
    assert isinstance(answer, Refused)
    assert (answer.hold_type, harness.count()) == ("unknown_sku", {})
    assert "line L1" in answer.reason


async def test_a_sku_with_comma_slash_space_and_plus_is_found(harness: Harness) -> None:
    for number, sku in enumerate(("A,B", "JL/1002 B", "C+D")):
        harness.put_item(sku)
        order = sales_order(
            f"{number}-A", f"90{number}", lines=(order_line("L1", sku, 1), order_line("L2", "MUG-1", 1))
        )
        assert isinstance(await send(harness, order), Done)


@pytest.mark.parametrize(
    ("key", "reference", "word"),
    [("9" * 48, "900", "50"), ("é-1", "900", "50"), ("1-A", "9" * 33, "32"), ("1-A", "900,901", "32")],
)
async def test_a_number_that_the_shop_would_cut_or_split_is_refused(
    harness: Harness, key: str, reference: str, word: str
) -> None:
    answer = await send(harness, sales_order(key, reference))
    assert isinstance(answer, Refused)
    assert word in answer.reason
    assert harness.count() == {}
    assert await find(harness, sales_order(key, reference)) == Absent()


async def test_the_longest_numbers_are_taken_and_found(harness: Harness) -> None:
    order = sales_order("9" * 47, "8" * 32)
    assert isinstance(await send(harness, order), Done)
    assert isinstance(await find(harness, order), Found)


async def test_cancelled_lines_are_left_out_and_an_order_of_only_those_is_refused(harness: Harness) -> None:
    gone = order_line("L1", "MUG-1", 2, status=LineStatus.CANCELLED)
    order = sales_order(lines=(gone, order_line("L2", "BOWL-1", 1)))
    answer = await send(harness, order)
    assert [item["sku"] for item in stored(harness, answer.external_id)["items"]] == ["BOWL-1"]
    assert isinstance(await find(harness, order), Found)
    assert isinstance(await send(harness, sales_order("2-A", lines=(gone,))), Refused)


async def test_four_byte_characters_become_question_marks_instead_of_four(harness: Harness) -> None:
    order = sales_order(gift_message="Well done 🎉 Łukasz")
    answer = await send(harness, order)
    comments = [history["comment"] for history in stored(harness, answer.external_id)["status_histories"]]
    assert "Gift message: Well done ? Łukasz" in comments


async def test_two_lines_of_one_sku_stay_two(harness: Harness) -> None:
    order = sales_order(lines=(order_line("L1", "MUG-1", 1), order_line("L2", "MUG-1", 2)))
    answer = await send(harness, order)
    assert len(stored(harness, answer.external_id)["items"]) == 2
    assert isinstance(await find(harness, order), Found)


# ---- trouble on the way --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="status", status=500, body={"message": "Internal Error. Report ID: webapi-1"}, when="after"),
        Fault(kind="html", status=503, when="after"),
        Fault(kind="html", status=200, when="after"),
        Fault(kind="truncated", when="after"),
        Fault(kind="error_in_200", body={"message": "odd"}, when="after"),
        Fault(kind="error_in_200", body=["odd"], when="after"),
    ],
    ids=["500", "503 html", "200 html", "truncated", "error in 200", "list in 200"],
)
async def test_a_lost_answer_is_unknown_and_then_found_and_never_doubled(harness: Harness, fault: Fault) -> None:
    order = sales_order()
    harness.fault("sales_order", fault)
    assert isinstance(await send(harness, order), Unknown)
    found = await find(harness, order)
    assert isinstance(found, Found)
    again = await send(harness, order)
    assert again == Done(found.evidence, found.external_id)
    assert harness.count() == {"5501-A": 1}


@pytest.mark.parametrize("kind", ["status", "html", "truncated"])
async def test_trouble_before_the_shop_did_anything_is_unknown_then_absent_then_created(
    harness: Harness, kind: Any
) -> None:
    order = sales_order()
    harness.fault("sales_order", Fault(kind=kind, status=502, body={"message": "x"}))
    assert isinstance(await send(harness, order), Unknown)
    assert await find(harness, order) == Absent()
    assert isinstance(await send(harness, order), Done)
    assert harness.count() == {"5501-A": 1}


async def test_a_429_closes_the_budget_until_the_hosts_time(harness: Harness) -> None:
    harness.fault(
        "sales_order", Fault(status=429, headers={"retry-after": "30"}, body={"message": "Too Many Requests"})
    )
    with pytest.raises(NotNow) as wait:
        await send(harness, sales_order())
    assert (wait.value.at - harness.clock.now()).total_seconds() == 30
    assert len(harness.budgets.closed) == 1


async def test_a_spent_budget_stops_the_route_and_calls_nobody(harness: Harness) -> None:
    harness.budgets.spent_until = harness.clock.now().replace(hour=23)
    with pytest.raises(NotNow):
        await send(harness, sales_order("1-A", "901"), sales_order("2-A", "902"))
    assert harness.requests == []


async def test_when_the_budget_ends_on_the_way_the_answers_so_far_are_kept(harness: Harness) -> None:
    harness.budgets.spent_until = harness.clock.now().replace(hour=23)
    harness.budgets.permits = 2  # one look at the products, one create
    answers = await send(harness, sales_order("1-A", "901"), sales_order("2-A", "902"))
    assert isinstance(answers["1-A"], Done)
    assert answers["2-A"] == Later(harness.budgets.spent_until, answers["2-A"].reason)


async def test_a_shop_that_is_down_before_the_first_answer_is_raised(harness: Harness) -> None:
    harness.fault("item", Fault(kind="html", status=503))
    with pytest.raises(Unavailable):
        await send(harness, sales_order())


async def test_a_missing_right_is_named_to_a_person(harness: Harness) -> None:
    harness.sandbox.denied_resources.add("Magento_Sales::create")
    with pytest.raises(Fatal, match="Magento_Sales::create"):
        await send(harness, sales_order())
    assert harness.calls("sales_order") == 1


async def test_a_repeat_that_may_not_be_looked_up_is_unknown(harness: Harness) -> None:
    assert isinstance(await send(harness, sales_order("1-A", "901")), Done)
    harness.fault("find_sales_order", Fault(status=401, body={"message": "no"}))
    answer = await send(harness, sales_order("1-A", "901"))
    assert isinstance(answer, Unknown)  # refused as a repeat, and nobody may look it up


async def test_a_translated_refusal_of_a_repeat_is_looked_up_all_the_same(harness: Harness) -> None:
    order = sales_order()
    assert isinstance(await send(harness, order), Done)
    harness.fault("sales_order", Fault(status=400, body={"message": "Eindeutigkeit verletzt"}))
    assert isinstance(await send(harness, order), Done)


async def test_a_number_that_is_taken_but_not_shown_is_unknown(harness: Harness) -> None:
    harness.fault("sales_order", Fault(status=400, body={"message": "Unique constraint violation found"}))
    assert isinstance(await send(harness, sales_order()), Unknown)


async def test_only_known_words_of_the_shop_are_shown(harness: Harness) -> None:
    harness.fault("sales_order", Fault(status=400, body={"message": "Wilhelmina of 7 Private Road is not welcome"}))
    answer = await send(harness, sales_order())
    assert answer == Refused("HTTP 400, message kept as evidence-1")
    harness.fault("sales_order", Fault(status=400, body={"message": "Please provide payment for the order."}))
    answer = await send(harness, sales_order())
    assert "Please provide payment for the order." in answer.reason


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


# ---- what stands in the shop ---------------------------------------------------------------------


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


# ---- what must not be seen -----------------------------------------------------------------------


async def test_nothing_personal_and_no_secret_leaves_in_answers_or_exceptions(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    order = sales_order()
    said = [repr(await send(harness, order)), repr(await find(harness, order))]
    echo = {"message": f"The order of {order.ship_to.name} <{order.ship_to.email}> failed"}
    for fault in (
        Fault(status=400, body=echo),
        Fault(status=404, body=echo),
        Fault(status=500, body=echo),
        Fault(kind="error_in_200", body=echo),
    ):
        harness.fault("sales_order", fault)
        said.append(repr(await send(harness, sales_order("x-1", "77"))))
    harness.fault("sales_order", Fault(status=401, body=echo))
    with pytest.raises(Fatal) as trouble:
        await send(harness, sales_order("x-2", "78"))
    said += [str(trouble.value), repr(harness.connector), repr(harness.settings), caplog.text]
    assert [word for word in (*PERSONAL, *SECRETS) if any(word in text for text in said)] == []


async def test_missing_contact_fields_are_filled_only_from_the_options() -> None:
    bare = sales_order(ship_to=sales_order().ship_to.model_copy(update={"email": "", "phone": "", "name": "Cher"}))
    plain = stocked(Harness())
    order = stored(plain, (await send(plain, bare)).external_id)
    assert (order["customer_email"], order["billing_address"]["telephone"]) == ("", "")
    assert (order["customer_firstname"], order["customer_lastname"]) == ("", "Cher")
    chosen = stocked(Harness(fallback_email_domain="orders.seller.example", fallback_phone="02079460000"))
    order = stored(chosen, (await send(chosen, bare)).external_id)
    assert order["customer_email"] == "900100200@orders.seller.example"
    assert order["billing_address"]["telephone"] == "02079460000"


async def test_real_buckets_hold_the_calls_to_the_rate() -> None:
    harness = stocked(Harness(calls_per_minute=60))
    budgets = BucketBudgets(harness.clock)
    object.__setattr__(harness.surroundings, "budgets", budgets)
    began_at = harness.clock.now()
    for number in range(70):
        assert isinstance(await send(harness, sales_order(f"{number}-A", f"90{number}")), Done)
    assert (harness.clock.now() - began_at).total_seconds() > 60


async def test_money_that_the_marketplace_did_not_send_is_zero(harness: Harness) -> None:
    nothing = {"unit_price_net": None, "tax_rate": None, "total_gross": None}
    answer = await send(harness, sales_order(lines=(order_line("L1", "MUG-1", 2, **nothing),)))
    order = stored(harness, answer.external_id)
    assert (order["grand_total"], order["tax_amount"], order["items"][0]["price"]) == (0, 0, 0)
    only_gross = {"unit_price_net": None, "total_gross": Decimal("24.00")}
    answer = await send(harness, sales_order("2-A", lines=(order_line("L1", "MUG-1", 2, **only_gross),)))
    order = stored(harness, answer.external_id)
    assert (order["grand_total"], order["tax_amount"], order["items"][0]["price"]) == (24, 4, 10)
