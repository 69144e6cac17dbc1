from datetime import timedelta

from sqlalchemy import select

from ledger import holds
from ledger.database import Database, Transaction
from ledger.rows import table
from ledger.tables import Cause
from tests.ledger.making import PLACED_AT, begin, hold


def causes(tx: Transaction) -> list[Cause]:
    return tx.rows(select(table(Cause)).order_by(table(Cause).c.id))


def test_one_hold_a_subject_and_type(database: Database) -> None:
    with begin(database) as tx:
        assert holds.open_hold(tx, hold(holds.INBOX, "1"))
        assert not holds.open_hold(tx, hold(holds.INBOX, "1"))
        assert holds.open_hold(tx, hold(holds.INBOX, "1", "ean"))
        assert holds.open_hold(tx, hold(holds.MESSAGE, "1"))
        assert len(holds.open_holds(tx)) == 3
    with database.transaction("pillows") as tx:
        assert holds.open_holds(tx) == []
        assert holds.open_hold(tx, hold(holds.INBOX, "1"))


def test_holds_of_one_signature_are_one_cause_that_counts_them(database: Database) -> None:
    with begin(database) as tx:
        for number in range(3):
            holds.open_hold(tx, hold(holds.INBOX, str(number), "unknown_sku", signature="TOWEL-09"))
        holds.open_hold(tx, hold(holds.INBOX, "9", "unknown_sku", signature="TOWEL-10"))
        assert [(cause.signature, cause.count) for cause in causes(tx)] == [
            ("unknown_sku:TOWEL-09", 3),
            ("unknown_sku:TOWEL-10", 1),
        ]


def test_a_cause_shows_its_first_deadline(database: Database) -> None:
    with begin(database) as tx:
        for number, hours in enumerate((5, 2, 8)):
            holds.open_hold(tx, hold(holds.INBOX, str(number), deadline_at=PLACED_AT + timedelta(hours=hours)))
        assert causes(tx)[0].first_deadline_at == PLACED_AT + timedelta(hours=2)
        holds.close_holds(tx, holds.INBOX, ["1"], "mended", "run-2")
        assert causes(tx)[0].first_deadline_at == PLACED_AT + timedelta(hours=5)


def test_a_cause_closes_with_its_last_hold_and_still_tells_how_many_there_were(database: Database) -> None:
    with begin(database) as tx:
        holds.open_hold(tx, hold(holds.INBOX, "1"))
        holds.open_hold(tx, hold(holds.INBOX, "2"))
        assert holds.close_holds(tx, holds.INBOX, ["1", "unheld"], "released", "Ms Sample") == 1
        assert [(cause.count, cause.closed_at) for cause in causes(tx)] == [(1, None)]
        assert holds.close_holds(tx, holds.INBOX, ["2"], "released", "Ms Sample") == 1
        assert holds.close_holds(tx, holds.INBOX, ["2"], "released", "Ms Sample") == 0
        assert [(cause.count, cause.closed_at, cause.alert_owed) for cause in causes(tx)] == [(1, tx.now, True)]


def test_what_comes_back_is_a_new_cause(database: Database) -> None:
    with begin(database) as tx:
        for _ in range(2):
            assert holds.open_hold(tx, hold(holds.INBOX, "1"))
            holds.close_holds(tx, holds.INBOX, ["1"], "released", "Ms Sample")
        assert len({cause.id for cause in causes(tx)}) == 2


def test_only_the_named_types_are_closed(database: Database) -> None:
    with begin(database) as tx:
        holds.open_hold(tx, hold(holds.ORDER, "order-1", "unknown_outcome"))
        holds.open_hold(tx, hold(holds.ORDER, "order-1", "cancelled_after_creation"))
        assert holds.close_holds(tx, holds.ORDER, ["order-1"], "proved", "run-1", ["unknown_outcome"]) == 1
        assert [one.type for one in holds.open_holds(tx)] == ["cancelled_after_creation"]


def test_many_holds_close_at_once(database: Database) -> None:
    with begin(database) as tx:
        for number in range(300):
            holds.open_hold(tx, hold(holds.INBOX, str(number)))
        assert holds.close_holds(tx, holds.INBOX, [str(n) for n in range(70_000)], "mended", "run-2") == 300


def test_a_system_that_is_down_is_one_cause_without_holds(database: Database) -> None:
    signature = "account:store-1"
    with begin(database) as tx:
        opened = {
            holds.open_cause(
                tx, signature=signature, type_="down", owner="operations", title="down", detail="no answer"
            )
            for _ in range(3)
        }
        assert len(opened) == 1
        assert causes(tx)[0].count == 3
        assert holds.close_cause(tx, signature)
        assert not holds.close_cause(tx, signature)


def test_open_holds_carry_the_fix_of_their_cause(database: Database) -> None:
    with begin(database) as tx:
        holds.open_hold(tx, hold(holds.INBOX, "1", "unmapped_carrier", fix={"carrier": "Parcel Post"}))
        assert [one.fix for one in holds.open_holds(tx, type="unmapped_carrier")] == [{"carrier": "Parcel Post"}]
        assert holds.open_holds(tx, type="ean") == []
