"""The demo's account: every offered order in one class, judged by both sides."""

from typing import Any

import pytest

from deployments.demo.account import account_for
from sandbox.audit.trades import Trade


def trade(*taken: str, reference: str = "100", status: str = "ORDER", lines: bool = True) -> Trade:
    """Return an offered order, and a back-office order in each of these states under its number."""
    order: dict[str, Any] = {"reference": reference, "lines": [{"line": "1", "status": status}]}
    return Trade(order, [{"state": state, "lines": [{"sku": "MUG-1"}] if lines else []} for state in taken])


@pytest.mark.parametrize(
    ("offered", "ours", "expected"),
    [
        (trade("processing"), "accepted", "accepted"),
        (trade("BACKORDERED"), "held", "accepted"),
        (trade("processing"), "waiting", "waiting"),
        (trade("processing"), "", "lost"),
        (trade("processing"), "cancelled", "lost"),
        (trade(), "accepted", "lost"),
        (trade(), "", "lost"),
        (trade(), "held", "held"),
        (trade(), "waiting", "waiting"),
        (trade(status="CANCEL_ACK"), "cancelled", "cancelled"),
        (trade("VOIDED", status="CANCEL_ACK"), "accepted", "cancelled"),
        (trade(), "cancelled", "lost"),
        (trade(status="CANCEL_ACK"), "accepted", "lost"),
        (trade("processing", "processing"), "accepted", "duplicated"),
        (trade("processing", lines=False), "accepted", "lost"),
        (trade("VOIDED", "processing"), "accepted", "accepted"),
    ],
)
def test_an_order_is_in_the_class_that_both_sides_bear_out(offered: Trade, ours: str, expected: str) -> None:
    account = account_for([offered], {"100": ours} if ours else {})
    assert [name for name, references in account.classes.items() if references] == [expected]
    assert account.explained is (expected in {"accepted", "held", "cancelled"})


def test_an_order_that_is_offered_twice_under_one_number_is_not_explained() -> None:
    account = account_for([trade("processing"), trade("processing")], {"100": "accepted"})
    assert not account.explained


def test_an_account_without_any_order_is_explained() -> None:
    assert account_for([], {"900": "accepted"}).explained
