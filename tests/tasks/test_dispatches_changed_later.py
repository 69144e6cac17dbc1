"""A shipment that the back office changes while the outcome of its telling is unknown, and after: what was sent stands."""

from typing import Any

import pytest

from domain.answers import Absent, Done, Found, Unknown
from domain.installation import Side
from ledger import holds, inbox
from ledger.rows import table
from ledger.tables import Inbox
from sandbox.kit import Fault
from tasks.confirm import confirm
from tasks.push import push
from tests.depot import shipment
from tests.tasks.depots import Depots
from tests.tasks.shipping import FIRST, SECOND, DispatchShop, World
from tests.tasks.trading import Trade, trading


def test_while_the_outcome_is_unknown_the_first_version_is_looked_for(world: World) -> None:
    world.shop.dispatch_sink.answer = Unknown("it did not answer")
    world.show(FIRST)
    world.send()
    world.show(SECOND, carrier="Evri")
    assert world.held == ["dispatch_changed"]
    world.shop.dispatch_sink.finding = Found("it shows it")
    world.look()
    [[asked]] = world.shop.dispatch_sink.asked
    assert (asked.tracking_number, asked.carrier_code) == (FIRST, "dpd")
    assert world.line().dispatched == 2


@pytest.mark.parametrize("changed", [SECOND, "TBC"])
def test_what_is_not_found_is_sent_again_as_it_was(world: World, changed: str) -> None:
    world.shop.dispatch_sink.answer = Unknown("it did not answer")
    world.show(FIRST)
    world.send()
    world.shop.dispatch_sink.finding = Absent()
    world.look()
    world.show(changed)
    world.shop.dispatch_sink.answer = Done("it says so")
    world.send()
    assert [one.tracking_number for one in world.sent] == [FIRST, FIRST]
    assert world.held == ["dispatch_changed"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"tracking": SECOND}, f"tracking number {FIRST} is now {SECOND}"),
        ({"tracking": None}, f"tracking number {FIRST} is now missing"),
        ({"carrier": "Evri"}, "carrier DPD is now Evri"),
        ({"units": {"MUG": 1, "JUG": 1}}, "2 of MUG are now 1; 0 of JUG are now 1"),
    ],
    ids=["number", "no number", "carrier", "quantities"],
)
def test_a_change_of_what_was_told_is_held_up_for_a_person(world: World, change: dict[str, Any], told: str) -> None:
    world.show()
    world.send()
    for _ in range(2):  # told once, however often it is read
        world.show(**change)
    with world.run.transaction() as tx:
        [one] = holds.open_holds(tx)
    assert (one.type, one.order_key, told in one.detail) == ("dispatch_changed", "1", True)
    world.send()
    assert len(world.sent) == 1
    assert world.line().shipped == 2


def test_a_change_that_is_taken_back_closes_it(world: World) -> None:
    world.show(FIRST)
    world.send()
    world.show(SECOND)
    assert world.held == ["dispatch_changed"]
    world.show(FIRST)
    assert world.held == []


def test_a_person_who_amended_it_releases_it_for_good(world: World) -> None:
    world.show(FIRST)
    world.send()
    world.show(SECOND)
    world.release()
    world.file_released()
    assert world.held == []
    world.show(SECOND)  # the log shows it again, by its overlap
    assert world.held == []
    with world.run.transaction() as tx:
        assert [row.gate for row in tx.rows(table(Inbox).select())] == [inbox.PASSED]


def test_a_shipment_that_is_voided_after_it_was_sent_is_looked_for_as_it_was(world: World) -> None:
    world.shop.dispatch_sink.answer = Unknown("it did not answer")
    world.show(FIRST)
    world.send()
    world.void()
    assert world.held == ["dispatch_does_not_fit"]
    world.shop.dispatch_sink.finding = Found("it shows it")
    world.look()
    [[asked]] = world.shop.dispatch_sink.asked
    assert asked.tracking_number == FIRST
    assert world.held == ["dispatch_does_not_fit"], "a person has to tell John Lewis"


# ---- pushes: they change the inbox before any gate has seen them


async def test_a_push_that_waits_for_its_gate_is_not_sent(depots: Depots) -> None:
    depots.take(shipment(1, "p-1", "1001", tracking=FIRST))
    run = await depots.run()
    depots.take(shipment(2, "p-1", "1001", tracking="TBC"))
    shop: Any = DispatchShop()
    run.connectors[Side.MARKETPLACE] = shop
    run.begin_slice()
    await push(run)
    assert shop.dispatch_sink.sent == []
    await depots.run()
    assert [type_ for type_, _, _ in depots.state()["held"]] == ["missing_tracking"]


async def test_a_push_never_changes_what_was_sent(depots: Depots) -> None:
    depots.take(shipment(1, "p-1", "1001", tracking=FIRST))
    run = await depots.run()
    shop: Any = DispatchShop()
    shop.dispatch_sink.answer = Unknown("it did not answer")
    run.connectors[Side.MARKETPLACE] = shop
    run.begin_slice()
    await push(run)
    for number in (2, 3):
        depots.take(shipment(number, "p-1", "1001", tracking=SECOND))
    assert [type_ for type_, _, _ in depots.state()["held"]] == ["dispatch_changed"]
    assert depots.gates() == {"p-1": "passed"}
    depots.clock.move(3600)
    run.begin_slice()
    await confirm(run)
    assert [one.tracking_number for one in shop.dispatch_sink.asked[0]] == [FIRST]


# ---- the systems whose news show a changed shipment


def _renumber(trade: Trade, office: str, order: str, tracking: str) -> None:
    """Let the warehouse write another number over the one that its shipment has."""
    there: Any = trade.office
    match office:
        case "cin7_core":
            for parcel in there.company.sale(order).parcels:
                parcel.tracking = ""
        case "deposco":
            for parcel in there.tenant.shipments.values():
                parcel.tracking = ""
        case _:
            raise AssertionError(office)
    there.add_tracking(order, tracking)


@pytest.mark.parametrize("office", ["cin7_core", "deposco"])
@pytest.mark.parametrize("number", [SECOND, "TBC"])
def test_a_shipment_corrected_before_it_is_told(office: str, number: str) -> None:
    with trading(office) as trade:
        reference, order = _shipped(trade)
        trade.edge.faults.append(Fault(kind="html", method="POST", path=".*/dispatch/", status=429, times=1))
        trade.wait(60)
        trade.run("dispatch")
        _renumber(trade, office, order, number)
        for _ in range(6):
            trade.wait(200)
            trade.run("dispatch")
        if number == "TBC":
            assert _told(trade, reference) == []
            assert [one.type for one in trade.held()] == ["missing_tracking"]
            _renumber(trade, office, order, SECOND)
            for _ in range(6):
                trade.wait(200)
                trade.run("dispatch")
        assert _told(trade, reference) == [SECOND]
        assert trade.held() == []


@pytest.mark.parametrize("office", ["cin7_core", "deposco"])
def test_a_shipment_corrected_after_it_was_told(office: str) -> None:
    with trading(office) as trade:
        reference, order = _shipped(trade)
        trade.wait(60)
        trade.run("dispatch")
        assert _told(trade, reference) == [FIRST]
        _renumber(trade, office, order, SECOND)
        for _ in range(6):
            trade.wait(200)
            trade.run("dispatch")
        assert _told(trade, reference) == [FIRST]
        assert [one.type for one in trade.held()] == ["dispatch_changed"]


def _shipped(trade: Trade) -> tuple[str, str]:
    """Let a customer buy one and the warehouse ship it; return the Customer Order Number and the office's own."""
    trade.run("items", "stock", "orders")
    trade.office.receive_stock("SKU-0", 5)
    reference = trade.order("SKU-0")
    for _ in range(3):
        trade.run("orders")
        trade.wait(400)
    [order] = [one for one in trade.office.open_orders() if trade.office.order_reference(one) == reference]
    trade.office.ship(order, "DPD", FIRST)
    return reference, order


def _told(trade: Trade, reference: str) -> list[str]:
    told = [one for one in trade.machine.watch.marketplace_orders() if one["reference"] == reference]
    return [dispatch["tracking"] for one in told for line in one["lines"] for dispatch in line["dispatches"]]
