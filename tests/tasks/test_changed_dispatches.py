"""A shipment that the back office changes after it was filed: before it is told, while its outcome is unknown, and after."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from connectors.roles import FeedShape, OpenOrder, TakesDispatches
from domain.answers import Absent, Done, Found, NotNow, Refused, Unknown
from domain.installation import Installation, Side
from domain.orders import LineLife
from domain.records import Dispatch, DispatchAdvice, Kind, Page, Received, Reject, ShippedLine
from ledger import holds, inbox, items, messages, orders
from ledger.database import Database
from ledger.rows import table
from ledger.tables import Inbox
from sandbox.kit import Fault
from tasks import operators
from tasks.confirm import confirm
from tasks.filing import file
from tasks.judge import judge
from tasks.loops import DISPATCH, INTAKES
from tasks.pull import Pulled, pull
from tasks.push import push
from tasks.run import Run, Walk
from tests.depot import shipment
from tests.doubles import ManualClock
from tests.ledger.making import save_order
from tests.stateful.offices import OFFICES
from tests.tasks.depots import Depots
from tests.tasks.making import Sink
from tests.tasks.trading import Trade, trading

INTAKE = INTAKES[Side.BACK_OFFICE, Kind.DISPATCH]
FIRST, SECOND = "15501234567001", "15501234567002"


class _Feed:
    shape = FeedShape.LOG
    keeps: Mapping[str, Any] = dict.fromkeys(Dispatch.model_fields, True)
    absent_is_zero = False

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock

    async def read(self, cursor: str | None, about: list[OpenOrder]) -> Page:
        return Page([], [], began_at=self.clock.now(), cursor="read")

    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        if raw.get("voided"):
            return Reject(raw["key"], raw, "it was rolled back", "dispatch_does_not_fit")
        return Received(Dispatch.model_validate(raw), raw)


class _Shop(TakesDispatches):
    def __init__(self) -> None:
        self.dispatch_sink: Any = Sink(batch=10)

    async def carriers(self) -> list[Any]:
        return []


class World:
    """One order of two mugs and a jug, an office that tells its shipments, and a marketplace that takes them."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.clock, self.shop = clock, _Shop()
        settings = Installation.model_validate(OFFICES["magento"].installation("harbour", clock.now()))
        office: Any = SimpleNamespace(dispatch_feed=_Feed(clock))
        connectors: dict[Side, Any] = {Side.BACK_OFFICE: office, Side.MARKETPLACE: self.shop}
        self.run = Run(settings, DISPATCH, database, connectors, run_id="run-1")
        with self.run.transaction() as tx:
            save_order(tx, "1", LineLife("a", "MUG", 2), LineLife("b", "JUG", 1))
            orders.mark(tx, "1", dispatch_by_at=tx.now + timedelta(days=2))
            items.approve_carriers(tx, {"dpd": "DPD", "evri": "Evri"}, "a test")
            for carrier in ("DPD", "Evri"):
                items.map_carrier(
                    tx, carrier, "", carrier.lower(), owner="warehouse", review_on="2027-01-31", by="a test"
                )

    def show(
        self,
        tracking: str | None = FIRST,
        carrier: str = "DPD",
        key: str = "S1",
        units: Mapping[str, int] = MappingProxyType({"MUG": 2}),
    ) -> None:
        """Let the office show a shipment, and file it."""
        lines = tuple(ShippedLine(sku=sku, quantity=quantity) for sku, quantity in units.items())
        told = Dispatch(
            key=key,
            order_id="o",
            order_reference="CON-1",
            carrier=carrier,
            tracking_number=tracking,
            shipped_at=self.clock.now().replace(microsecond=0, second=0, minute=0),
            lines=lines,
        )
        self.read(Received(told, told.model_dump(mode="json")))

    def void(self) -> None:
        """Let the office take the shipment back."""
        self.read(Reject("S1", {"key": "S1", "voided": True}, "it was rolled back", "dispatch_does_not_fit"))

    def read(self, one: Received | Reject) -> None:
        page = Page([], [], began_at=self.clock.now())
        if isinstance(one, Received):
            page.received.append(one)
        else:
            page.rejects.append(one)
        self._file(Pulled(INTAKE, page, last=True))

    def file_released(self) -> None:
        """Judge and file what was put back before the gate."""
        self.run.begin_slice()
        self.run.walks.clear()

        async def released() -> None:
            async for chunk in pull(self.run):
                await file(self.run, await judge(self.run, chunk))

        asyncio.run(released())

    def _file(self, pulled: Pulled) -> None:
        self.clock.move(60)
        self.run.walks[INTAKE.name] = Walk(began_at=self.clock.now())
        asyncio.run(file(self.run, asyncio.run(judge(self.run, pulled))))

    def send(self) -> None:
        self.clock.move(60)
        self.run.begin_slice()
        asyncio.run(push(self.run))

    def look(self) -> None:
        self.clock.move(3600)
        self.run.begin_slice()
        asyncio.run(confirm(self.run))

    @property
    def sent(self) -> list[DispatchAdvice]:
        return [one for batch in self.shop.dispatch_sink.sent for one in batch]

    @property
    def held(self) -> list[str]:
        with self.run.transaction() as tx:
            return [one.type for one in holds.open_holds(tx)]

    def line(self, name: str = "a") -> LineLife:
        with self.run.transaction() as tx:
            return next(line for line in orders.known(tx, ["1"])["1"].life.lines if line.line == name)

    def release(self) -> None:
        """Let a person release what is held, by the form."""
        with self.run.transaction() as tx:
            [one] = holds.open_holds(tx)
            operators.release(
                tx, order="", cause=one.cause_id, message=0, reason="amended by hand", by="Kim", dry_run=False
            )


@pytest.fixture
def world(database: Database, clock: ManualClock) -> World:
    return World(database, clock)


# ---- before anything was attempted: the new version replaces, judged again


def test_a_corrected_number_goes_out_in_place_of_the_first(world: World) -> None:
    world.show(FIRST)
    world.show(SECOND)
    assert world.held == []
    world.send()
    assert [one.tracking_number for one in world.sent] == [SECOND]
    assert (world.line().shipped, world.line().dispatched) == (2, 2)


def test_a_number_that_becomes_a_word_is_held_and_nothing_goes_out(world: World) -> None:
    world.show(FIRST)
    world.show("TBC")
    assert world.held == ["missing_tracking"]
    world.send()
    assert world.sent == []
    assert world.line().shipped == 0, "as where the first record had been held"
    world.show(SECOND)
    assert world.held == []
    world.send()
    assert [one.tracking_number for one in world.sent] == [SECOND]
    assert (world.line().shipped, world.line().dispatched) == (2, 2)


def test_a_carrier_that_nobody_mapped_is_held_and_nothing_goes_out(world: World) -> None:
    world.show()
    world.show(carrier="Pigeon")
    assert world.held == ["unmapped_carrier"]
    world.send()
    assert world.sent == []


@pytest.mark.parametrize(
    ("units", "sent"),
    [({"MUG": 1}, {"a": 1}), ({"MUG": 2, "JUG": 1}, {"a": 2, "b": 1}), ({"JUG": 1}, {"b": 1})],
    ids=["fewer", "more", "others"],
)
def test_corrected_quantities_go_out_and_count(world: World, units: dict[str, int], sent: dict[str, int]) -> None:
    world.show()
    world.show(units=units)
    world.send()
    assert [{line.line: line.quantity for line in one.lines} for one in world.sent] == [sent]
    assert {name: world.line(name).shipped for name in ("a", "b") if world.line(name).shipped} == sent


def test_more_units_than_the_order_has_left_are_held(world: World) -> None:
    world.show(FIRST, key="S2", units={"MUG": 1})
    world.show(FIRST[:-1] + "9", units={"MUG": 1})
    world.show(FIRST[:-1] + "9", units={"MUG": 2})
    assert set(world.held) == {"dispatch_does_not_fit"}
    world.send()
    assert [one.key for one in world.sent] == ["S2"]


def test_a_worker_that_claimed_the_first_version_sends_nothing(world: World) -> None:
    world.show(FIRST)
    with world.run.transaction() as tx:
        [claimed] = messages.claim(tx, Kind.DISPATCH, 10, world.run.lease, looking=False)
    world.show(SECOND)
    with world.run.transaction() as tx:
        assert not messages.note(tx, claimed, attempted_at=tx.now), "its claim is lost"
    world.send()
    assert [one.tracking_number for one in world.sent] == [SECOND]


def test_a_shipment_that_the_marketplace_refused_is_replaced_by_its_correction(world: World) -> None:
    world.shop.dispatch_sink.answer = Refused("no such carrier", "invalid_carrier")
    world.show(carrier="DPD")
    world.send()
    assert world.held == ["invalid_carrier"]
    world.shop.dispatch_sink.answer = Done("it says so")
    world.show(carrier="Evri")
    assert world.held == []
    world.send()
    assert [one.carrier_code for one in world.sent] == ["dpd", "evri"]


def test_what_no_permit_was_left_for_is_not_attempted(world: World) -> None:
    world.show(FIRST)
    world.shop.dispatch_sink.answer = NotNow("shop", world.clock.now() + timedelta(seconds=90))
    world.send()
    world.shop.dispatch_sink.answer = Done("it says so")
    world.show(SECOND)
    world.clock.move(120)
    world.send()
    assert [one.tracking_number for one in world.sent] == [FIRST, SECOND], "of the first nothing left"
    assert world.held == []


def test_its_own_parcel_never_makes_a_changed_shipment_a_repeat(world: World) -> None:
    """Another key with the same number was taken for a repeat of it; if the first is dropped, nothing would be told."""
    world.show(FIRST, key="pushed")
    world.show(FIRST, key="swept")
    world.show(FIRST, key="pushed", units={"MUG": 3})
    assert world.held == ["dispatch_does_not_fit"]


def test_a_shipment_that_is_voided_before_it_is_sent_is_not_sent_until_it_is_shown_again(world: World) -> None:
    world.show(FIRST)
    world.void()
    assert world.held == ["dispatch_does_not_fit"]
    world.send()
    assert world.sent == []
    assert world.line().shipped == 0
    world.show(FIRST)
    assert world.held == []
    world.send()
    assert [one.tracking_number for one in world.sent] == [FIRST]
    assert (world.line().shipped, world.line().dispatched) == (2, 2)


# ---- once it was attempted: what was sent stands, and a person is told


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
    shop: Any = _Shop()
    run.connectors[Side.MARKETPLACE] = shop
    run.begin_slice()
    await push(run)
    assert shop.dispatch_sink.sent == []
    await depots.run()
    assert [type_ for type_, _, _ in depots.state()["held"]] == ["missing_tracking"]


async def test_a_push_never_changes_what_was_sent(depots: Depots) -> None:
    depots.take(shipment(1, "p-1", "1001", tracking=FIRST))
    run = await depots.run()
    shop: Any = _Shop()
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
