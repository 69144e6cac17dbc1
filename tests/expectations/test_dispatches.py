from dataclasses import replace
from datetime import timedelta

import pytest

from domain.records import Dispatch
from expectations.gate import Facts, Failure, gate
from tests.expectations.making import FACTS, NOW, dispatch, shipped


def only_failure(record: Dispatch, facts: Facts = FACTS) -> Failure:
    (failure,) = gate([record], facts).failures[record.key]
    return failure


@pytest.mark.parametrize(
    "good",
    [
        dispatch(),
        dispatch(shipped(quantity=2), shipped("CD-3")),
        dispatch(shipped(), shipped()),
        dispatch(service="Next Day"),
        dispatch(service="Any Other"),
        dispatch(shipped_at=NOW + timedelta(days=1)),
    ],
)
def test_good_dispatch_passes(good: Dispatch) -> None:
    assert gate([good], FACTS).failures == {}


def test_dispatch_of_an_unknown_order_is_held_for_that_alone() -> None:
    failure = only_failure(dispatch(shipped("ZZ-9", 99), order_reference="CON-1 "))
    assert (failure.expectation, failure.hold_type) == ("expect_order_known", "dispatch_without_order")
    assert failure.value == "CON-1␠"


@pytest.mark.parametrize(
    ("carrier", "service", "shown"),
    [
        ("blue van", "", "blue van"),
        ("Blue Van ", "", "Blue Van␠"),
        ("Red Van", "", "Red Van"),
        ("Red Van", "Express", "Red Van / Express"),
        ("", "", ""),
    ],
)
def test_carrier_is_mapped_exactly_or_held(carrier: str, service: str, shown: str) -> None:
    failure = only_failure(dispatch(carrier=carrier, service=service))
    assert (failure.expectation, failure.hold_type) == ("expect_carrier_mapped", "unmapped_carrier")
    assert failure.value == shown


def test_a_parcel_without_carrier_and_number_lacks_its_number_and_no_mapping() -> None:
    failure = only_failure(dispatch(carrier="", tracking_number=None))
    assert (failure.expectation, failure.hold_type) == ("expect_tracking_number", "missing_tracking")


def test_service_of_its_own_goes_before_the_wildcard() -> None:
    assert FACTS.carrier_code("Blue Van", "Next Day") == "BLUE-ND"
    assert FACTS.carrier_code("Blue Van", "Saver") == "BLUE"
    assert FACTS.carrier_code("Red Van", "") is None


def test_carrier_code_that_is_not_approved_is_held() -> None:
    failure = only_failure(dispatch(carrier="Red Van", service="Saver"))
    assert (failure.expectation, failure.hold_type, failure.value) == (
        "expect_carrier_approved",
        "carrier_not_approved",
        "RED",
    )
    assert only_failure(dispatch(), replace(FACTS, approved=frozenset({"blue"}))).hold_type == "carrier_not_approved"
    assert only_failure(dispatch(), replace(FACTS, approved=frozenset())).hold_type == "carrier_not_approved"


@pytest.mark.parametrize(
    "number", [None, "", "  ", "n/a", "TBC", "0000000", "123", "JD00022123\n", "JD000\u200b2212345"]
)
def test_tracking_number_that_is_missing_or_no_number_is_held(number: str | None) -> None:
    failure = only_failure(dispatch(tracking_number=number))
    assert (failure.expectation, failure.hold_type) == ("expect_tracking_number", "missing_tracking")


def test_a_number_that_is_not_of_the_form_of_its_carrier_is_held() -> None:
    facts = replace(FACTS, tracking_numbers={"BLUE": "[0-9]{14}", "RED": "H[0-9]{15}"})
    assert gate([dispatch(tracking_number="15501234567890")], facts).failures == {}
    for number in ("1550123456789", "155012345678901", "H001550123456789", "x15501234567890"):
        failure = only_failure(dispatch(tracking_number=number), facts)
        assert (failure.expectation, failure.hold_type) == ("expect_tracking_number_of_carrier", "missing_tracking")
        assert failure.value == f"{number} (expected: [0-9]{{14}})"
    assert only_failure(dispatch(tracking_number=None), facts).expectation == "expect_tracking_number", "told once"


def test_a_carrier_without_a_form_is_asked_only_for_a_number() -> None:
    facts = replace(FACTS, tracking_numbers={"BLUE": "[0-9]{14}"})
    assert gate([dispatch(service="Next Day", tracking_number="H001550123456789")], facts).failures == {}


@pytest.mark.parametrize(
    ("bad", "expectation"),
    [
        (dispatch(shipped("ZZ-9")), "expect_sku_ordered"),
        (dispatch(shipped("ab-2")), "expect_sku_ordered"),
        (dispatch(shipped(quantity=3)), "expect_quantity_awaited"),
        (dispatch(shipped(quantity=2), shipped(quantity=1)), "expect_quantity_awaited"),
        (dispatch(shipped(quantity=0)), "expect_quantity"),
        (dispatch(shipped(quantity=-1)), "expect_quantity"),
        (dispatch().model_copy(update={"lines": ()}), "expect_dispatch_has_lines"),
        (dispatch(shipped_at=NOW + timedelta(days=1, seconds=1)), "expect_shipped_in_the_past"),
    ],
)
def test_dispatch_that_does_not_fit_is_held(bad: Dispatch, expectation: str) -> None:
    failure = only_failure(bad)
    assert (failure.expectation, failure.hold_type) == (expectation, "dispatch_does_not_fit")


def test_order_that_awaits_nothing_more_takes_no_dispatch() -> None:
    failure = only_failure(dispatch(), replace(FACTS, ordered={"CON-1": {"AB-2": 0}}))
    assert failure.value == "shipped quantity 1, expected at most 0"
    assert only_failure(dispatch(), replace(FACTS, ordered={"CON-1": {}})).expectation == "expect_sku_ordered"


def test_negative_line_does_not_make_room_for_another() -> None:
    held = gate([dispatch(shipped(quantity=-5)), dispatch(shipped(quantity=3), key="S2")], FACTS).failures
    assert [failure.expectation for failure in held["S2"]] == ["expect_quantity_awaited"]


def test_dispatches_of_one_page_cannot_ship_the_same_piece_twice() -> None:
    page = [dispatch(key="S1"), dispatch(key="S2"), dispatch(key="S3")]
    held = gate(page, FACTS).failures
    assert list(held) == ["S3"]
    assert held["S3"][0].value == "shipped quantity 1, expected at most 0"


def test_the_same_dispatch_twice_on_a_page_is_no_second_shipment() -> None:
    whole = dispatch(shipped(quantity=2))
    assert gate([whole, whole], FACTS).failures == {}
