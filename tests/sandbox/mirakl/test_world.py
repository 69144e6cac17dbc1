"""A seller's world over the pretend marketplace, without any integration: what happens there, and what an audit says."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.audit import audit
from sandbox.cin7_core import Cin7Core
from sandbox.config import Config
from sandbox.kit import Clock
from sandbox.mirakl import Account, Mirakl
from sandbox.world import Plan, Trouble, World
from tests.doubles import ManualClock

SMALL = Plan(
    seconds=7_200, orders=20, rush=5, products=10, sell_outs=2, contested=1, sales_elsewhere=4, arrivals=2, breakages=1
)


class Scene:
    """A marketplace, a back office, and a world that is let happen by hand."""

    def __init__(self, plan: Plan = SMALL, trouble: Trouble | None = None, **market: Any) -> None:
        self.clock = ManualClock()
        clock: Clock = self.clock
        self.market = Mirakl(clock, accounts=[Account("acme", "key")], **market)
        self.office = Cin7Core(clock, account_id="account", application_key="key")
        self.world = World(self.market, "acme", self.office, clock, plan=plan, trouble=trouble or Trouble.none())

    def live(self) -> list[str]:
        """Let the whole day happen, in a moment."""
        told = []
        while (at := self.world.next_at()) < self.world.closes_at:
            self.clock.reach(at)
            told.append(self.world.act())
        return told

    def audited(self) -> dict[str, Any]:
        """Return what the audit says of the account."""
        report = audit([self.market.dump(), self.office.dump()], pairs={"acme": self.office.name})
        found: dict[str, Any] = report["installations"]["acme"]
        return found


def test_customers_buy_and_nobody_takes_their_orders() -> None:
    scene = Scene()
    scene.live()
    found = scene.audited()
    assert found["orders_offered"] == scene.world.customers.orders >= SMALL.orders
    assert found["orders_missing"] == found["orders_offered"]
    assert found["acknowledged_not_in_back_office"] == 0


def test_trouble_happens_here_too() -> None:
    trouble = replace(
        Trouble.none(),
        malformed_payloads=3,
        undocumented_statuses=1,
        cancelled_before_creation=2,
        publishing=1,
        repeated_pages=1,
        unknown_skus=1,
        outages=1,
        server_errors=1,
        lost_answers=0.5,
    )
    scene = Scene(trouble=trouble)
    scene.live()
    so_far = scene.world.trouble_so_far()
    assert so_far["malformed_payloads"] == 3
    assert so_far["undocumented_statuses"] == 1
    assert so_far["cancelled_before_creation"] == scene.audited()["orders_cancelled"] == 2
    assert so_far["publishing"] == 1
    assert scene.market.faults


def test_what_was_accepted_and_is_not_paid_waits_and_is_not_missing() -> None:
    scene = Scene(plan=replace(SMALL, orders=1, rush=0, sell_outs=0, contested=0))
    scene.live()
    shop = scene.market.state.shop("acme")
    [order] = shop.orders.values()
    order.accept(scene.clock.now())
    found = scene.audited()
    assert (found["orders_missing"], found["orders_awaiting_payment"]) == (0, 1)
    assert found["acknowledged_not_in_back_office"] == found["acknowledged_before_back_office"] == 0
    scene.clock.move(200)
    found = scene.audited()
    assert (found["orders_missing"], found["orders_awaiting_payment"]) == (1, 0), "now somebody has to create it"


def test_what_is_published_beyond_the_truth_is_told() -> None:
    scene = Scene(plan=replace(SMALL, orders=0, rush=0, sell_outs=0, contested=0, sales_elsewhere=0))
    offers = scene.market.state.shop("acme").offers
    sku = next(iter(offers.offers))
    scene.clock.move(60)
    offers.offers[sku].publish(9_999, scene.clock.now())
    assert scene.audited()["oversold_units"] > 9_000


@pytest.mark.parametrize("operator", [None, {"payment_seconds": 5, "model": "DROPSHIP"}])
def test_a_configuration_file_can_name_it(operator: dict[str, Any] | None) -> None:
    text = {
        "control_port": 1,
        "epoch": datetime(2026, 3, 2, tzinfo=UTC).isoformat(),
        "systems": [
            {
                "name": "market",
                "class": "Mirakl",
                "port": 2,
                "arguments": {"accounts": [{"name": "acme", "api_key": "key"}], "operator": operator},
            },
            {
                "name": "books",
                "class": "Cin7Core",
                "port": 3,
                "arguments": {"account_id": "account", "application_key": "key"},
            },
        ],
        "worlds": [
            {"marketplace": "market", "account": "acme", "back_office": "books", "plan": {"orders": 1, "rush": 0}}
        ],
    }
    config = Config.read(json.dumps(text))
    market = config.systems["market"]
    assert isinstance(market, Mirakl)
    assert market.state.operator.model == ("DROPSHIP" if operator else "MARKETPLACE")
    assert len(config.worlds) == 1
