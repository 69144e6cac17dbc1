"""Looking orders up: by list or one by one, and what a backlog costs."""

from datetime import datetime, timedelta

import pytest

from connectors.virtualstock.order_search import another_page_pays, list_is_cheaper
from domain.answers import Absent, Accepted, Found, NotNow, NotYet
from domain.budgets import Lane, Limit
from domain.records import Acknowledgement
from tests.connectors.virtualstock.harness import Harness
from tests.doubles import BucketBudgets, ManualClock, OpenBudgets


def test_lists_are_read_from_three_orders_on() -> None:
    assert [list_is_cheaper(n) for n in (0, 1, 2, 3, 100, 170)] == [False, False, False, True, True, True]


def test_history_is_never_read_through_for_a_few_orders() -> None:
    assert another_page_pays(170, 100, 0)
    assert another_page_pays(170, 100, 2)  # still fewer pages than orders
    assert not another_page_pays(170, 10_000, 2)
    assert not another_page_pays(2, 1, 0)
    assert not another_page_pays(50, 0, 0)


def placed(edge: Harness, orders: int) -> list[Acknowledgement]:
    """Place orders and return their acknowledgements."""
    return [edge.acknowledgement(edge.place_order(1)) for _ in range(orders)]


@pytest.mark.parametrize("newest_first", [False, True])
async def test_the_end_of_a_backlog_of_10_000_costs_at_most_1_02_calls_an_order(
    monkeypatch: pytest.MonkeyPatch, *, newest_first: bool
) -> None:
    clock = ManualClock()
    edge = Harness(clock=clock, budgets=BucketBudgets(clock))
    if newest_first:  # the vendor documents no order of rows
        book = edge.sandbox.state.supplier("harbour").orders
        oldest_first = book.select
        monkeypatch.setattr(book, "select", lambda filters: list(oldest_first(filters))[::-1])
    for _ in range(8_300):
        edge.acknowledge_elsewhere(edge.place_order(1))  # the part of the backlog that is done already
    records = placed(edge, 1_700)
    sink = edge.connector.acknowledgement_sink
    await edge.connector.check()
    before, found = edge.calls(), 0
    for begin in range(0, len(records), 170):
        part = records[begin : begin + 170]
        for record in part:
            assert isinstance((await sink.send([record]))[record.key], Accepted)
        found += sum(isinstance(finding, Found) for finding in (await sink.find(part)).values())
    assert found == len(records)
    assert (edge.calls() - before) / len(records) <= 1.02  # tokens included
    assert not edge.sandbox.throttled


async def test_orders_anywhere_in_the_list_are_found(edge: Harness) -> None:
    records = placed(edge, 460)
    sink = edge.connector.acknowledgement_sink
    for record in records:
        edge.acknowledge_elsewhere(record.reference)
    wanted = records[150:156] + records[300:302]
    findings = await sink.find(wanted)
    assert all(isinstance(finding, Found) for finding in findings.values())
    assert len(findings) == 8
    assert edge.calls("GET /restapi/v4/orders/") <= 5 + len(wanted)


class FewPermits(OpenBudgets):
    """Budgets that end after so many calls."""

    def __init__(self, permits: int, clock: ManualClock) -> None:
        super().__init__()
        self.permits, self.clock = permits, clock

    def take(self, account: str, limit: Limit, lane: Lane) -> datetime | None:
        super().take(account, limit, lane)
        return None if len(self.taken) <= self.permits else self.clock.now() + timedelta(minutes=1)


async def test_a_spent_budget_tells_what_was_seen_by_then() -> None:
    clock = ManualClock()
    edge = Harness(clock=clock, budgets=FewPermits(2, clock))  # one for the token, one for an order
    records = sorted((edge.acknowledgement(edge.place_order()) for _ in range(2)), key=lambda one: one.reference)
    findings = await edge.connector.acknowledgement_sink.find(records)
    assert [type(findings[record.key]) for record in records] == [Absent, NotYet]
    with pytest.raises(NotNow):
        await edge.connector.acknowledgement_sink.find(records)
