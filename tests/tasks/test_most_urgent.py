"""What is owed goes by its deadline, and near it before all other calls of its account."""

from datetime import timedelta

from domain.answers import Done
from domain.installation import Side
from tasks.push import push
from tasks.run import Run
from tests.tasks.making import Office, Shop, order, show


async def test_the_nearest_deadline_is_sent_first_and_only_what_is_near_is_urgent(run: Run) -> None:
    office, shop = run.connectors[Side.BACK_OFFICE], run.connectors[Side.MARKETPLACE]
    assert isinstance(office, Office)
    assert isinstance(shop, Shop)
    office.sales_order_sink.answer = Done("it says so", "77")
    for key, minutes in (("far", 4000), ("soon", 61), ("passed", -5), ("near", 59)):
        await show(run, order(run, key, dispatch_by_at=run.clock.now() + timedelta(minutes=minutes)))
    await push(run)
    taken = [one.key for batch in office.sales_order_sink.sent for one in batch]
    assert taken == ["passed", "near", "soon", "far"]
    told = [(one.key, one.urgent) for batch in shop.acknowledgement_sink.sent for one in batch]
    assert sorted(told) == [("far", False), ("near", True), ("passed", True), ("soon", False)]
