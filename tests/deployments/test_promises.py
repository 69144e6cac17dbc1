"""The verdict on the demo's day: it is good only when all happened that was promised, and nothing went wrong."""

import copy
from typing import Any

import pytest

from deployments.demo.account import is_kept
from deployments.demo.promises import Promise, promises

TROUBLE = {
    "outages": 2,
    "rate_limited": 1,
    "server_errors": 1,
    "html_pages": 1,
    "unknown_skus": 1,
    "trailing_spaces": 1,
    "wrong_eans": 1,
    "unmapped_carriers": 1,
}
GOOD_DAY: dict[str, Any] = {
    "orders_offered": 1000,
    "orders_lost": 0,
    "orders_duplicated": 0,
    "orders_waiting": 0,
    "explained": True,
    "oversold_units": 0,
    "skus_sold_out": 30,
    "skus_sold_out_at_once": 10,
    "kills": 2,
    "unknown_outcomes": 1,
    "trouble": {"acme": dict(TROUBLE), "zephyr": TROUBLE | {"errors_in_200": 1}},
}


def broken(told: dict[str, Any], *, all_trade: bool = True) -> list[Promise]:
    return [one for one in promises(told, all_trade=all_trade, errs_in_200=["zephyr"]) if not one.kept]


def verdict(told: dict[str, Any]) -> bool:
    shown = [one.shown() for one in promises(told, all_trade=True, errs_in_200=["zephyr"])]
    return is_kept({**told, "promises": shown})


def test_a_day_that_just_keeps_its_promises_is_good() -> None:
    assert broken(GOOD_DAY) == []
    assert verdict(GOOD_DAY)


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("orders_offered", 999),
        ("orders_lost", 1),
        ("orders_duplicated", 1),
        ("orders_waiting", 1),
        ("explained", False),
        ("oversold_units", 1),
        ("skus_sold_out", 29),
        ("skus_sold_out_at_once", 9),
        ("kills", 1),
        ("unknown_outcomes", 0),
    ],
)
def test_a_figure_that_is_not_as_promised_is_the_one_that_is_named(name: str, figure: Any) -> None:
    told = GOOD_DAY | {name: figure}
    assert [one.figure for one in broken(told)] == [figure]
    assert not verdict(told)


@pytest.mark.parametrize("name", [*TROUBLE, "errors_in_200"])
def test_a_trouble_that_one_seller_never_had_is_a_promise_not_kept(name: str) -> None:
    told = copy.deepcopy(GOOD_DAY)
    told["trouble"]["zephyr"][name] -= 1
    (one,) = broken(told)
    assert one.figure == GOOD_DAY["trouble"]["zephyr"][name] - 1
    assert not verdict(told)


def test_a_thousand_orders_are_promised_where_all_sellers_trade() -> None:
    few = GOOD_DAY | {"orders_offered": 400}
    assert broken(few, all_trade=False) == []
    assert len(broken(few)) == 1
    assert len(broken(GOOD_DAY | {"orders_offered": 0}, all_trade=False)) == 1


def test_a_report_without_promises_keeps_none() -> None:
    assert not is_kept({"explained": True})
    assert not is_kept({"explained": True, "promises": []})
