from datetime import timedelta

import pytest
from sqlalchemy import select

from domain.budgets import Lane
from domain.installation import Side
from domain.orders import LineLife
from domain.records import Kind
from ledger import holds, messages
from ledger.database import Database, Transaction
from ledger.messages import Claimed
from ledger.rows import table
from ledger.tables import Message
from tests.doubles import ManualClock
from tests.ledger.making import LEASE, PLACED_AT, begin, claim, hold, owed, save_order


def keys(claimed: list[Claimed]) -> list[str]:
    return [message.key for message in claimed]


def row(tx: Transaction, key: str) -> Message:
    found: Message = tx.one(select(table(Message)).where(table(Message).c.key == key))  # type: ignore[assignment]  # a row with its columns
    return found


def test_an_event_is_owed_once_under_its_natural_key(database: Database) -> None:
    with begin(database) as tx:
        messages.owe(tx, [owed("order-1", inbox_id=7), owed("order-1", inbox_id=8)])
        messages.owe(tx, [owed("order-1", inbox_id=9), owed("order-1", Kind.ACKNOWLEDGEMENT, Side.MARKETPLACE)])
        assert [message.inbox_id for message in claim(tx)] == [7]
        assert keys(claim(tx, kind=Kind.ACKNOWLEDGEMENT)) == ["order-1"]
        messages.owe(tx, [])


def test_what_was_done_is_never_owed_again(database: Database) -> None:
    with begin(database) as tx:
        messages.owe(tx, [owed("order-1")])
        assert messages.close(tx, claim(tx)[0], "done", "seen", "back-1")
        messages.owe(tx, [owed("order-1")])
        assert claim(tx) == []
        closed = row(tx, "order-1")
        assert (closed.closed_as, closed.closed_by, closed.evidence, closed.external_id) == (
            "done",
            "run-1",
            "seen",
            "back-1",
        )


def test_the_most_urgent_goes_first(database: Database, clock: ManualClock) -> None:
    with begin(database) as tx:
        messages.owe(tx, [owed("bulk", lane=Lane.BULK), owed("early")])
    clock.move(1)
    with begin(database) as tx:
        messages.owe(tx, [owed("late"), owed("urgent", lane=Lane.URGENT)])
        assert keys(claim(tx, 2)) == ["urgent", "early"]
        assert keys(claim(tx)) == ["late", "bulk"]


def test_a_message_is_not_due_before_its_time(database: Database, clock: ManualClock) -> None:
    with begin(database) as tx:
        messages.owe(tx, [owed("order-1")])
        assert messages.note(tx, claim(tx)[0], due_at=tx.now + timedelta(seconds=60), lease_until=None)
        assert claim(tx) == []
    clock.move(60)
    with begin(database) as tx:
        assert keys(claim(tx)) == ["order-1"]


def test_a_later_message_of_the_same_order_and_destination_waits_for_the_earlier(database: Database) -> None:
    with begin(database) as tx:
        messages.owe(tx, [owed("order-1", Kind.CANCELLATION, Side.MARKETPLACE)])
        messages.owe(tx, [owed("shipment-1", Kind.DISPATCH, Side.MARKETPLACE, order_key="order-1"), owed("order-1")])
        messages.owe(tx, [owed("shipment-2", Kind.DISPATCH, Side.MARKETPLACE, order_key="order-2")])
        assert keys(claim(tx, kind=Kind.DISPATCH)) == ["shipment-2"]
        assert keys(claim(tx)) == ["order-1"]  # another destination
        messages.close(tx, claim(tx, kind=Kind.CANCELLATION)[0], "done", "seen")
        assert keys(claim(tx, kind=Kind.DISPATCH)) == ["shipment-1"]


def test_a_held_earlier_message_still_blocks(database: Database) -> None:
    with begin(database) as tx:
        messages.owe(tx, [owed("order-1", Kind.CANCELLATION, Side.MARKETPLACE)])
        holds.open_hold(tx, hold(holds.MESSAGE, str(row(tx, "order-1").id)))
        messages.owe(tx, [owed("shipment-1", Kind.DISPATCH, Side.MARKETPLACE, order_key="order-1")])
        assert claim(tx, kind=Kind.DISPATCH) == []


def test_a_held_message_is_not_claimed_until_its_hold_closes(database: Database) -> None:
    with begin(database) as tx:
        messages.owe(tx, [owed("order-1"), owed("order-2")])
        held_id = str(row(tx, "order-1").id)
        holds.open_hold(tx, hold(holds.MESSAGE, held_id))
        assert keys(claim(tx)) == ["order-2"]
        holds.close_holds(tx, holds.MESSAGE, [held_id], "released", "Ms Sample")
        assert keys(claim(tx)) == ["order-1"]


def test_a_leased_message_is_claimed_again_only_when_its_lease_has_run_out(
    database: Database, clock: ManualClock
) -> None:
    with begin(database) as tx:
        messages.owe(tx, [owed("order-1")])
        first = claim(tx)[0]
        assert first.lease_until == tx.now + LEASE
        assert claim(tx) == []
    clock.move(LEASE.total_seconds() + 1)
    with begin(database) as tx:
        second = claim(tx)[0]
    assert (first.attempt, second.attempt) == (1, 2)


def test_a_writer_that_comes_late_changes_nothing(database: Database, clock: ManualClock) -> None:
    with begin(database) as tx:
        messages.owe(tx, [owed("order-1")])
        late = claim(tx)[0]
    clock.move(LEASE.total_seconds() + 1)
    with begin(database) as tx:
        owner = claim(tx)[0]
        assert not messages.note(tx, late, ticket="late")
        assert not messages.close(tx, late, "done", "late")
        assert messages.close(tx, owner, "done", "seen")
        assert not messages.note(tx, owner, ticket="after the end")
        kept = row(tx, "order-1")
        assert (kept.ticket, kept.evidence) == (None, "seen")


def test_what_was_attempted_is_looked_up_and_not_sent(database: Database) -> None:
    with begin(database) as tx:
        messages.owe(tx, [owed("order-1"), owed("order-2")])
        for message in claim(tx):
            messages.note(tx, message, lease_until=None, attempted_at=tx.now if message.key == "order-1" else None)
        assert keys(claim(tx, looking=True)) == ["order-1"]
        assert keys(claim(tx)) == ["order-2"]


def test_a_walk_over_what_is_looked_up_goes_on_behind_the_last(database: Database) -> None:
    with begin(database) as tx:
        messages.owe(tx, [owed("order-1", unknown=True), owed("order-2", unknown=True)])
        first = claim(tx, 1, looking=True)[0]
        messages.note(tx, first, lease_until=None)
        rest = messages.claim(tx, Kind.SALES_ORDER, 10, LEASE, looking=True, not_before=first.id)
        assert keys(rest) == ["order-2"]


@pytest.mark.parametrize("attempted", [False, True])
def test_only_what_was_never_attempted_can_be_dropped(database: Database, *, attempted: bool) -> None:
    with begin(database) as tx:
        messages.owe(tx, [owed("order-1", unknown=attempted)])
        assert messages.drop_unattempted(tx, Kind.SALES_ORDER, "order-1", "cancelled") is not attempted
        assert (messages.id_of(tx, Kind.SALES_ORDER, "order-1") is None) is not attempted


def test_a_claim_that_was_dropped_meanwhile_is_lost(database: Database) -> None:
    with begin(database) as tx:
        messages.owe(tx, [owed("order-1")])
        claimed = claim(tx)[0]
        assert messages.drop_unattempted(tx, Kind.SALES_ORDER, "order-1", "cancelled")
        messages.owe(tx, [owed("order-1")])
        assert not messages.note(tx, claimed, attempted_at=tx.now)


def test_what_was_dropped_is_owed_again_as_it_is_now(database: Database, clock: ManualClock) -> None:
    with begin(database) as tx:
        messages.owe(tx, [owed("order-1", lines=[{"line": "1"}])])
        claim(tx)
        messages.drop_unattempted(tx, Kind.SALES_ORDER, "order-1", "cancelled")
        assert claim(tx) == []
    clock.move(5)
    with begin(database) as tx:
        messages.owe(tx, [owed("order-1", inbox_id=5, lines=[{"line": "2"}], deadline_at=PLACED_AT, lane=Lane.URGENT)])
        again = claim(tx)
        assert [(m.inbox_id, m.lines, m.deadline_at) for m in again] == [(5, [{"line": "2"}], PLACED_AT)]
        assert row(tx, "order-1").lane == Lane.URGENT
        assert row(tx, "order-1").closed_as is None


def test_a_record_that_names_the_key_proves_an_open_message_once(database: Database) -> None:
    with begin(database) as tx:
        messages.owe(tx, [owed("order-1")])
        claimed = claim(tx)[0]
        assert messages.prove(tx, Kind.SALES_ORDER, "order-1", "shipped")
        assert not messages.prove(tx, Kind.SALES_ORDER, "order-1", "shipped again")
        assert not messages.prove(tx, Kind.ACKNOWLEDGEMENT, "order-1", "another kind")
        assert not messages.close(tx, claimed, "done", "its own answer")
        assert row(tx, "order-1").evidence == "shipped"


@pytest.mark.parametrize("how", ["answered", "no longer owed", "proved", "dropped"])
def test_whatever_closes_a_message_closes_what_holds_it(database: Database, how: str) -> None:
    with begin(database) as tx:
        messages.owe(tx, [owed("order-1"), owed("order-2")])
        claimed = claim(tx)[0]
        for key in ("order-1", "order-2"):
            holds.open_hold(tx, hold(holds.MESSAGE, str(row(tx, key).id)))
        match how:
            case "answered":
                assert messages.close(tx, claimed, "done", "seen")
            case "no longer owed":
                assert messages.close(tx, claimed, messages.DROPPED, "nothing is left")
            case "proved":
                assert messages.prove(tx, Kind.SALES_ORDER, "order-1", "shipped")
            case _:
                assert messages.drop_unattempted(tx, Kind.SALES_ORDER, "order-1", "cancelled")
        assert [one.subject_id for one in holds.open_holds(tx)] == [str(row(tx, "order-2").id)]


def test_at_go_live_older_orders_begin_as_unknown(database: Database) -> None:
    with begin(database) as tx:
        save_order(tx, "old", LineLife("1", "TOWEL-01", 1), placed_at=PLACED_AT)
        save_order(tx, "new", LineLife("1", "TOWEL-01", 1), placed_at=PLACED_AT + timedelta(hours=2))
        messages.owe(tx, [owed("old"), owed("new"), owed("old", Kind.ACKNOWLEDGEMENT, Side.MARKETPLACE)])
        assert messages.begin_unknown(tx, Kind.SALES_ORDER, PLACED_AT + timedelta(hours=1)) == 1
        assert keys(claim(tx, looking=True)) == ["old"]
        assert keys(claim(tx)) == ["new"]
        assert keys(claim(tx, kind=Kind.ACKNOWLEDGEMENT)) == ["old"]


def test_a_released_message_is_due_at_once_and_may_be_sent_as_often_as_a_new_one(database: Database) -> None:
    with begin(database) as tx:
        messages.owe(tx, [owed("order-1")])
        claimed = claim(tx)[0]
        messages.note(tx, claimed, lease_until=None, due_at=tx.now + timedelta(hours=1), resends=2)
        messages.due_now(tx, [claimed.id])
        assert [message.resends for message in claim(tx)] == [1], "it is still known as sent before"


def test_messages_of_another_installation_are_none_of_ours(database: Database) -> None:
    with begin(database) as tx:
        messages.owe(tx, [owed("order-1")])
    with database.transaction("pillows") as tx:
        assert claim(tx) == []
        assert messages.id_of(tx, Kind.SALES_ORDER, "order-1") is None
        assert not messages.prove(tx, Kind.SALES_ORDER, "order-1", "another installation's")
