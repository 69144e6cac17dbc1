"""A marketplace that has no cancellation requests: what it shows as cancelled is cancelled."""

from datetime import timedelta

from domain.answers import Done
from domain.installation import Side
from domain.records import Kind, LineStatus
from ledger import holds, levels, messages, orders
from tasks.push import push
from tasks.run import Run
from tests.ledger.making import count, list_skus
from tests.scanning import scan
from tests.tasks.making import Office, order, show


def _open(run: Run) -> dict[str, list[str]]:
    with run.transaction() as tx:
        return {
            kind: [one.key for one in messages.open_of(tx, kind, 9)]
            for kind in (Kind.SALES_ORDER, Kind.ACKNOWLEDGEMENT, Kind.CANCELLATION)
        }


def _held(run: Run) -> list[str]:
    with run.transaction() as tx:
        return [one.type for one in holds.open_holds(tx)]


def test_a_role_that_nobody_plays_has_no_route(run: Run) -> None:
    assert Kind.CANCELLATION not in {route.kind for route in run.routes()}
    assert not run.order_policy.answers_cancellations


async def test_what_is_cancelled_before_it_was_created_is_never_created_and_is_final(run: Run) -> None:
    await show(run, order(run))
    assert _open(run)[Kind.SALES_ORDER] == ["1"]
    await show(run, order(run, status=LineStatus.CANCELLED))
    await push(run)
    office = run.connectors[Side.BACK_OFFICE]
    assert isinstance(office, Office)
    assert office.sales_order_sink.sent == []
    assert not any(_open(run).values())
    assert _held(run) == []
    with run.transaction() as tx:
        assert orders.known(tx, ["1"])["1"].life.final


async def test_what_is_cancelled_after_it_was_created_is_held_once(run: Run) -> None:
    await show(run, order(run))
    await push(run)
    assert _held(run) == []
    await show(run, order(run, status=LineStatus.CANCELLED))
    assert _held(run) == ["cancelled_after_creation"]
    with run.transaction() as tx:
        holds.close_holds(tx, holds.ORDER, ["1"], "stopped it", "Sam")
    await show(run, order(run, status=LineStatus.CANCELLED, delivery_service="changed"))
    assert _held(run) == [], "a person decided that already"
    with run.transaction() as tx:
        [waiting] = orders.open_for_dispatch(tx, "", 9)
        assert waiting.key == "1", "what leaves all the same is still looked for"


async def test_the_number_that_the_sale_took_off_is_sent_again(run: Run) -> None:
    with run.transaction() as tx:
        list_skus(tx, "A")
        scan(tx, [count("A", 9)])
        levels.recompute(tx, ["A"], run.installation.stock)
        for sending in levels.claim(tx, 9, run.lease, orders_seen_at=tx.now + timedelta(seconds=1)):
            levels.published(tx, sending, proved=True)
        assert levels.owed_count(tx) == 0
    await show(run, order(run, status=LineStatus.CANCELLED))
    with run.transaction() as tx:
        assert levels.owed_count(tx) == 1, "9 is wanted and was published, and 7 are shown"
        assert [
            one.quantity for one in levels.claim(tx, 9, run.lease, orders_seen_at=tx.now + timedelta(seconds=1))
        ] == [9]


async def test_nothing_more_is_owed_to_it(run: Run) -> None:
    office = run.connectors[Side.BACK_OFFICE]
    assert isinstance(office, Office)
    office.sales_order_sink.answer = Done("there", "77")
    await show(run, order(run, status=LineStatus.CANCELLED))
    await push(run)
    assert office.sales_order_sink.sent == []
    assert not any(_open(run).values())
