"""Going live: what people keyed by hand is never doubled, and who only observes sends nothing."""

import pytest

from domain.installation import Mode
from tasks.operators import release
from tests.stateful.offices import OFFICES
from tests.tasks.trading import trading

OPEN_ORDERS = 300


ASKED_BY_REFERENCE = sorted(OFFICES.keys() - {"seko"})
"""The back offices in which an order can be looked up by a number that a person wrote."""


@pytest.mark.parametrize("office", ASKED_BY_REFERENCE)
def test_of_300_open_orders_keyed_by_hand_none_is_doubled(office: str) -> None:
    with trading(office) as trade:
        trade.no_moment_of_going_live()
        trade.office.receive_stock("SKU-0", OPEN_ORDERS + 10)
        open_orders = [trade.order("SKU-0") for _ in range(OPEN_ORDERS)]
        for reference in open_orders:
            trade.office.key_order_by_hand(reference, {"SKU-0": 1})
        forgotten = trade.order("SKU-0")  # open too, and keyed by nobody
        trade.wait(60)
        trade.run("items")
        for _ in range(20):  # each run is a slice, and the call budgets are the vendors' own
            trade.run("orders")
            trade.wait(300)
            if len(trade.acknowledged()) > OPEN_ORDERS:
                break
        assert trade.acknowledged() == {*open_orders, forgotten}
        assert set(trade.taken()) == {*open_orders, forgotten}
        assert set(trade.taken().values()) == {1}
        assert trade.held() == []


def test_where_orders_keyed_by_hand_cannot_be_looked_up_a_person_is_asked_about_each() -> None:
    with trading("seko") as trade:
        trade.no_moment_of_going_live()
        trade.office.receive_stock("SKU-0", OPEN_ORDERS + 10)
        by_hand = [trade.order("SKU-0") for _ in range(OPEN_ORDERS)]
        for reference in by_hand:
            trade.office.key_order_by_hand(f"WEB-{reference}", reference, {"SKU-0": 1})
        forgotten = trade.order("SKU-0")
        trade.wait(60)
        trade.run("items")
        for _ in range(20):
            trade.run("orders")
            trade.wait(300)
            if len(trade.held()) > OPEN_ORDERS:
                break
        assert {one.type for one in trade.held()} == {"keyed_by_hand"}
        assert len(trade.held()) == OPEN_ORDERS + 1
        assert trade.taken() == dict.fromkeys(by_hand, 1)
        trade.ask(release, order=forgotten, cause=0, message=0, reason="not there", by="Sam", dry_run=False)
        trade.run("orders")
        trade.wait(400)
        trade.run("orders")
        assert trade.taken() == dict.fromkeys([*by_hand, forgotten], 1)
        assert forgotten in trade.acknowledged()


@pytest.mark.parametrize("office", sorted(OFFICES))
def test_who_observes_files_and_holds_and_sends_nothing_until_it_trades(office: str) -> None:
    with trading(office) as trade:
        trade.set_mode(Mode.OBSERVE)
        trade.no_moment_of_going_live()
        trade.office.receive_stock("SKU-0", 10)
        reference = trade.order("SKU-0")
        unknown = trade.order_of_nothing_known("NO-SUCH-SKU")
        shown = {sku: trade.machine.numbers_shown(sku) for sku in trade.machine.actors.skus}
        for loop in ("items", "orders", "stock", "orders", "dispatch"):
            trade.run(loop)
            trade.wait(60)
        assert [one.type for one in trade.held()] == ["unknown_sku"]
        assert not trade.taken()
        assert not trade.acknowledged()
        assert {sku: trade.machine.numbers_shown(sku) for sku in shown} == shown
        trade.set_mode(Mode.TRADE)
        for loop in ("orders", "orders", "stock", "orders"):
            trade.run(loop)
            trade.wait(400)
        if office not in ASKED_BY_REFERENCE:  # it was placed before this moment, so a person is asked about it
            trade.ask(release, order=reference, cause=0, message=0, reason="not there", by="Sam", dry_run=False)
            for _ in range(2):
                trade.run("orders")
                trade.wait(400)
        assert trade.taken() == {reference: 1}
        assert trade.acknowledged() == {reference}
        assert unknown not in trade.taken()
        assert trade.edge.published("harbour", "SKU-0") > 0
