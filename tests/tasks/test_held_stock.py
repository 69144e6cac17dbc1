"""A hold on a SKU stops what would be offered more; what is sold out is taken down all the same."""

from collections import Counter
from collections.abc import Iterator

import pytest

from ledger import stories
from sandbox.kit import Fault
from tasks.watching import watch
from tests.stateful.markets import NAME
from tests.tasks.trading import Trade, trading

SKU = "SKU-0"
_STOCK = "/api/v4/products/[0-9]+/stock"


@pytest.fixture
def trade() -> Iterator[Trade]:
    """Everything is shown and proved."""
    with trading("cin7_core") as opened:
        opened.run("items", "stock", "orders")
        for _ in range(3):
            opened.wait(300)
            opened.run("stock", "orders")
        yield opened


def _refuse(trade: Trade, times: int) -> None:
    trade.edge.faults.append(Fault(method="PATCH", path=_STOCK, status=400, body={"detail": "Sorry."}, times=times))


def _shown(trade: Trade) -> int:
    return trade.machine.numbers_shown(SKU)[-1]


def _hours(trade: Trade, hours: float) -> Counter[str]:
    """Let the loops run as they are scheduled; return the calls that set stock."""
    before = Counter(trade.edge.calls)
    for _ in range(int(hours * 12)):
        trade.run("stock", "orders")
        trade.wait(300)
    return Counter({call: n for call, n in (Counter(trade.edge.calls) - before).items() if "PATCH" in call})


def _late(trade: Trade) -> list[str]:
    with trade.machine.database.transaction(NAME) as tx:
        watch(tx, trade.machine.installation)
        return [str(one["detail"]) for one in stories.open_causes(tx) if one["what"] == "Stock that is not shown"]


def test_a_sku_that_was_refused_once_is_taken_to_zero_when_it_sells_out(trade: Trade) -> None:
    _refuse(trade, 1)
    trade.office.receive_stock(SKU, 1)
    trade.run("stock")
    assert [(one.type, one.subject_id) for one in trade.held()] == [("refused", SKU)]
    trade.office.sell_elsewhere(SKU, trade.office.free(SKU))
    trade.run("stock")
    assert _shown(trade) == 0, "a zero that was not tried yet waits for nothing"


def test_a_fall_goes_on_slowly_while_a_rise_waits_for_the_mend(trade: Trade) -> None:
    _refuse(trade, 1)
    trade.office.receive_stock(SKU, 3)
    trade.run("stock")
    shown = _shown(trade)
    assert sum(_hours(trade, 1).values()) == 0, "a rise is not tried"
    assert _shown(trade) == shown
    trade.office.sell_elsewhere(SKU, 4)
    assert sum(_hours(trade, 0.25).values()) == 1
    assert _shown(trade) == shown - 1


def test_a_number_that_is_seen_there_mends_the_hold_and_the_sku_rises_again(trade: Trade) -> None:
    _refuse(trade, 1)
    trade.office.receive_stock(SKU, 1)
    trade.run("stock")
    trade.office.sell_elsewhere(SKU, trade.office.free(SKU))
    _hours(trade, 1)
    assert not trade.held()
    trade.office.receive_stock(SKU, 7)
    _hours(trade, 0.25)
    assert _shown(trade) == 7


def test_a_sku_that_is_refused_for_good_costs_few_calls_and_a_person_is_called(trade: Trade) -> None:
    trade.office.sell_elsewhere(SKU, trade.office.free(SKU))
    _refuse(trade, 10_000)
    tried = 0
    for _ in range(4):
        tried += sum(_hours(trade, 0.25).values())
        told = _late(trade)
    assert 2 <= tried <= 7
    assert [(one.type, one.subject_id) for one in trade.held()] == [("refused", SKU)]
    assert len(told) == 1
    assert "1 SKUs wait to be shown, 1 of them are sold out, 1 are held and show more than may be sold" in told[0]
    trade.edge.faults.clear()
    _hours(trade, 0.5)
    assert _shown(trade) == 0
    assert not _late(trade)


def _fail(trade: Trade) -> None:
    trade.edge.faults.append(Fault(method="PATCH", path=_STOCK, status=500, times=10_000))


def test_a_sku_without_an_answer_is_tried_once_in_a_run_and_seldom_after_that(trade: Trade) -> None:
    _fail(trade)
    trade.office.sell_elsewhere(SKU, 1)
    tried = []
    for _ in range(40):
        before = Counter(trade.edge.calls)
        trade.run("stock")
        tried.append(sum(n for call, n in (Counter(trade.edge.calls) - before).items() if "PATCH" in call))
        trade.wait(60)
    assert tried[0] == 1
    assert max(tried) == 1, "never twice in one run"
    assert 6 <= sum(tried) <= 10, "after 0.5, 1, 2, 4, 8, 10, 10 minutes"


def test_a_person_is_told_of_a_sku_that_is_sent_in_vain_and_others_are_sent_meanwhile(trade: Trade) -> None:
    _fail(trade)
    trade.office.sell_elsewhere(SKU, 1)
    for _ in range(20):
        trade.run("stock")
        trade.wait(60)
        told = _late(trade)
    assert len(told) == 1
    assert "1 were sent 5 times or more in vain" in told[0]
    trade.edge.faults.clear()
    for _ in range(15):
        trade.run("stock", "orders")
        trade.wait(60)
    assert _shown(trade) == 39
    assert not _late(trade)
