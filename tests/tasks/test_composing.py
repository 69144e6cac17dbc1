from domain.installation import Side
from domain.records import Address, Item, OrderLine, SalesOrder
from ledger import items
from ledger.database import Database
from tasks.composing import CannotCompose, _with_item_ids
from tests.doubles import ManualClock


def _order(*skus: str) -> SalesOrder:
    lines = tuple(
        OrderLine(line=str(number), sku=sku, ean=None, stock_number=None, quantity=1) for number, sku in enumerate(skus)
    )
    placed_at = ManualClock().now()
    return SalesOrder(key="1", reference="1", external_id="1", placed_at=placed_at, lines=lines, ship_to=Address())


def test_what_is_sent_names_the_takers_own_ids_where_they_are_known(database: Database) -> None:
    with database.transaction("harbour") as tx:
        known = [Item(sku="A", external_id="B1"), Item(sku="OLD", external_id="B2", sellable=False)]
        items.store(tx, Side.BACK_OFFICE, known)
        waits = CannotCompose(None, "nothing is wanted")
        composed = _with_item_ids(tx, {1: _order("A", "a", "OLD"), 2: waits})
    sent = composed[1]
    assert isinstance(sent, SalesOrder)
    assert [line.item_id for line in sent.lines] == ["B1", "", ""]
    assert composed[2] is waits


def test_the_ids_are_no_part_of_what_came() -> None:
    order = _order("A")
    filled = order.model_copy(update={"lines": (order.lines[0].model_copy(update={"item_id": "B1"}),)})
    assert filled.fingerprint() == order.fingerprint()
