import pytest

from domain.counts import Counts
from expectations.gate import Facts, gate
from tests.expectations.making import FACTS, NOW, level


def test_good_levels_pass_and_need_no_known_sku() -> None:
    levels = [level("ZZ-9"), level("AB-2", 0), level("CD-3", -1_000_000), level("EF-4", 10_000_000)]
    verdict = gate(Counts.of(levels), Facts(now=NOW))
    assert (verdict.failures, verdict.judged) == ({}, 4)


@pytest.mark.parametrize("sku", ["", "AB-2 ", "AB-2\u200b", "АB-2"])  # noqa: RUF001 - a look-alike is the point
def test_sku_of_bad_form_is_held(sku: str) -> None:
    bad = level(sku)
    (failure,) = gate(Counts.of([level(), bad]), FACTS).failures[bad.key]
    assert failure.hold_type == "sku_form"


@pytest.mark.parametrize("quantity", [-1_000_001, 10_000_001, 10**30])
def test_count_that_cannot_be_right_is_held(quantity: int) -> None:
    bad = level(quantity=quantity)
    (failure,) = gate(Counts.of([bad]), FACTS).failures[bad.key]
    assert (failure.expectation, failure.hold_type) == ("expect_quantity", "quantity")
    assert str(quantity) in failure.value
