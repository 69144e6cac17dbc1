from sqlalchemy import func, select

from domain.installation import Side
from domain.payloads import unpacked
from domain.records import Kind
from ledger import inbox, payloads
from ledger.database import Database, Transaction
from ledger.payloads import LedgerArchive
from ledger.rows import table
from ledger.tables import Evidence, Inbox, Payload
from tests.ledger.making import begin

KEEPS = {"id": True, "lines": {"sku": True}}


def original(key: str = "order-1", name: str = "Ada Sample") -> dict[str, object]:
    return {"id": key, "buyer": {"name": name}, "lines": [{"sku": "TOWEL-01", "note": "mind the dog"}]}


def arrival(
    key: str = "order-1", print_: str = "a", *, name: str = "Ada Sample", gate: str = inbox.PASSED
) -> inbox.Arrival:
    return inbox.Arrival(
        Side.MARKETPLACE, Kind.SALES_ORDER, key, print_, original(key, name), KEEPS, gate, order_key=key
    )


def row_of(tx: Transaction, inbox_id: int) -> Inbox:
    found: Inbox = tx.one(select(table(Inbox)).where(table(Inbox).c.id == inbox_id))  # type: ignore[assignment]  # a row with its columns
    return found


def test_a_record_is_new_once_and_again_when_it_changed(database: Database) -> None:
    prints = {"order-1": "a", "order-2": "b"}
    with begin(database) as tx:
        assert inbox.unseen(tx, Side.MARKETPLACE, Kind.SALES_ORDER, prints) == {"order-1", "order-2"}
        inbox.store(tx, [arrival("order-1", "a")])
    with begin(database) as tx:
        assert inbox.unseen(tx, Side.MARKETPLACE, Kind.SALES_ORDER, prints) == {"order-2"}
        assert inbox.unseen(tx, Side.BACK_OFFICE, Kind.SALES_ORDER, prints) == set(prints)
        assert inbox.unseen(tx, Side.MARKETPLACE, Kind.SALES_ORDER, {"order-1": "changed"}) == {"order-1"}
        assert inbox.unseen(tx, Side.MARKETPLACE, Kind.SALES_ORDER, {}) == set()
    with database.transaction("pillows") as tx:
        assert inbox.unseen(tx, Side.MARKETPLACE, Kind.SALES_ORDER, prints) == set(prints)


def test_a_changed_record_replaces_its_row_as_a_new_version_and_a_repeat_does_not(database: Database) -> None:
    seen: list[tuple[int, int, str]] = []
    for print_, gate in (("a", inbox.HELD), ("a", inbox.PASSED), ("b", inbox.PASSED)):
        with begin(database) as tx:
            inbox_id = inbox.store(tx, [arrival(print_=print_, gate=gate)])[Kind.SALES_ORDER, "order-1"]
            row = row_of(tx, inbox_id)
            seen.append((inbox_id, row.version, row.gate))
    assert [(version, gate) for _, version, gate in seen] == [(1, "held"), (1, "passed"), (2, "passed")]
    assert len({inbox_id for inbox_id, _, _ in seen}) == 1


def test_the_ids_are_of_the_side_that_was_stored(database: Database) -> None:
    other = inbox.Arrival(Side.BACK_OFFICE, Kind.SALES_ORDER, "order-1", "z", {"id": 1}, {"id": True}, inbox.PASSED)
    with begin(database) as tx:
        first = inbox.store(tx, [arrival()])[Kind.SALES_ORDER, "order-1"]
        assert inbox.store(tx, [other])[Kind.SALES_ORDER, "order-1"] != first
        assert inbox.store(tx, [arrival(print_="b")])[Kind.SALES_ORDER, "order-1"] == first
        assert inbox.store(tx, []) == {}


def test_released_records_come_back_with_their_newest_original(database: Database) -> None:
    with begin(database) as tx:
        ids = inbox.store(tx, [arrival("order-1", gate=inbox.HELD), arrival("order-2", gate=inbox.HELD)])
        inbox.store(tx, [arrival("order-1", "b", name="Grace Sample", gate=inbox.HELD)])
        assert inbox.waiting(tx, [Kind.SALES_ORDER], 10) == []
        assert inbox.set_gate(tx, list(ids.values()), inbox.WAITING) == 2
        waiting = inbox.waiting(tx, [Kind.SALES_ORDER], 10)
        assert [one.key for one in waiting] == ["order-1", "order-2"]
        assert waiting[0].original == original("order-1", "Grace Sample")
        assert len(inbox.waiting(tx, [Kind.SALES_ORDER], 1)) == 1
        assert inbox.waiting(tx, [Kind.DISPATCH], 10) == []
        assert inbox.set_gate(tx, [], inbox.WAITING) == 0


def test_another_installation_cannot_release(database: Database) -> None:
    with begin(database) as tx:
        ids = inbox.store(tx, [arrival(gate=inbox.HELD)])
    with database.transaction("pillows") as tx:
        assert inbox.set_gate(tx, list(ids.values()), inbox.WAITING) == 0


def test_an_original_is_kept_once_and_comes_back_whole(database: Database) -> None:
    with begin(database) as tx:
        first, second, third = payloads.keep(tx, [(original(), KEEPS), (original(), KEEPS), (original("x"), KEEPS)])
        assert first == second != third
        assert payloads.load(tx, [first, third]) == {first: original(), third: original("x")}
        assert tx.value(select(func.count()).select_from(table(Payload))) == 2


def test_the_stored_skeleton_holds_no_personal_data(database: Database) -> None:
    with begin(database) as tx:
        payloads.keep(tx, [(original(), KEEPS)])
        skeleton = unpacked(tx.value(select(table(Payload).c.skeleton)))
    assert skeleton == {"id": "order-1", "lines": [{"sku": "TOWEL-01"}]}


def test_the_archive_keeps_an_answer_once_and_not_without_end(database: Database) -> None:
    archive = LedgerArchive(database)
    name = archive.keep("shop-1", "GET /orders", b"x" * 100_000)
    assert archive.keep("shop-1", "GET /orders", b"x" * 100_000) == name
    with begin(database) as tx:
        kept = tx.rows(select(table(Evidence)))
    assert [(row.id, row.account, len(row.body)) for row in kept] == [(name, "shop-1", 65536)]
