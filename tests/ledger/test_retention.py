"""What has had its time: which part of what goes after how many days, and what stays as long as it is open."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, text

from domain.installation import Side
from domain.orders import LineLife
from domain.payloads import address_of
from domain.records import Kind
from ledger import figures, holds, inbox, journal, messages, orders, payloads, retention, stories
from ledger.database import Database, Transaction
from ledger.payloads import LedgerArchive
from ledger.retention import AT_ONCE, PARTS, Ages
from ledger.rows import table
from ledger.tables import Cause, Event, Evidence, Hold, Inbox, Message, OrderLineRow, Payload, SalesOrderRow
from tests.doubles import ManualClock
from tests.ledger.making import begin, hold, owed, save_order

DAY = 86400.0
KEEPS = {"id": True}
ALL = (Cause, Event, Evidence, Hold, Inbox, Message, OrderLineRow, Payload, SalesOrderRow)


def original(key: str, name: str = "Ada") -> dict[str, Any]:
    return {"id": key, "name": name}


def store(tx: Transaction, key: str, kind: Kind = Kind.SALES_ORDER, **more: Any) -> int:
    return inbox.store(tx, [arrival(key, kind, **more)])[kind, key]


def arrival(key: str, kind: Kind, *, gate: str = inbox.PASSED, **more: Any) -> inbox.Arrival:
    name = more.get("name", "Ada")
    side = Side.MARKETPLACE if kind is Kind.SALES_ORDER else Side.BACK_OFFICE
    return inbox.Arrival(side, kind, key, name, original(key, name), KEEPS, gate, more.get("order_key", key))


def trade(tx: Transaction, key: str) -> None:
    """Let an order come, be created and be dispatched, with a hold on its way; it is not final yet."""
    inbox_id = store(tx, key)
    save_order(tx, key, LineLife("1", "MUG", 1))
    orders.mark(tx, key, inbox_id=inbox_id)
    messages.owe(tx, [owed(key, inbox_id=inbox_id)])
    messages.prove(tx, Kind.SALES_ORDER, key, "there it is")
    store(tx, f"d-{key}", Kind.DISPATCH, order_key=key)
    holds.open_hold(tx, hold(holds.ORDER, key, order_key=key, signature=key))
    holds.close_holds(tx, holds.ORDER, [key], "done", "Sam")
    journal.write(tx, [(key, "sales_order", key, "done", "")])


def sweep(tx: Transaction) -> dict[str, int]:
    ages = Ages(tx.now - timedelta(days=30), tx.now - timedelta(days=400))
    taken: Counter[str] = Counter()
    for name, part in PARTS.items():
        after: str | None = ""
        while after is not None:
            done = part(tx, ages, after)
            taken[name] += done.count
            after = done.after
    return {name: count for name, count in taken.items() if count}


def counted(tx: Transaction) -> dict[str, int]:
    found = {table(model).name: int(tx.value(select(func.count()).select_from(table(model)))) for model in ALL}
    return {name: count for name, count in found.items() if count}


def persons(tx: Transaction) -> int:
    return int(tx.value(select(func.count()).where(table(Payload).c.person.is_not(None))))


def read(tx: Transaction, key: str, name: str = "Ada") -> Any:
    address = address_of(original(key, name), KEEPS)
    return payloads.load(tx, [address]).get(address)


def test_a_final_order_loses_its_person_after_30_days_and_all_the_rest_after_400(
    database: Database, clock: ManualClock
) -> None:
    with begin(database) as tx:
        for key in ("1", "2"):
            trade(tx, key)
        orders.mark(tx, "1", final_at=tx.now)
        story, classes = stories.told(tx, ["1"]), figures.order_classes(tx)
        tx.run(table(Cause).update().values(alert_owed=False))
    clock.move(29.9 * DAY)
    with begin(database) as tx:
        assert sweep(tx) == {}
    clock.move(0.2 * DAY)
    with begin(database) as tx:
        assert sweep(tx) == {"personal parts": 2}
        assert read(tx, "1") == {"id": "1"}
        assert read(tx, "2") == original("2"), "it is not final"
        assert stories.told(tx, ["1"]) == story
        assert figures.order_classes(tx) == classes
    clock.move(369.8 * DAY)
    with begin(database) as tx:
        orders.mark(tx, "2", final_at=tx.now)
        before = counted(tx)
        assert sweep(tx) == {}
        assert stories.told(tx, ["1"]) == story
    clock.move(0.2 * DAY)
    with begin(database) as tx:
        taken = sweep(tx)
        assert taken == {"personal parts": 2, "orders": 1, "causes": 1, "originals": 2}  # persons: of 2, at the latest
        assert counted(tx) == {name: count // 2 for name, count in before.items()}, "the half of 2 stands"
        assert list(figures.order_classes(tx)) == ["CON-2"]
        assert stories.told(tx, ["1"]) == []


@pytest.mark.parametrize("is_open", ["message", "hold"])
def test_what_is_owed_or_held_stays_and_only_its_person_goes_when_a_record_would(
    database: Database, clock: ManualClock, is_open: str
) -> None:
    with begin(database) as tx:
        trade(tx, "1")
        orders.mark(tx, "1", final_at=tx.now)
        if is_open == "message":
            messages.owe(tx, [owed("d-1", Kind.DISPATCH, Side.MARKETPLACE, order_key="1")])
        else:
            holds.open_hold(tx, hold(holds.ORDER, "1", order_key="1"))
        before = counted(tx)
    clock.move(399 * DAY)
    with begin(database) as tx:
        assert sweep(tx) == {}
        assert read(tx, "1") == original("1")
    clock.move(200 * DAY)
    with begin(database) as tx:
        assert sweep(tx) == {"personal parts": 2}
        assert counted(tx) == before
        assert read(tx, "1") == {"id": "1"}
        messages.prove(tx, Kind.DISPATCH, "d-1", "seen")
        holds.close_holds(tx, holds.ORDER, ["1"], "released", "Sam")
        assert sweep(tx)["orders"] == 1


def test_an_order_that_nobody_ended_is_over_after_400_days_when_nothing_is_owed_or_held(
    database: Database, clock: ManualClock
) -> None:
    with begin(database) as tx:
        trade(tx, "1")
    clock.move(399 * DAY)
    with begin(database) as tx:
        assert sweep(tx) == {}
    clock.move(2 * DAY)
    with begin(database) as tx:
        assert sweep(tx)["orders"] == 1
        assert set(counted(tx)) <= {"cause"}, "its alert is not told yet"


@pytest.mark.parametrize(("requested", "is_over"), [(2, True), (1, False)])
def test_an_order_that_was_asked_to_be_cancelled_is_over_once_a_person_decided_it(
    database: Database, clock: ManualClock, requested: int, *, is_over: bool
) -> None:
    with begin(database) as tx:
        trade(tx, "1")
        orders.save_lines(tx, [("1", LineLife("1", "MUG", 2, cancel_requested=requested))])
        orders.mark_taken(tx, "1", "B1")
        holds.open_hold(tx, hold(holds.ORDER, "1", "cancelled_after_creation", order_key="1"))
        assert sweep(tx) == {}, "nobody has decided"
        holds.close_holds(tx, holds.ORDER, ["1"], "released", "Sam")
        assert sweep(tx) == ({"orders ended by a decision": 1} if is_over else {})
        assert (orders.known(tx, ["1"])["1"].final_at is not None) is is_over
        assert [row.key for row in orders.open_for_dispatch(tx, "", 9, 14)] == ["1"], "it may be shipped all the same"
    clock.move(31 * DAY)
    with begin(database) as tx:
        assert sweep(tx) == ({"personal parts": 2} if is_over else {})
        assert [row.key for row in orders.open_for_dispatch(tx, "", 9, 14)] == ([] if is_over else ["1"])


def test_what_cannot_be_read_keeps_its_person_while_it_is_held_and_no_longer_than_a_record(
    database: Database, clock: ManualClock
) -> None:
    with begin(database) as tx:
        for key in ("held", "mended"):
            inbox_id = store(tx, key, gate=inbox.REJECTED, order_key="")
            holds.open_hold(tx, hold(holds.INBOX, str(inbox_id), order_key=key, signature=key))
        holds.close_holds(tx, holds.INBOX, [str(inbox_id)], "replaced", "a newer record")
        store(tx, "lost", Kind.DISPATCH, order_key="")
        orders.save_lines(tx, [("mended", LineLife("1", "MUG", 1))])  # sold, although it cannot be read
        journal.write(tx, [("mended", "sales_order", "mended", "held", "")])
        tx.run(table(Cause).update().values(alert_owed=False))
    clock.move(31 * DAY)
    with begin(database) as tx:
        assert sweep(tx) == {"personal parts": 2}
        assert read(tx, "held") == original("held")
        assert (read(tx, "mended"), read(tx, "lost")) == ({"id": "mended"}, {"id": "lost"})
    clock.move(370 * DAY)
    with begin(database) as tx:
        assert sweep(tx) == {"personal parts": 1, "records of no order": 2, "causes": 1, "originals": 2}
        assert counted(tx) == {"cause": 1, "hold": 1, "inbox": 1, "payload": 1}, "what is held is still to be seen"
        assert [one.order_key for one in holds.open_holds(tx)] == ["held"]


def test_a_version_that_was_replaced_goes_with_its_time_whatever_becomes_of_its_order(
    database: Database, clock: ManualClock
) -> None:
    with begin(database) as tx:
        save_order(tx, "1", LineLife("1", "MUG", 1))
        store(tx, "1")
        store(tx, "1", name="Grace")
    clock.move(31 * DAY)
    with begin(database) as tx:
        assert sweep(tx) == {"personal parts": 1}
        assert (read(tx, "1"), read(tx, "1", "Grace")) == ({"id": "1"}, original("1", "Grace"))
        store(tx, "1")
        assert read(tx, "1") == original("1"), "what was erased and comes again is whole again"


def test_kept_answers_go_with_the_persons_and_one_that_comes_again_is_kept_from_then_on(
    database: Database, clock: ManualClock
) -> None:
    archive = LedgerArchive(database)
    first, again = archive.keep("shop", "POST", b"Zoe"), archive.keep("shop", "POST", b"Ada")
    clock.move(20 * DAY)
    archive.keep("shop", "POST", b"Ada")
    clock.move(11 * DAY)
    with begin(database) as tx:
        assert sweep(tx) == {"answers": 1}
        assert [row.id for row in tx.rows(select(table(Evidence)))] == [again] != [first]
    clock.move(20 * DAY)
    with begin(database) as tx:
        assert sweep(tx) == {"answers": 1}


def test_the_journal_holds_and_causes_of_no_order_go_after_400_days(database: Database, clock: ManualClock) -> None:
    with begin(database) as tx:
        journal.write(tx, [("", "availability", "MUG", "published", "1")])
        for sku in ("MUG", "JUG"):
            holds.open_hold(tx, hold(holds.LEVEL, sku, signature=sku))
        holds.close_holds(tx, holds.LEVEL, ["MUG"], "mended", "Sam")
        tx.run(table(Cause).update().values(alert_owed=False))
    clock.move(200 * DAY)
    with begin(database) as tx:
        journal.write(tx, [("", "availability", "MUG", "published", "2")])
    clock.move(199 * DAY)
    with begin(database) as tx:
        assert sweep(tx) == {}
    clock.move(2 * DAY)
    with begin(database) as tx:
        assert sweep(tx) == {"journal lines": 1, "holds": 1, "causes": 1}
        assert counted(tx) == {"event": 1, "hold": 1, "cause": 1}


def test_another_installation_is_left_alone(database: Database, clock: ManualClock) -> None:
    with database.transaction("pillows") as tx:
        trade(tx, "1")
        orders.mark(tx, "1", final_at=tx.now)
        journal.write(tx, [("", "availability", "MUG", "published", "1")])
        before = counted(tx)
    clock.move(900 * DAY)
    with begin(database) as tx:
        trade(tx, "1")  # the same number, and equal originals
        orders.mark(tx, "1", final_at=tx.now)
        clock.move(900 * DAY)
    with begin(database) as tx:
        assert sweep(tx)["orders"] == 1
        assert counted(tx) == before | {"cause": 2}
        assert persons(tx) == 2, "they are not ours alone"
    with database.transaction("pillows") as tx:
        assert sweep(tx)["personal parts"] == 2


@pytest.fixture
def statements(database: Database) -> Iterator[list[tuple[str, Any]]]:
    heard: list[tuple[str, Any]] = []

    def hear(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: Any) -> None:
        heard.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", hear)
    yield heard
    event.remove(database.engine, "before_cursor_execute", hear)


def _walks(line: str) -> bool:
    """Tell whether a line of a plan reads all of a table, or all of an installation's rows."""
    whole = "Seq Scan" in line or (line.startswith("SCAN ") and "json_each" not in line)
    return whole or line.endswith("(installation=?)")


def test_no_part_walks_a_table(database: Database, clock: ManualClock, statements: list[tuple[str, Any]]) -> None:
    with begin(database) as tx:
        for number in range(50):
            trade(tx, f"{number}")
            orders.mark(tx, f"{number}", final_at=tx.now)
        if tx.is_postgresql:
            tx.run(text("ANALYZE"))
            tx.run(text("SET enable_seqscan = off"))  # with 50 rows, walking is cheapest
        tx.run(table(Cause).update().values(alert_owed=False))
    clock.move(450 * DAY)
    with begin(database) as tx:
        trade(tx, "open")
        statements.clear()
        assert sweep(tx)["orders"] == 50
        explain = "EXPLAIN" if tx.is_postgresql else "EXPLAIN QUERY PLAN"
        for statement, parameters in dict(statements).items():
            plan = tx.connection.exec_driver_sql(f"{explain} {statement}", parameters).all()
            told = [str(row[0 if tx.is_postgresql else 3]) for row in plan]
            assert not [line for line in told if _walks(line)], statement


def test_a_transaction_takes_a_bounded_part_and_the_next_one_goes_on(database: Database, clock: ManualClock) -> None:
    with begin(database) as tx:
        save_order(tx, "open", LineLife("1", "MUG", 1))
        of_orders = ["open"] * AT_ONCE + [""] * 10
        inbox.store(tx, [arrival(f"d-{n}", Kind.DISPATCH, order_key=key) for n, key in enumerate(of_orders)])
    clock.move(31 * DAY)
    with begin(database) as tx:
        ages = Ages(tx.now - timedelta(days=30), tx.now - timedelta(days=400))
        first = retention.erase_persons(tx, ages, "")
        assert first.after is not None
        second = retention.erase_persons(tx, ages, first.after)
        assert (first.count + second.count, second.after) == (10, None), "what must stay does not hide what is due"
