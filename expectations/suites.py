"""The suites: what is expected of each kind of record, who is asked when it fails, and how it is mended.

`meta` names the expectation, its hold type (a key of `domain.holds.HOLD_TYPES`) and the fix.
The order is the order in which failures are reported.
"""

from typing import Any

import great_expectations as gx

from domain.holds import HOLD_TYPES
from domain.limits import OrderLimits
from domain.records import Kind
from expectations.custom import (
    ExpectEanForm,
    ExpectForm,
    ExpectMatch,
    ExpectPresent,
    ExpectSkuForm,
    ExpectTrackingForm,
    ExpectWithin,
    RowExpectation,
)

LARGEST_ORDER_LINE = 10_000
_LOST = (
    "The back office would lose a character there (an emoji, a rare one of a name). Ask John Lewis for the address "
    "without it, or key the order by hand: when it is released it is found there by its Customer Order Number."
)
SMALLEST_COUNT, LARGEST_COUNT = -1_000_000, 10_000_000


def _named(name: str, hold_type: str, fix: str = "") -> dict[str, Any]:
    return {"name": name, "hold_type": hold_type, "fix": fix or HOLD_TYPES[hold_type].next_step}


def _sales_order_lines() -> list[RowExpectation]:
    return [
        ExpectWithin(
            column="line_count",
            minimum=1,
            meta=_named("expect_order_has_lines", "malformed_payload", "Ask John Lewis why the order shows no lines."),
        ),
        ExpectPresent(
            column="sku",
            about="stock_number",
            when="goes_by_number",
            meta=_named(
                "expect_line_to_be_listed",
                "unknown_sku",
                "No listing has this stock number: correct the listing, or the list of stock numbers; the next items run "
                "releases the order.",
            ),
        ),
        ExpectSkuForm(column="sku", when="goes_by_sku", meta=_named("expect_sku_form", "sku_form")),
        ExpectMatch(
            column="sku", other="item_sku", when="sku_is_formed", meta=_named("expect_sku_known", "unknown_sku")
        ),
        ExpectEanForm(
            column="ean",
            when="has_ean",
            meta=_named("expect_ean_form", "ean", "Correct the EAN of the listing, then release."),
        ),
        ExpectMatch(column="ean", other="item_ean", when="eans_compare", meta=_named("expect_ean_of_item", "ean")),
        ExpectWithin(
            column="quantity",
            minimum=1,
            maximum=LARGEST_ORDER_LINE,
            when="has_line",
            meta=_named("expect_quantity", "quantity"),
        ),
    ]


def _sales_order_heads(limits: OrderLimits) -> list[RowExpectation]:
    too_long = "Ask John Lewis for a corrected reference; the back office cannot hold this one."
    return [
        _text("expect_name", "name_length", limits.name_length),
        _text("expect_street", "street_lines", limits.street_lines),
        _text("expect_street_line_length", "longest_street_line", limits.street_line_length, minimum=None),
        _text("expect_city", "city_length", limits.city_length),
        _text("expect_postcode", "postcode_length", limits.postcode_length),
        ExpectMatch(
            column="country",
            other="country_taken",
            when="address_is_given",
            meta=_named("expect_country_taken", "address"),
        ),
        ExpectWithin(
            column="phone_length",
            minimum=int(limits.phone_required),
            when="address_is_given",
            meta=_named("expect_phone", "address"),
        ),
        ExpectWithin(
            column="gift_message_length",
            maximum=limits.gift_message_length,
            meta=_named("expect_gift_message_length", "gift_message"),
        ),
        ExpectMatch(
            column="lost_in_address", other="nothing_lost", meta=_named("expect_address_storable", "address", _LOST)
        ),
        ExpectMatch(
            column="lost_in_gift_message",
            other="nothing_lost",
            meta=_named("expect_gift_message_storable", "gift_message"),
        ),
        ExpectWithin(
            column="reference_length",
            minimum=1,
            maximum=limits.reference_length,
            meta=_named("expect_reference", "malformed_payload", too_long),
        ),
        ExpectMatch(
            column="currency",
            other="currency_taken",
            meta=_named(
                "expect_currency_taken",
                "unknown_value",
                "Name the currency in the installation's policy if it is meant to be taken, then release.",
            ),
        ),
        ExpectMatch(column="test_order", other="test_order_taken", meta=_named("expect_no_test_order", "test_order")),
        ExpectMatch(
            column="known_over",
            other="no_other_account",
            meta=_named("expect_order_of_one_account", "known_on_another_account"),
        ),
    ]


def _text(name: str, column: str, maximum: int, minimum: int | None = 1) -> RowExpectation:
    return ExpectWithin(
        column=column, minimum=minimum, maximum=maximum, when="address_is_given", meta=_named(name, "address")
    )


def _stock_levels() -> list[RowExpectation]:
    return [
        ExpectSkuForm(column="sku", meta=_named("expect_sku_form", "sku_form")),
        ExpectWithin(
            column="quantity",
            minimum=SMALLEST_COUNT,
            maximum=LARGEST_COUNT,
            meta=_named("expect_quantity", "quantity", "Correct the count in the back office; the next scan reads it."),
        ),
    ]


def _dispatches() -> list[RowExpectation]:
    unfit = "dispatch_does_not_fit"
    return [
        ExpectMatch(
            column="order_reference",
            other="known_reference",
            meta=_named("expect_order_known", "dispatch_without_order"),
        ),
        ExpectPresent(
            column="carrier_code",
            about="carrier_and_service",
            when="carrier_is_told",
            meta=_named("expect_carrier_mapped", "unmapped_carrier"),
        ),
        ExpectMatch(
            column="carrier_code",
            other="approved_code",
            when="carrier_is_mapped",
            meta=_named("expect_carrier_approved", "carrier_not_approved"),
        ),
        ExpectTrackingForm(column="tracking_number", meta=_named("expect_tracking_number", "missing_tracking")),
        ExpectForm(
            column="tracking_number",
            form="tracking_form",
            when="tracking_form_is_known",
            meta=_named(
                "expect_tracking_number_of_carrier",
                "missing_tracking",
                "It is no number of that carrier: correct the number, or the carrier, on the shipment. If it is right, correct "
                "the form in tracking_numbers of the installation's file, then release.",
            ),
        ),
        ExpectWithin(column="line_count", minimum=1, meta=_named("expect_dispatch_has_lines", unfit)),
        ExpectMatch(
            column="sku", other="ordered_sku", when="can_compare_sku", meta=_named("expect_sku_ordered", unfit)
        ),
        ExpectWithin(column="quantity", minimum=1, when="has_line", meta=_named("expect_quantity", unfit)),
        ExpectWithin(
            column="shipped_quantity",
            maximum="awaited_quantity",
            when="can_compare_quantity",
            meta=_named("expect_quantity_awaited", unfit),
        ),
        ExpectWithin(
            column="shipped_at",
            maximum="latest_shipped_at",
            meta=_named(
                "expect_shipped_in_the_past", unfit, "Correct the date of the shipment, or the back office's clock."
            ),
        ),
    ]


def suite(kind: Kind, limits: OrderLimits) -> gx.ExpectationSuite:
    """Return a new suite for a kind of record. Raises KeyError for a kind that no gate judges."""
    expectations = {
        Kind.SALES_ORDER: lambda: _sales_order_lines() + _sales_order_heads(limits),
        Kind.STOCK_LEVEL: _stock_levels,
        Kind.DISPATCH: _dispatches,
    }[kind]
    return gx.ExpectationSuite(name=kind.value, expectations=expectations())
