"""What the alerts flow looks after: silence, near deadlines."""

from datetime import timedelta

import pytest

from domain.installation import Installation, Mode, Side, StockPolicy
from domain.orders import LineLife
from domain.records import Deducts, Item, Kind, StockLevel
from ledger import alerts, holds, inbox, items, levels, messages, orders, stories
from ledger.database import Database, Transaction
from tasks import alert_messages, trends
from tasks.watching import watch
from tests.doubles import ManualClock
from tests.ledger.making import save_order
from tests.scanning import scan
from tests.stateful.offices import OFFICES
from tests.tasks.watched import all_read, open_types


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


def test_a_near_deadline_is_held_up_without_stopping_the_message(
    database: Database, installation: Installation
) -> None:
    with database.transaction("harbour") as tx:
        _order(tx, deadline=timedelta(hours=3))
        watch(tx, installation)
        assert open_types(tx) == {"deadline_at_risk"}
        assert messages.claim(tx, Kind.DISPATCH, 1, timedelta(seconds=1), looking=False), "it still goes out"
        messages.prove(tx, Kind.DISPATCH, "d1", "seen")
        watch(tx, installation)
        assert open_types(tx) == set()


def test_a_far_deadline_is_left_alone(database: Database, installation: Installation) -> None:
    with database.transaction("harbour") as tx:
        _order(tx, deadline=timedelta(hours=5))
        watch(tx, installation)
        assert open_types(tx) == set()


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
        assert "partly_dispatched" not in open_types(tx)
    clock.move(2 * 3600)
    for _ in range(2):
        with database.transaction("harbour") as tx:
            watch(tx, installation)
            assert [one.type for one in holds.open_holds(tx)] == ["partly_dispatched"] * is_held
    with database.transaction("harbour") as tx:
        orders.add_shipped(tx, "1", {"1": 2 - shipped} if shipped < 2 else {})
        watch(tx, installation)
        assert "partly_dispatched" not in open_types(tx)


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
        assert "partly_dispatched" not in open_types(tx)


def _taken(tx: Transaction, key: str, hours: float) -> None:
    """Let the back office have an order of two mugs, acknowledged, whose dispatch deadline comes in some hours."""
    save_order(tx, key, LineLife("1", "MUG-1", 2))
    orders.mark(tx, key, dispatch_by_at=tx.now + timedelta(hours=hours), acknowledged_at=tx.now)
    orders.mark_taken(tx, key, f"office-{key}")


def test_orders_that_nobody_ships_are_one_cause_until_they_are_shipped_or_cancelled(
    database: Database, clock: ManualClock, installation: Installation
) -> None:
    with database.transaction("harbour") as tx:
        all_read(tx)
        for key, hours in (("1", 5.0), ("2", 6.0), ("3", 77.0)):
            _taken(tx, key, hours)
        assert "0 not shipped in time" in watch(tx, installation)
    clock.move(2.5 * 3600)
    for _ in range(2):
        with database.transaction("harbour") as tx:
            all_read(tx)
            assert "2 not shipped in time" in watch(tx, installation)
            [cause] = stories.open_causes(tx)
            assert (cause["holds"], cause["owner"]) == ("2", "warehouse")
            assert "2 orders are still to be shipped, 0 of them are late" in cause["detail"]
            assert open_types(tx) == set()
            due = trends.deadlines(tx)
            assert [(row["minutes left"], row["order"], row["what"], row["owner"]) for row in due] == [
                (150, "1", "not shipped", "warehouse"),
                (210, "2", "not shipped", "warehouse"),
            ]
    clock.move(3 * 86400)
    with database.transaction("harbour") as tx:
        all_read(tx)
        assert "3 not shipped in time" in watch(tx, installation)
        [cause] = stories.open_causes(tx)
        assert "3 orders are still to be shipped, 2 of them are late" in cause["detail"]
        assert cause["first deadline"].startswith(f"{tx.now - timedelta(days=3) + timedelta(hours=2.5):%Y-%m-%d %H:%M}")
        orders.add_shipped(tx, "1", {"1": 2})
        orders.add(tx, "2", "cancelled", {"1": 2})
        assert "1 not shipped in time" in watch(tx, installation)
        assert [cause["holds"] for cause in stories.open_causes(tx)] == ["1"]
        orders.add_shipped(tx, "3", {"1": 2})
        assert "0 not shipped in time" in watch(tx, installation)
        assert not stories.open_causes(tx)


def test_an_alert_of_what_is_not_shipped_is_owed_again_only_when_it_says_something_else(
    database: Database, installation: Installation
) -> None:
    with database.transaction("harbour") as tx:
        _taken(tx, "1", 1)
        watch(tx, installation)
        [(_, number)] = alerts.owed(tx)
        alert = alerts.take(tx, number)
        assert alert is not None
        [_, text] = alert_messages.render(alert, alert_messages.Links("http://prefect"), tx.now)
        assert ". 1 order. Owner: warehouse" in text
        alerts.settle(tx, alert)
        watch(tx, installation)
        assert alerts.owed(tx) == []
        _taken(tx, "2", 1)
        watch(tx, installation)
        assert alerts.owed(tx) == [("harbour", number)]


def test_where_the_dispatches_are_not_ours_to_tell_nobody_is_called(
    database: Database, installation: Installation
) -> None:
    loops = installation.loops
    watching = loops.model_copy(update={"dispatch": loops.dispatch.model_copy(update={"mode": Mode.OBSERVE})})
    with database.transaction("harbour") as tx:
        _taken(tx, "1", 1)
        watch(tx, installation)
        assert stories.open_causes(tx)
        watch(tx, installation.model_copy(update={"loops": watching}))
        assert not stories.open_causes(tx)


def test_a_carrier_mapping_is_held_up_for_its_owner_from_its_review_until_the_date_is_moved(
    database: Database, clock: ManualClock, installation: Installation
) -> None:
    today = clock.now().date()

    def review(tx: Transaction, carrier: str, days: int, service: str = "") -> None:
        on = (today + timedelta(days=days)).isoformat()
        items.map_carrier(tx, carrier, service, carrier.lower(), owner=f"{carrier} desk", review_on=on, by="a test")

    with database.transaction("harbour") as tx:
        items.approve_carriers(tx, {"dpd": "DPD"}, "a test")
        review(tx, "DPD", 1)
        review(tx, "Evri", 1, "Next Day")
        review(tx, "Yodel", 2)
        watch(tx, installation)
        assert open_types(tx) == set()
    clock.move(86400)
    for _ in range(2):
        with database.transaction("harbour") as tx:
            all_read(tx)
            assert "2 mappings to review" in watch(tx, installation)
            causes = stories.open_causes(tx)
            assert sorted((one["owner"], one["holds"]) for one in causes) == [("DPD desk", "1"), ("Evri desk", "1")]
            assert any("Evri / Next Day is mapped to evri" in one["detail"] for one in causes)
            held = holds.open_holds(tx, type="mapping_review")
            assert {(one.fix["carrier"], one.fix["service"]) for one in held} == {("DPD", ""), ("Evri", "Next Day")}
            assert [row["what"] for row in trends.deadlines(tx)] == ["held: mapping_review"] * 2
            assert items.carriers(tx)["DPD", ""] == "dpd", "it stays in use"
    with database.transaction("harbour") as tx:
        review(tx, "DPD", 200)
        assert "1 mappings to review" in watch(tx, installation)
        assert [one["owner"] for one in stories.open_causes(tx)] == ["Evri desk"]


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
            all_read(tx)
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
