import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import ean as stdnum_ean

from domain.identifiers import sku_fault, tracking_fault
from expectations.forms import ean_form, sku_form, tracking_form


def test_check_digit_agrees_with_stdnum_over_many_values() -> None:
    source = random.Random(13)  # noqa: S311 - values to test with, no secret
    values = [f"{source.randrange(10**13):013d}" for _ in range(20_000)]
    values += [body + stdnum_ean.calc_check_digit(body) for body in (value[:-1] for value in values[:5_000])]
    expected = [stdnum_ean.is_valid(value) for value in values]
    assert sum(expected) > 6_000
    assert ean_form(values).tolist() == expected


def test_every_wrong_check_digit_is_refused() -> None:
    assert ean_form([f"400638133393{digit}" for digit in range(10)]).tolist() == [digit == 1 for digit in range(10)]


@pytest.mark.parametrize(
    "ean",
    [
        4006381333931,
        4006381333931.0,
        None,
        float("nan"),
        "",
        "4006381333931\n",
        " 4006381333931",
        "04006381333931",
        "400638133393",
        "٤٠٠٦٣٨١٣٣٣٩٣١",
        "400638133393X",
        "73513537",  # a valid EAN-8
    ],
)
def test_ean_that_is_not_thirteen_digits_of_text_is_refused(ean: object) -> None:
    assert ean_form([ean]).tolist() == [False]
    assert ean_form(["4006381333931", ean, "4006381333931"]).tolist() == [True, False, True]


def test_no_values_make_no_answers() -> None:
    assert ean_form([]).tolist() == sku_form([]).tolist() == tracking_form([]).tolist() == []


@given(st.lists(st.text(st.characters(max_codepoint=0x2100), max_size=6)))
def test_sku_form_is_the_domain_s(skus: list[str]) -> None:
    assert sku_form(skus).tolist() == [sku_fault(sku) is None for sku in skus]


@pytest.mark.parametrize(
    "sku",
    [None, 12, "", " ", " AB-2", "AB-2 ", "AB-2\n", "\tAB-2", "AB-2\u200b", "AB\u00a02", "АB-2", "AB–2"],  # noqa: RUF001 - look-alikes are the point
)
def test_sku_with_white_space_or_look_alikes_is_refused(sku: object) -> None:
    assert sku_form([sku]).tolist() == [False]


@pytest.mark.parametrize("sku", ["AB-2", "A", "AB 2", "ab_2/3.#4"])
def test_plain_sku_is_taken(sku: str) -> None:
    assert sku_form([sku]).tolist() == [True]


def test_tracking_form_is_the_domain_s() -> None:
    values = ["JD0002212345678", "", " ", "n/a", "TBC", "000000", "12", "JD0002212345678\n", "٤٠٠٦٣٨١٣٣٣٩٣١"]
    assert (
        tracking_form([*values, None, 12345678]).tolist() == [tracking_fault(v) is None for v in values] + [False] * 2
    )
    assert tracking_form(values).tolist() == [True] + [False] * 8
