"""When an order is over: whichever side said the last word of it, from then on its clock runs."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.answers import Absent, Answer, Done, Found, Unknown
from domain.records import Kind, LineStatus
from ledger import messages, orders
from tasks.confirm import confirm
from tasks.push import push
from tasks.run import Run
from tests.doubles import ManualClock
from tests.tasks.making import Office, order, show


def final_at(run: Run) -> datetime | None:
    with run.transaction() as tx:
        return orders.known(tx, ["1"])["1"].final_at


def asked_about(run: Run) -> list[str]:
    with run.transaction() as tx:
        return [
            row.key
            for row in orders.open_for_dispatch(tx, "", 9, run.installation.orders.asked_after_cancellation_days)
        ]


def office_says(run: Run, answer: Answer) -> None:
    office: Any = next(one for one in run.connectors.values() if isinstance(one, Office))
    office.sales_order_sink.answer = answer


@pytest.mark.parametrize("status", [LineStatus.CANCELLED, LineStatus.DISPATCHED])
async def test_an_order_that_ends_at_the_marketplace_after_its_creation_is_final_from_then_on(
    run: Run, clock: ManualClock, status: LineStatus
) -> None:
    placed = order(run)
    await show(run, placed)
    await push(run)
    assert final_at(run) is None
    clock.move(3600)
    ended = clock.now()
    await show(run, order(run, status=status, placed_at=placed.placed_at))
    assert final_at(run) == ended
    clock.move(3600)
    await show(run, order(run, status=status, placed_at=placed.placed_at, delivery_service="changed"))
    assert final_at(run) == ended, "its clock runs since then"


async def test_what_was_cancelled_after_its_creation_is_asked_about_for_a_fortnight(
    run: Run, clock: ManualClock
) -> None:
    placed = order(run)
    await show(run, placed)
    await push(run)
    await show(run, order(run, status=LineStatus.CANCELLED, placed_at=placed.placed_at))
    clock.move(13 * 86400)
    assert asked_about(run) == ["1"], "it may leave all the same"
    clock.move(2 * 86400)
    assert asked_about(run) == []


async def test_what_was_cancelled_while_its_creation_was_unknown_is_asked_about_from_when_it_is_seen(
    run: Run, clock: ManualClock
) -> None:
    office_says(run, Unknown("no answer came"))
    placed = order(run)
    await show(run, placed)
    await push(run)
    await show(run, order(run, status=LineStatus.CANCELLED, placed_at=placed.placed_at))
    clock.move(20 * 86400)
    office: Any = next(one for one in run.connectors.values() if isinstance(one, Office))
    office.sales_order_sink.finding = Found("there it is", "77")
    run.begin_slice()
    await confirm(run)
    assert final_at(run) == clock.now()
    assert asked_about(run) == ["1"]


async def test_an_order_of_which_a_line_comes_later_is_not_over(run: Run) -> None:
    placed = order(run, status=LineStatus.CANCELLED)
    await show(run, placed)
    assert final_at(run) is not None
    second = placed.lines[0].model_copy(update={"line": "2", "status": LineStatus.OPEN})
    await show(run, placed.model_copy(update={"lines": (*placed.lines, second)}))
    assert final_at(run) is None


async def test_an_order_so_old_that_it_may_be_forgotten_is_looked_up_before_it_is_sent(
    run: Run, clock: ManualClock
) -> None:
    office_says(run, Done("there", "77"))
    office: Any = next(one for one in run.connectors.values() if isinstance(one, Office))
    office.sales_order_sink.finding = Absent()
    clock.move(500 * 86400)
    await show(run, order(run, placed_at=clock.now() - timedelta(days=401)), order(run, "2"))
    with run.transaction() as tx:
        attempted = {one.key: one.attempted_at is not None for one in messages.open_of(tx, Kind.SALES_ORDER, 9)}
    assert attempted == {"1": True, "2": False}
