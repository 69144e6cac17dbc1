"""What was sold and is not yet taken off a count: by each way of deducting, around the moment a scan began."""

from domain.orders import LineLife
from domain.records import Deducts
from ledger import orders, scans
from ledger.database import Database
from tests.doubles import ManualClock
from tests.ledger.making import begin, count, save_order
from tests.scanning import scan

ACCEPTANCE, DISPATCH, NEVER = Deducts.ON_ACCEPTANCE, Deducts.ON_DISPATCH, Deducts.NEVER


class Story:
    """Tell what happens to an order of three of SKU A, minute after minute."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database, self.clock = database, clock

    def scanned(self) -> "Story":
        return self._then(lambda tx: scan(tx, [count("A", 10)]))

    def filed(self, **life: int) -> "Story":
        return self._then(lambda tx: save_order(tx, "order-1", LineLife("1", "A", 3, **life)))  # type: ignore[arg-type]  # only numbers are given

    def taken(self) -> "Story":
        return self._then(lambda tx: orders.mark_taken(tx, "order-1", "back-1"))

    def shipped(self, quantity: int) -> "Story":
        return self._then(lambda tx: orders.add_shipped(tx, "order-1", {"1": quantity}))

    def cancelled(self, quantity: int) -> "Story":
        return self._then(lambda tx: orders.add(tx, "order-1", "cancelled", {"1": quantity}))

    def in_flight(self, way: Deducts) -> int:
        with begin(self.database) as tx:
            return orders.in_flight(tx, ["A"], scans.trusted(tx)[0])["A"][way]

    def _then(self, happens: object) -> "Story":
        self.clock.move(60)
        with begin(self.database) as tx:
            happens(tx)  # type: ignore[operator]  # a function of the transaction
        return self


def test_a_new_order_is_in_flight_whatever_the_way(database: Database, clock: ManualClock) -> None:
    story = Story(database, clock).scanned().filed()
    assert [story.in_flight(way) for way in Deducts] == [3, 3, 3]


def test_on_acceptance_it_ends_with_the_scan_that_began_after_the_taking(
    database: Database, clock: ManualClock
) -> None:
    story = Story(database, clock).filed().scanned().taken()
    assert story.in_flight(ACCEPTANCE) == 3
    assert story.scanned().in_flight(ACCEPTANCE) == 0


def test_at_the_very_moment_of_the_scan_it_is_still_in_flight(database: Database, clock: ManualClock) -> None:
    Story(database, clock).filed().taken()
    with begin(database) as tx:
        scan(tx, [count("A", 10)])
        assert orders.in_flight(tx, ["A"], tx.now)["A"][ACCEPTANCE] == 3


def test_on_dispatch_taking_changes_nothing_and_shipping_ends_it_with_the_next_scan(
    database: Database, clock: ManualClock
) -> None:
    story = Story(database, clock).filed().taken().scanned().shipped(2)
    assert story.in_flight(DISPATCH) == 3
    assert story.scanned().in_flight(DISPATCH) == 1


def test_two_parcels_after_the_scan_are_both_still_in_it(database: Database, clock: ManualClock) -> None:
    story = Story(database, clock).filed().scanned().shipped(1).shipped(1)
    assert story.in_flight(DISPATCH) == 3
    assert story.scanned().in_flight(DISPATCH) == 1


def test_parcels_before_and_after_the_scan_are_told_apart(database: Database, clock: ManualClock) -> None:
    story = Story(database, clock).filed().shipped(1).scanned().shipped(1).shipped(1)
    assert story.in_flight(DISPATCH) == 2
    assert story.scanned().in_flight(DISPATCH) == 0


def test_a_count_that_never_deducts_keeps_every_sale_in_flight(database: Database, clock: ManualClock) -> None:
    story = Story(database, clock).filed().taken().shipped(3).scanned()
    assert story.in_flight(NEVER) == 3


def test_cancelled_units_come_back(database: Database, clock: ManualClock) -> None:
    story = Story(database, clock).scanned().filed().cancelled(1)
    assert [story.in_flight(way) for way in Deducts] == [2, 2, 2]


def test_an_order_cancelled_after_it_was_taken_stays_deducted_where_nobody_puts_it_back(
    database: Database, clock: ManualClock
) -> None:
    story = Story(database, clock).filed().taken().cancelled(3).scanned()
    assert story.in_flight(NEVER) == 3


def test_an_order_first_seen_as_dispatched_is_in_flight_only_until_the_next_scan(
    database: Database, clock: ManualClock
) -> None:
    story = Story(database, clock).scanned().filed(shipped=3, dispatched=3)
    assert story.in_flight(ACCEPTANCE) == story.in_flight(DISPATCH) == 3
    story.scanned()
    assert story.in_flight(ACCEPTANCE) == story.in_flight(DISPATCH) == 0


def test_an_order_seen_as_dispatched_later_ends_with_the_next_scan(database: Database, clock: ManualClock) -> None:
    story = Story(database, clock).filed().scanned().filed(shipped=3, dispatched=3)
    assert story.in_flight(DISPATCH) == 3
    assert story.scanned().in_flight(DISPATCH) == 0
    assert story.in_flight(ACCEPTANCE) == 0


def test_filing_an_order_again_does_not_forget_its_shipments(database: Database, clock: ManualClock) -> None:
    story = Story(database, clock).filed().shipped(2).scanned().filed(shipped=2)
    assert story.in_flight(DISPATCH) == 1


def test_orders_of_the_same_sku_add_up(database: Database) -> None:
    with begin(database) as tx:
        for number in range(3):
            save_order(tx, f"order-{number}", LineLife("1", "A", 2), LineLife("2", "B", 1))
        found = orders.in_flight(tx, ["A", "B", "C"], None)
    assert (found["A"][ACCEPTANCE], found["B"][ACCEPTANCE], "C" in found) == (6, 3, False)


def test_what_is_known_of_an_order_comes_back(database: Database, clock: ManualClock) -> None:
    Story(database, clock).filed().taken().shipped(2).cancelled(1)
    with begin(database) as tx:
        order = orders.known(tx, ["order-1", "order-2"])["order-1"]
        assert order.life.lines == (LineLife("1", "A", 3, cancelled=1, shipped=2),)
        assert (order.life.taken, order.life.attempted, order.back_office_id) == (True, False, "back-1")
        assert orders.by_reference(tx, ["CON-order-1", "CON-x"]) == {"CON-order-1": "order-1"}
        save_order(tx, "order-1", LineLife("1", "A", 3))
        assert orders.known(tx, ["order-1"])["order-1"].back_office_id == "back-1"


def test_a_reference_that_two_orders_share_names_none(database: Database) -> None:
    with begin(database) as tx:
        for key in ("order-1", "order-2"):
            save_order(tx, key)
            orders.mark(tx, key, reference="CON-1")
        assert orders.by_reference(tx, ["CON-1"]) == {}
