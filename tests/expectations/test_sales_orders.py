from dataclasses import replace
from typing import Any

import pytest

from domain.limits import OrderLimits
from domain.records import LineStatus, OrderLine, SalesOrder
from expectations.gate import Facts, Failure, gate
from tests.expectations.making import FACTS, line, order


def failures(record: SalesOrder, facts: Facts = FACTS) -> tuple[Failure, ...]:
    return gate([record], facts).failures.get(record.key, ())


def only_failure(record: SalesOrder, facts: Facts = FACTS) -> Failure:
    (failure,) = failures(record, facts)
    return failure


def test_good_orders_pass() -> None:
    orders = [
        order(),
        order(line(ean="4006381333931"), line(line="2", sku="CD-3", ean="5901234123457"), key="K2"),
        order(line(ean=""), line(line="2", quantity=10_000), key="K3", gift_message="x" * 255),
    ]
    verdict = gate(orders, FACTS)
    assert verdict.failures == {}
    assert verdict.judged == 3
    assert {row["failed"] for row in verdict.results} == {0}


@pytest.mark.parametrize(
    ("sku", "shown"),
    [
        ("AB-2 ", "AB-2␠"),
        (" AB-2", "␠AB-2"),
        ("AB-2\n", "AB-2⟨U+000A⟩"),
        ("AB-2\u200b", "AB-2⟨U+200B⟩"),
        ("АB-2", "CYRILLIC CAPITAL LETTER A"),  # noqa: RUF001 - a look-alike is the point
    ],
)
def test_sku_with_white_space_or_look_alike_is_held_and_visible(sku: str, shown: str) -> None:
    failure = only_failure(order(line(sku=sku)))
    assert (failure.expectation, failure.hold_type) == ("expect_sku_form", "sku_form")
    assert shown in failure.value
    assert failure.fix.endswith("Probably meant: AB-2.")


@pytest.mark.parametrize("sku", [None, ""])
def test_missing_sku_is_held(sku: str | None) -> None:
    assert only_failure(order(line(sku=sku, stock_number=None))).hold_type == "sku_form"


@pytest.mark.parametrize("sku", [None, ""])
def test_a_stock_number_that_no_listing_has_is_held_by_its_number(sku: str | None) -> None:
    failure = only_failure(order(line(sku=sku, stock_number="29999999")))
    assert (failure.hold_type, failure.value) == ("unknown_sku", "29999999")
    assert "stock number" in failure.fix


def test_sku_that_differs_only_by_case_is_unknown_and_suggested() -> None:
    failure = only_failure(order(line(sku="ab-2")))
    assert (failure.expectation, failure.hold_type, failure.value) == ("expect_sku_known", "unknown_sku", "ab-2")
    assert "Probably meant: AB-2." in failure.fix


def test_unknown_sku_without_a_near_one_gets_no_suggestion() -> None:
    assert "Probably" not in only_failure(order(line(sku="ZZ-9"))).fix


def test_form_is_held_even_if_the_back_office_knows_the_same_bad_sku() -> None:
    assert only_failure(order(line(sku="AB-2 ")), replace(FACTS, skus=frozenset({"AB-2 "}))).hold_type == "sku_form"


@pytest.mark.parametrize("ean", ["4006381333932", "400638133393", "٤٠٠٦٣٨١٣٣٣٩٣١", "4006381333931 ", "04006381333931"])
def test_ean_of_bad_form_is_held(ean: str) -> None:
    failure = only_failure(order(line(ean=ean)))
    assert (failure.expectation, failure.hold_type) == ("expect_ean_form", "ean")


def test_ean_that_is_a_number_is_held() -> None:
    values = line().model_dump() | {"ean": 4006381333931}
    failure = only_failure(order().model_copy(update={"lines": (OrderLine.model_construct(**values),)}))
    assert (failure.expectation, failure.value) == ("expect_ean_form", "4006381333931 (it is not text)")


def test_true_ean_of_another_item_is_held_with_both_shown() -> None:
    failure = only_failure(order(line(ean="5901234123457")))
    assert (failure.expectation, failure.hold_type) == ("expect_ean_of_item", "ean")
    assert failure.value == "5901234123457 (known here: 4006381333931)"


@pytest.mark.parametrize("quantity", [0, -1, 10_001, 10**30])
def test_quantity_that_cannot_be_right_is_held(quantity: int) -> None:
    failure = only_failure(order(line(quantity=quantity)))
    assert failure.hold_type == "quantity"
    assert failure.value == f"quantity {quantity}, expected at least 1 and at most 10000"


@pytest.mark.parametrize(
    ("address", "expectation"),
    [
        ({"name": ""}, "expect_name"),
        ({"name": "   "}, "expect_name"),
        ({"name": "W" * 101}, "expect_name"),
        ({"street": ()}, "expect_street"),
        ({"street": ("", " ")}, "expect_street"),
        ({"street": ("1 Road", "Village", "Parish")}, "expect_street"),
        ({"street": ("R" * 256,)}, "expect_street_line_length"),
        ({"city": ""}, "expect_city"),
        ({"city": "C" * 101}, "expect_city"),
        ({"postcode": ""}, "expect_postcode"),
        ({"postcode": "P" * 21}, "expect_postcode"),
        ({"country": ""}, "expect_country_taken"),
        ({"country": "FR"}, "expect_country_taken"),
        ({"country": "gb"}, "expect_country_taken"),
    ],
)
def test_address_that_the_back_office_cannot_take_is_held(address: dict[str, Any], expectation: str) -> None:
    failure = only_failure(order(address=address))
    assert (failure.expectation, failure.hold_type) == (expectation, "address")


@pytest.mark.parametrize(
    "address", [{"name": "W" * 100}, {"street": ("R" * 255, "", "R" * 255)}, {"postcode": "P" * 20}, {"country": "JE"}]
)
def test_address_at_the_limits_passes(address: dict[str, Any]) -> None:
    assert failures(order(address=address)) == ()


def test_limits_are_those_of_the_back_office_asked() -> None:
    strict = replace(FACTS, order_limits=OrderLimits(name_length=5, phone_required=True))
    held = failures(order(address={"phone": ""}), strict)
    assert {failure.expectation for failure in held} == {"expect_name", "expect_phone"}
    assert failures(order(address={"phone": ""})) == ()


@pytest.mark.parametrize(
    ("changes", "expectation", "hold_type", "fields"),
    [
        ({"address": {"name": "Zo\u00eb \U0001f382"}}, "expect_address_storable", "address", "name"),
        ({"address": {"street": ("1 Road", "\U00020bb7")}}, "expect_address_storable", "address", "street"),
        ({"delivery_service": "\U0001f69a"}, "expect_address_storable", "address", "delivery service"),
        ({"gift_message": "Happy \U0001f382"}, "expect_gift_message_storable", "gift_message", "a character"),
    ],
)
def test_a_character_that_the_back_office_would_lose_is_held_by_the_name_of_its_field(
    changes: dict[str, Any], expectation: str, hold_type: str, fields: str
) -> None:
    loses = replace(FACTS, order_limits=OrderLimits(beyond_basic_plane=False))
    (failure,) = failures(order(**changes), loses)
    assert (failure.expectation, failure.hold_type) == (expectation, hold_type)
    assert failure.value.strip("'").startswith(fields)
    assert max(failure.value) < "\u0100"  # nothing of the text itself
    assert failures(order(**changes)) == ()


def test_a_character_of_the_basic_plane_passes() -> None:
    loses = replace(FACTS, order_limits=OrderLimits(beyond_basic_plane=False))
    assert failures(order(address={"name": "Zo\u00eb \uffff"}, gift_message="\u2665"), loses) == ()


def test_a_failure_is_told_once_for_an_order_of_several_lines() -> None:
    assert only_failure(order(line(), line(line="2", sku="CD-3"), address={"city": ""})).expectation == "expect_city"


def test_no_personal_data_in_a_verdict() -> None:
    strict = OrderLimits(1, 1, 1, 1, 1, phone_required=True, gift_message_length=1, countries=frozenset())
    wrong_country = {"country": "Quillfeather Mews, Nethermoor", "phone": ""}
    verdict = gate(
        [
            order(gift_message="Happy birthday Philippa"),
            order(key="K2", address=wrong_country, gift_message="Philippa again"),
        ],
        replace(FACTS, order_limits=strict),
    )
    assert len(verdict.failures["K1"]) == 7
    assert len(verdict.failures["K2"]) == 8
    told = repr(verdict)
    personal = ["Wilhelmina", "Harcastle", "Flat 7", "Quillfeather", "Nethermoor", "NM4 7QX", "07700900123", "Philippa"]
    assert [text for text in personal if text in told] == []
    assert "name length 20, expected at least 1 and at most 1" in told


def test_gift_message_that_is_too_long_is_held() -> None:
    failure = only_failure(order(gift_message="x" * 256))
    assert failure.hold_type == "gift_message"
    assert failure.value == "gift message length 256, expected at most 255"


def test_test_order_is_held_unless_the_policy_takes_it() -> None:
    assert only_failure(order(test=True)).hold_type == "test_order"
    assert failures(order(test=True), replace(FACTS, accept_test_orders=True)) == ()
    assert failures(order(test=False), replace(FACTS, accept_test_orders=True)) == ()


def test_currency_that_the_policy_does_not_list_is_held() -> None:
    failure = only_failure(order(currency="EUR"))
    assert (failure.expectation, failure.hold_type, failure.value) == ("expect_currency_taken", "unknown_value", "EUR")
    assert failures(order(currency="EUR"), replace(FACTS, currencies=frozenset({"GBP", "EUR"}))) == ()


@pytest.mark.parametrize("reference", ["", " ", "C" * 33])
def test_reference_that_the_back_office_cannot_hold_is_held(reference: str) -> None:
    assert only_failure(order(reference=reference)).expectation == "expect_reference"


def test_order_without_lines_is_held() -> None:
    empty = order().model_copy(update={"lines": ()})
    assert only_failure(empty).expectation == "expect_order_has_lines"


@pytest.mark.parametrize("status", [LineStatus.CANCELLED, LineStatus.CANCEL_REQUESTED])
def test_cancelled_lines_are_not_judged(status: LineStatus) -> None:
    cancelled = line(line="2", sku="ZZ-9", ean="1", quantity=0, status=status)
    assert failures(order(line(), cancelled)) == ()
    wholly = order(cancelled, key="K2", address={"city": ""})
    assert gate([wholly], FACTS).failures == {}
    verdict = gate([wholly, order()], FACTS)
    assert (verdict.judged, verdict.failures) == (1, {})


@pytest.mark.parametrize(
    "status", [status for status in LineStatus if status not in {LineStatus.CANCELLED, LineStatus.CANCEL_REQUESTED}]
)
def test_every_other_line_is_judged(status: LineStatus) -> None:
    assert only_failure(order(line(sku="ZZ-9", status=status))).hold_type == "unknown_sku"


def test_one_bad_order_does_not_hold_its_neighbours() -> None:
    verdict = gate([order(key="K1"), order(line(sku="ZZ-9"), key="K2"), order(key="K3")], FACTS)
    assert set(verdict.failures) == {"K2"}
    assert verdict.judged == 3


def test_several_faults_are_all_told_in_the_order_of_the_suite() -> None:
    held = failures(order(line(sku="ZZ-9", ean="1", quantity=0), address={"city": ""}))
    assert [failure.hold_type for failure in held] == ["unknown_sku", "ean", "quantity", "address"]


def test_with_no_facts_every_sku_is_unknown() -> None:
    assert only_failure(order(), Facts(now=FACTS.now)).hold_type == "unknown_sku"
