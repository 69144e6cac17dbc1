"""The audit against dumps made by hand, of which the right answer is known."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.audit import audit

OPEN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FAULTS = {
    "orders_duplicated",
    "orders_cancelled",
    "orders_awaiting_payment",
    "orders_missing",
    "orders_of_no_marketplace",
    "acknowledged_not_in_back_office",
    "acknowledged_before_back_office",
    "shipped_after_cancellation",
    "dispatched_beyond_ordered",
    "dispatched_before_shipped",
    "oversold_units",
    "sold_on_stale",
    "sold_unjustified",
}


def at(minutes: float) -> str:
    return (OPEN + timedelta(minutes=minutes)).isoformat()


def line(quantity: int = 1, sku: str = "MUG", status: str = "ORDER_ACK", **fields: Any) -> dict[str, Any]:
    return {"line": "1", "stock_number": "1", "sku": sku, "quantity": quantity, "status": status, "dispatches": []} | (
        fields
    )


def told(minutes: float, quantity: int, tracking: str = "T1") -> dict[str, Any]:
    return {"at": at(minutes), "quantity": quantity, "carrier": "dpd", "tracking": tracking}


def order(reference: str, lines: list[dict[str, Any]], placed: float = 10, **fields: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(("cancel_requested_at", "cancelled_at", "acknowledged_at"))
    return {"reference": reference, "id": reference, "placed_at": at(placed), **nothing, "lines": lines, **fields}


def taken(reference: str, units: dict[str, int], created: float = 12, **fields: Any) -> dict[str, Any]:
    lines = [{"sku": sku, "quantity": quantity, "shipped": 0, "cancelled": 0} for sku, quantity in units.items()]
    made = {"created_at": at(created), "deducted_at": at(created) if lines else None}
    rest = {"channel": "integration", "state": "ORDERED", "shipments": []}
    return {"id": f"{reference}-{created}", "reference": reference, **made, **rest, "lines": lines, **fields}


def shipment(minutes: float, units: dict[str, int], tracking: str = "T1") -> dict[str, Any]:
    return {"id": tracking, "at": at(minutes), "carrier": "DPD", "tracking": tracking, "lines": units}


def audited(
    orders: list[dict[str, Any]],
    office_orders: list[dict[str, Any]],
    published: Sequence[tuple[float, int]] = ((0, 10),),
    free: Sequence[tuple[float, int]] = ((0, 100),),
    age_limit_minutes: float = 240,
) -> dict[str, Any]:
    listing = {"stock_number": "1", "sku": "MUG", "published": [[at(when), value] for when, value in published]}
    account = {"orders": orders, "listings": [listing], "refusals": {}}
    stock = [{"sku": "MUG", "physical": 0, "free": 0, "history": [[at(when), units] for when, units in free]}]
    dumps: list[dict[str, Any]] = [
        {"system": "edge", "kind": "marketplace", "accounts": {"acme": account}},
        {"system": "shop", "kind": "back_office", "orders": office_orders, "stock": stock},
        {"system": "slack", "messages": []},
    ]
    report = audit(dumps, age_limit_minutes)
    counts = dict(report["installations"]["acme"])
    offending, system = counts.pop("offending"), counts.pop("back_office")
    assert system == "shop"
    assert counts == report["total"]
    assert set(offending) <= FAULTS
    return {**{name: count for name, count in counts.items() if count}, **{f"{k}!": v for k, v in offending.items()}}


def test_a_good_day_has_no_fault() -> None:
    bought = order("1", [line(2, dispatches=[told(40, 2)], status="DISPATCH")], acknowledged_at=at(13))
    made = taken("1", {"MUG": 2}, shipments=[shipment(30, {"MUG": 2})])
    published = [(0, 10), (1, 100), (10, 98), (20, 98)]
    assert audited([bought], [made], published, [(0, 100), (12, 98)]) == {
        "orders_offered": 1,
        "orders_in_back_office": 1,
        "dispatches_shipped": 1,
        "dispatches_confirmed": 1,
        "stock_changes": 2,
    }


def test_a_sku_sells_out_and_on_two_channels_at_once_only_when_both_sold_it_then() -> None:
    bought, made = order("1", [line()]), taken("1", {"MUG": 1})
    web = taken("", {"MUG": 1}, 11, channel="web")
    alone = audited([bought], [made], free=[(0, 1), (12, 0)])
    assert (alone["skus_sold_out"], alone.get("skus_sold_out_at_once")) == (1, None)
    both = audited([bought], [made, web], free=[(0, 2), (11, 1), (12, 0)])
    assert (both["skus_sold_out"], both["skus_sold_out_at_once"]) == (1, 1)
    long_ago = taken("", {"MUG": 1}, -60, channel="web")
    assert "skus_sold_out_at_once" not in audited([bought], [made, long_ago], free=[(0, 1), (12, 0)])
    assert "skus_sold_out" not in audited([bought], [made], free=[(0, 2), (12, 1)])
    assert "skus_sold_out" not in audited([], [], free=[(0, 1), (12, 0)])  # a breakage is no sale


def test_a_duplicated_order_is_found_and_a_voided_one_is_none() -> None:
    orders = [order("1", [line()]), order("2", [line()])]
    twice = [taken("1", {"MUG": 1}), taken("1", {"MUG": 1}, 13)]
    once = [taken("2", {"MUG": 1}), taken("2", {"MUG": 1}, 13, state="VOIDED")]
    found = audited(orders, [*twice, *once])
    assert (found["orders_in_back_office"], found["orders_duplicated"], found["orders_duplicated!"]) == (2, 1, ["1"])
    # A second header without lines is a duplicate too, and alone it is no order.
    assert audited([orders[0]], [twice[0], taken("1", {}, 13)])["orders_duplicated"] == 1
    assert audited([orders[0]], [taken("1", {})])["orders_missing!"] == ["1"]


def test_orders_are_missing_or_cancelled_when_the_back_office_has_none() -> None:
    cancelled = order("2", [line(status="CANCEL")], cancel_requested_at=at(11))
    half = order("3", [line(status="CANCEL"), line(status="ORDER")], cancel_requested_at=at(11))
    found = audited([order("1", [line()]), cancelled, half, order("4", [])], [taken("5", {"MUG": 1}), taken("", {})])
    assert found == {
        "orders_offered": 4,
        "orders_cancelled": 1,
        "orders_missing": 3,
        "orders_missing!": ["1", "3", "4"],
        "orders_of_no_marketplace": 1 + 1,
        "orders_of_no_marketplace!": ["5", ""],
    }


def test_an_acknowledgement_needs_an_order_that_was_there_first() -> None:
    orders = [order(name, [line()], acknowledged_at=at(20)) for name in "123"]
    found = audited(orders, [taken("1", {"MUG": 1}, 19), taken("2", {"MUG": 1}, 21)])
    assert found["acknowledged_not_in_back_office!"] == ["3"]
    assert found["acknowledged_before_back_office!"] == ["2"]


def test_a_dispatch_counts_as_confirmed_when_all_its_units_were_told() -> None:
    bought = order("1", [line(3, dispatches=[told(50, 1, "T2")])])
    made = taken("1", {"MUG": 3}, shipments=[shipment(30, {"MUG": 2}, ""), shipment(31, {"MUG": 1}, "T2")])
    found = audited([bought], [made])
    assert (found["dispatches_shipped"], found["dispatches_confirmed"]) == (2, 1)
    bought["lines"][0]["dispatches"].append(told(51, 1, "T1"))
    assert audited([bought], [made])["dispatches_confirmed"] == 1
    bought["lines"][0]["dispatches"].append(told(52, 1, "T1"))
    assert audited([bought], [made])["dispatches_confirmed"] == 2


def test_more_dispatched_than_ordered_or_shipped_is_found() -> None:
    bought = order("1", [line(2, dispatches=[told(40, 2), told(50, 2)])])
    made = taken("1", {"MUG": 2}, shipments=[shipment(39, {"MUG": 1}), shipment(45, {"MUG": 1})])
    found = audited([bought], [made])
    assert (found["dispatched_beyond_ordered"], found["dispatched_beyond_ordered!"]) == (2, ["1 line 1"])
    assert found["dispatched_before_shipped"] == 3


def test_goods_that_leave_after_the_customer_cancelled_are_found() -> None:
    bought = order("1", [line(status="CANCEL")], cancel_requested_at=at(20))
    early, late = (taken("1", {"MUG": 1}, shipments=[shipment(when, {"MUG": 1})]) for when in (19, 21))
    assert "shipped_after_cancellation" not in audited([bought], [early])
    assert audited([bought], [late])["shipped_after_cancellation!"] == ["1"]


@pytest.mark.parametrize(("when", "excess"), [(239, 0), (241, 3)])
def test_a_published_number_is_justified_by_a_truth_within_the_age_limit(when: float, excess: int) -> None:
    found = audited([], [], [(0, 0), (when + 10, 5)], [(0, 5), (10, 2)])
    assert found.get("oversold_units", 0) == excess
    assert found["stock_changes"] == 1


def test_an_oversold_publication_is_found_with_its_sku() -> None:
    found = audited([], [], [(0, 0), (5, 7), (6, 0), (7, 5)], [(0, 5)])
    assert (found["oversold_units"], found["stock_changes"]) == (2, 3)
    assert found["oversold_units!"] == [f"MUG at {at(5)}: 7 published"]


def test_what_the_marketplace_sold_is_not_free_until_the_back_office_has_deducted_it() -> None:
    bought, opening = order("1", [line(2)], placed=10), [(0, 5), (10, 3)]
    justified = audited([bought], [], [*opening, (300, 3)], [(0, 5)])
    assert "oversold_units" not in justified
    assert audited([bought], [], [*opening, (300, 5)], [(0, 5)])["oversold_units"] == 2
    # Taken by the back office: its own number is lower now, and counts alone.
    made = taken("1", {"MUG": 2}, 12)
    assert "oversold_units" not in audited([bought], [made], [*opening, (300, 3)], [(0, 5), (12, 3)])
    assert audited([bought], [made], [*opening, (300, 4)], [(0, 5), (12, 3)])["oversold_units"] == 1
    # Cancelled before it was created, it is free again.
    gone = order("1", [line(2, status="CANCEL")], placed=10, cancel_requested_at=at(11))
    assert "oversold_units" not in audited([gone], [], [*opening, (300, 5)], [(0, 5)])


def test_a_header_without_lines_does_not_deduct() -> None:
    header = taken("1", {}, 12)
    found = audited([order("1", [line(2)])], [header], [(0, 5), (10, 3), (300, 5)], [(0, 5)])
    assert found["oversold_units"] == 2


def test_a_line_in_an_undocumented_state_sells_nothing_yet() -> None:
    found = audited([order("1", [line(2, status="IN_LIMBO")])], [], [(0, 5), (300, 5)], [(0, 5)])
    assert "oversold_units" not in found


def test_a_sku_that_the_back_office_does_not_know_may_not_be_published() -> None:
    assert audited([], [], [(0, 0), (5, 1)], [])["oversold_units"] == 1


def test_a_sale_beyond_the_truth_is_stale_when_the_number_was_once_right_and_unjustified_when_not() -> None:
    bought = order("1", [line(2)], placed=20)
    published = [(0, 0), (5, 3), (20, 1)]
    stale = audited([bought], [], published, [(0, 3), (15, 1)])
    assert (stale["sold_on_stale"], stale["sold_on_stale!"]) == (1, ["1: MUG"])
    assert "sold_unjustified" not in stale
    old = audited([bought], [], published, [(0, 3), (15, 1)], age_limit_minutes=4)
    assert (old["sold_unjustified"], "sold_on_stale" in old) == (1, False)


def test_two_sales_in_one_moment_follow_each_other() -> None:
    orders = [order(name, [line(1)], placed=20) for name in "12"]
    found = audited(orders, [], [(0, 2), (20, 1), (20, 0)], [(0, 2), (10, 1)])
    assert (found["sold_on_stale"], found["sold_on_stale!"]) == (1, ["2: MUG"])


def dumps_of_two_sellers() -> list[dict[str, Any]]:
    accounts = {name: {"orders": [order(name, [line()])], "listings": []} for name in ("acme", "zephyr")}
    offices = [("magento-1", "acme"), ("cin7-1", "zephyr")]
    return [
        {"system": "edge", "kind": "marketplace", "accounts": accounts},
        *(
            {"system": system, "kind": "back_office", "orders": [taken(name, {"MUG": 1})], "stock": []}
            for system, name in offices
        ),
    ]


def test_accounts_are_joined_to_back_offices_by_references_or_as_told() -> None:
    dumps = dumps_of_two_sellers()
    joined = audit(dumps)
    assert {k: v["back_office"] for k, v in joined["installations"].items()} == {
        "acme": "magento-1",
        "zephyr": "cin7-1",
    }
    assert (joined["total"]["orders_offered"], joined["total"]["orders_missing"]) == (2, 0)
    crossed = audit(dumps, pairs={"acme": "cin7-1", "zephyr": "magento-1"})
    assert (crossed["total"]["orders_missing"], crossed["total"]["orders_of_no_marketplace"]) == (2, 2)
    with pytest.raises(ValueError, match="only: magento-1, cin7-1"):
        audit(dumps, pairs={"acme": "other"})
    dumps[1]["orders"] = []
    with pytest.raises(ValueError, match="say which is its own: acme=SYSTEM"):
        audit(dumps)
    with pytest.raises(ValueError, match="two back offices are called cin7-1"):
        audit([*dumps, dumps[2]])


def test_the_command_prints_the_audit_of_files(tmp_path: Path) -> None:
    store = tmp_path / "stores.json"
    store.write_text(json.dumps(dumps_of_two_sellers()), encoding="utf-8")
    command = [sys.executable, "-m", "sandbox.audit", str(store), "acme=magento-1", "zephyr=magento-1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own command
    assert json.loads(done.stdout)["installations"]["zephyr"]["offending"]["orders_missing"] == ["zephyr"]
    done = subprocess.run([*command, "x.json"], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own command
    assert done.returncode == 1
    assert done.stderr.startswith("audit: ")


def test_a_day_of_thousands_of_orders_is_audited_in_seconds() -> None:
    number = 20_000
    orders = [order(str(n), [line(1)], placed=n / 100 + 1) for n in range(number)]
    made = [taken(str(n), {"MUG": 1}, n / 100 + 1.5) for n in range(number)]
    free = [(0.0, number)] + [(n / 100 + 1.5, number - n - 1) for n in range(number)]
    published = [(0.0, number)] + [(n / 100 + 1, number - n - 1) for n in range(number)]
    began = time.process_time()
    found = audited(orders, made, published, free)
    assert time.process_time() - began < 10
    assert found == {"orders_offered": number, "orders_in_back_office": number, "skus_sold_out": 1}
