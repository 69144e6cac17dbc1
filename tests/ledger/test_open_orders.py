"""What an order still has to ship, and which of its parcels are filed."""

from domain.installation import Side
from domain.orders import LineLife
from domain.records import Kind
from ledger import inbox, orders
from ledger.database import Database
from tests.ledger.making import begin, save_order


def test_an_order_names_its_units_while_none_of_them_was_seen_shipped(database: Database) -> None:
    with begin(database) as tx:
        save_order(tx, "1", LineLife("a", "MUG", 2), LineLife("b", "MUG", 1), LineLife("c", "JUG", 3, cancelled=3))
        save_order(tx, "2", LineLife("a", "MUG", 2, shipped=1), LineLife("b", "JUG", 1))
        save_order(tx, "3", LineLife("a", "MUG", 2, dispatched=2), LineLife("b", "JUG", 1))
        assert orders.unshipped(tx, ["1", "2", "3", "4"]) == {"1": (("MUG", 3),)}


def test_an_order_of_which_a_parcel_is_held_or_waits_names_no_units(database: Database) -> None:
    with begin(database) as tx:
        for key in ("1", "2", "3", "4"):
            save_order(tx, key, LineLife("a", "MUG", 2))
        for key, kind, gate in (
            ("1", Kind.DISPATCH, inbox.HELD),
            ("2", Kind.DISPATCH, inbox.WAITING),
            ("3", Kind.DISPATCH, inbox.REJECTED),
            ("4", Kind.SALES_ORDER, inbox.HELD),
        ):
            inbox.store(tx, [inbox.Arrival(Side.BACK_OFFICE, kind, f"of-{key}", "print", {}, {}, gate, key)])
        assert set(orders.unshipped(tx, ["1", "2", "3", "4"])) == {"3", "4"}


def test_a_parcel_is_known_by_its_order_its_number_and_its_gate(database: Database) -> None:
    def arrival(key: str, gate: str) -> inbox.Arrival:
        return inbox.Arrival(Side.BACK_OFFICE, Kind.DISPATCH, key, "print", {}, {}, gate, "order-1", f"number-{key}")

    with begin(database) as tx:
        inbox.store(tx, [arrival("filed", inbox.PASSED), arrival("held", inbox.HELD)])

        def passed(key: str, order: str = "order-1", besides: str = "other") -> bool:
            return inbox.has_passed(tx, Kind.DISPATCH, order, f"number-{key}", besides=besides)

        assert passed("filed")
        assert not passed("held")
        assert not passed("filed", order="order-2")
        assert not passed("filed", besides="filed")
