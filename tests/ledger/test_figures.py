"""What the figures call held: a message that is held, and what waits behind it."""

from domain.installation import Side
from domain.records import Kind
from ledger import holds, messages
from ledger.database import Database
from ledger.figures import figures
from tests.ledger.making import begin, hold, owed


def test_a_dispatch_behind_a_held_one_of_its_order_is_held_and_not_owed(database: Database) -> None:
    with begin(database) as tx:
        parcels = [("first", "order-1"), ("second", "order-1"), ("third", "order-2")]
        messages.owe(tx, [owed(key, Kind.DISPATCH, Side.MARKETPLACE, order_key=order) for key, order in parcels])
        assert (figures(tx).owed, figures(tx).dispatches_held) == ({"dispatch": 3}, 0)
        number = messages.id_of(tx, Kind.DISPATCH, "first")
        holds.open_hold(tx, hold(holds.MESSAGE, str(number)))
        assert (figures(tx).owed, figures(tx).dispatches_held) == ({"dispatch": 1}, 2)


def test_what_waits_at_another_destination_is_not_behind_it(database: Database) -> None:
    with begin(database) as tx:
        messages.owe(tx, [owed("order-1"), owed("parcel", Kind.DISPATCH, Side.MARKETPLACE, order_key="order-1")])
        holds.open_hold(tx, hold(holds.MESSAGE, str(messages.id_of(tx, Kind.SALES_ORDER, "order-1"))))
        assert (figures(tx).owed, figures(tx).dispatches_held) == ({"dispatch": 1}, 0)
