"""What the alerts flow looks after: silence, near deadlines."""

from datetime import timedelta

import pytest

from domain.installation import Installation, Mode, Side, StockPolicy
from domain.orders import LineLife
from domain.records import Deducts, Item, Kind, StockLevel
from ledger import holds, inbox, items, journal, levels, messages, orders, stories
from ledger.database import Database, Transaction
from tasks import calls
from tasks.calls import SILENT_AFTER
from tasks.loops import LOOPS
from tasks.watching import watch
from tests.doubles import ManualClock
from tests.scanning import scan
from tests.stateful.offices import OFFICES


@pytest.fixture
def installation(clock: ManualClock) -> Installation:
    return Installation.model_validate(OFFICES["magento"].installation("harbour", clock.now()))


def _order(tx: Transaction, *, deadline: timedelta) -> None:
    arrival = inbox.Arrival(
        Side.MARKETPLACE, Kind.SALES_ORDER, "1", "print", {"name": "Zoe"}, {}, inbox.PASSED, order_key="1"
    )
    inbox_id = inbox.store(tx, [arrival])[Kind.SALES_ORDER, "1"]
    row = {
        "key": "1",
        "reference": "1",
        "external_id": "1",
        "inbox_id": inbox_id,
        "back_office_id": "",
        "placed_at": tx.now,
        "dispatch_by_at": tx.now + deadline,
        "filed_at": tx.now,
        "awaits_tracking": False,
    }
    orders.save(tx, [row], [])
    messages.owe(tx, [messages.Owed(Kind.DISPATCH, "d1", "1", Side.MARKETPLACE, inbox_id, tx.now + deadline)])


def _causes(tx: Transaction) -> set[str]:
    return {one["what"] for one in stories.open_causes(tx)}


def _open_types(tx: Transaction) -> set[str]:
    return {one.type for one in holds.open_holds(tx)}


def test_a_loop_that_finishes_nothing_is_one_cause_until_it_does(
    database: Database, clock: ManualClock, installation: Installation
) -> None:
    feed = LOOPS["orders"].intakes[0].name
    with database.transaction("harbour") as tx:
        journal.set_watermark(tx, feed, None, tx.now, tx.now)
        assert "silent loops none" in watch(tx, installation)
    clock.move(3600)
    for _ in range(2):
        with database.transaction("harbour") as tx:
            assert "silent loops ['orders']" in watch(tx, installation)
    with database.transaction("harbour") as tx:
        journal.set_watermark(tx, feed, None, tx.now, tx.now)
        assert "silent loops none" in watch(tx, installation)
        assert not holds.close_cause(tx, "silent:orders:harbour"), "it was closed already"


def test_a_near_deadline_is_held_up_without_stopping_the_message(
    database: Database, installation: Installation
) -> None:
    with database.transaction("harbour") as tx:
        _order(tx, deadline=timedelta(hours=3))
        watch(tx, installation)
        assert _open_types(tx) == {"deadline_at_risk"}
        assert messages.claim(tx, Kind.DISPATCH, 1, timedelta(seconds=1), looking=False), "it still goes out"
        messages.prove(tx, Kind.DISPATCH, "d1", "seen")
        watch(tx, installation)
        assert _open_types(tx) == set()


def test_a_far_deadline_is_left_alone(database: Database, installation: Installation) -> None:
    with database.transaction("harbour") as tx:
        _order(tx, deadline=timedelta(hours=5))
        watch(tx, installation)
        assert _open_types(tx) == set()


@pytest.mark.parametrize(("shipped", "is_held"), [(0, False), (1, True), (2, False)])
def test_an_order_that_stays_shipped_in_part_is_held_until_it_goes_on(
    database: Database, clock: ManualClock, installation: Installation, shipped: int, *, is_held: bool
) -> None:
    with database.transaction("harbour") as tx:
        _order(tx, deadline=timedelta(days=9))
        orders.save_lines(tx, [("1", LineLife("1", "MUG-1", 2))])
        orders.mark_taken(tx, "1", "77")
        orders.add_shipped(tx, "1", {"1": shipped} if shipped else {})
    clock.move(23 * 3600)
    with database.transaction("harbour") as tx:
        watch(tx, installation)
        assert "partly_dispatched" not in _open_types(tx)
    clock.move(2 * 3600)
    for _ in range(2):
        with database.transaction("harbour") as tx:
            watch(tx, installation)
            assert [one.type for one in holds.open_holds(tx)] == ["partly_dispatched"] * is_held
    with database.transaction("harbour") as tx:
        orders.add_shipped(tx, "1", {"1": 2 - shipped} if shipped < 2 else {})
        watch(tx, installation)
        assert "partly_dispatched" not in _open_types(tx)


def test_an_order_whose_rest_is_cancelled_is_not_shipped_in_part(
    database: Database, clock: ManualClock, installation: Installation
) -> None:
    with database.transaction("harbour") as tx:
        _order(tx, deadline=timedelta(days=9))
        orders.save_lines(tx, [("1", LineLife("1", "MUG-1", 2)), ("1", LineLife("2", "JUG-1", 1))])
        orders.mark_taken(tx, "1", "77")
        orders.add_shipped(tx, "1", {"1": 2})
        orders.add(tx, "1", "cancelled", {"2": 1})
    clock.move(30 * 3600)
    with database.transaction("harbour") as tx:
        watch(tx, installation)
        assert "partly_dispatched" not in _open_types(tx)


def test_a_vendor_that_called_and_lets_a_dispatch_be_read_has_stopped(
    database: Database, clock: ManualClock, installation: Installation
) -> None:
    def dispatch(key: str) -> inbox.Arrival:
        return inbox.Arrival(Side.BACK_OFFICE, Kind.DISPATCH, key, "print", {"id": key}, {}, inbox.WAITING)

    with database.transaction("harbour") as tx:
        journal.set_watermark(tx, "push:back_office", None, tx.now, tx.now)
        inbox.store(tx, [dispatch("pushed")])
    clock.move(60)
    with database.transaction("harbour") as tx:
        inbox.store(tx, [dispatch("pushed")])  # judged by the loop
    clock.move(SILENT_AFTER.total_seconds() + 60)
    with database.transaction("harbour") as tx:
        watch(tx, installation)
        assert not _causes(tx), "nothing has left since it called"
        inbox.store(tx, [dispatch("read")])
        watch(tx, installation)
        assert not _causes(tx), "its call may still come"
    clock.move(SILENT_AFTER.total_seconds() + 60)
    for _ in range(2):
        with database.transaction("harbour") as tx:
            watch(tx, installation)
            assert _causes(tx) == {f"Vendor that stopped calling us: {installation.back_office.account}"}
    with database.transaction("harbour") as tx:
        calls.came(tx, installation.back_office.account)
        assert not _causes(tx)


def test_a_vendor_that_never_called_is_not_silent(
    database: Database, clock: ManualClock, installation: Installation
) -> None:
    with database.transaction("harbour") as tx:
        inbox.store(tx, [inbox.Arrival(Side.BACK_OFFICE, Kind.DISPATCH, "read", "print", {}, {}, inbox.WAITING)])
    clock.move(10 * SILENT_AFTER.total_seconds())
    with database.transaction("harbour") as tx:
        watch(tx, installation)
        assert not _causes(tx)


def _owe_stock(tx: Transaction, *numbers: int) -> None:
    listings = [Item(sku=f"SKU-{n}", stock_number=f"2000{n}", external_id=str(n)) for n in range(len(numbers))]
    items.store(tx, Side.MARKETPLACE, listings)
    items.store(tx, Side.BACK_OFFICE, [Item(sku=one.sku, external_id=one.external_id) for one in listings])
    levels.enrol(tx)
    scan(
        tx,
        [
            StockLevel(sku=f"SKU-{n}", pool="main", quantity=units, deducts=Deducts.ON_ACCEPTANCE)
            for n, units in enumerate(numbers)
        ],
    )
    levels.recompute(tx, [one.sku for one in listings], StockPolicy())


def test_stock_that_is_owed_for_long_is_one_cause_until_it_is_shown(
    database: Database, clock: ManualClock, installation: Installation
) -> None:
    with database.transaction("harbour") as tx:
        _owe_stock(tx, 5, 0, 7)
        watch(tx, installation)
    clock.move(29 * 60)
    with database.transaction("harbour") as tx:
        assert "0 SKUs shown too late" in watch(tx, installation)
    clock.move(2 * 60)
    for _ in range(2):
        with database.transaction("harbour") as tx:
            assert "3 SKUs shown too late" in watch(tx, installation)
    with database.transaction("harbour") as tx:
        [cause] = stories.open_causes(tx)
        assert "3 SKUs wait to be shown, 1 of them are sold out" in cause["detail"]
        for sending in levels.claim(tx, 10, timedelta(minutes=2), orders_seen_at=tx.now):
            levels.published(tx, sending, proved=True)
        assert "0 SKUs shown too late" in watch(tx, installation)
        assert not stories.open_causes(tx)


def test_a_sku_that_sells_all_day_is_not_late_nor_one_that_is_held_or_only_watched(
    database: Database, clock: ManualClock, installation: Installation
) -> None:
    with database.transaction("harbour") as tx:
        _owe_stock(tx, 5, 6)
        watch(tx, installation)
    clock.move(25 * 60)
    with database.transaction("harbour") as tx:
        [sending] = levels.claim(tx, 1, timedelta(minutes=2), orders_seen_at=tx.now)
        levels.published(tx, sending, proved=True)
        levels.owe_again(tx, [sending.sku])
    clock.move(10 * 60)
    with database.transaction("harbour") as tx:
        assert "1 SKUs shown too late" in watch(tx, installation), "the one of which no number was taken"
        other = next(sku for sku in ("SKU-0", "SKU-1") if sku != sending.sku)
        holds.open_hold(tx, holds.NewHold("refused", "ecommerce", holds.LEVEL, other, "the marketplace refuses it"))
        assert "0 SKUs shown too late" in watch(tx, installation)
    clock.move(3600)
    watching = installation.model_copy(
        update={
            "loops": installation.loops.model_copy(
                update={"stock": installation.loops.stock.model_copy(update={"mode": Mode.OBSERVE})}
            )
        }
    )
    with database.transaction("harbour") as tx:
        assert "0 SKUs shown too late" in watch(tx, watching)
