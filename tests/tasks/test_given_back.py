"""What a run has claimed and comes to no more is free for the next one at once."""

from datetime import timedelta

from domain.answers import NotNow
from domain.installation import Side
from tasks.loops import ORDERS
from tasks.push import push
from tasks.run import Run
from tests.tasks.making import Office, Shop, order, run_of, show


async def test_a_spent_budget_leaves_the_rest_to_the_next_run(run: Run) -> None:
    office = run.connectors[Side.BACK_OFFICE]
    assert isinstance(office, Office)
    for number in range(4):
        await show(run, order(run, f"{number}"))
    office.sales_order_sink.answers["1"] = NotNow("office", run.clock.now() + timedelta(hours=1))
    await push(run)
    await push(run_of(run.database, ORDERS, Shop(), office, run.installation, "next"))
    assert [[one.key for one in sent] for sent in office.sales_order_sink.sent] == [["0"], ["1"], ["2"], ["3"]]
