"""Who took a cause, whom its escalation has reached, and who was told of it."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import bindparam, text

from ledger import alerts, holds, journal, schema, stories, taking
from ledger.alerts import Alert
from ledger.database import Database, Transaction
from ledger.tables import Moment
from tests.doubles import ManualClock
from tests.ledger.making import begin, hold

SHORT = timedelta(seconds=120)
MIGRATIONS = Path(schema.__file__).parent / "migrations"
BEFORE = text(
    "INSERT INTO cause (installation, signature, type, owner, title, detail, count, opened_at, closed_at, run_id,"
    " slack_channel, slack_timestamp, alert_owed, alert_shown)"
    " VALUES ('towels', 's', 'refused', 'operations', 't', 'd', 1, :at, :closed_at, '', :channel, '1.1', false, '')"
).bindparams(bindparam("at", type_=Moment), bindparam("closed_at", type_=Moment))


def opened(database: Database, sku: str = "MUG-1") -> int:
    """Open a cause and return its number."""
    with begin(database) as tx:
        holds.open_hold(tx, hold(holds.LEVEL, sku, signature=sku))
        return max(cause_id for _, cause_id in alerts.owed(tx))


def show(database: Database, cause_id: int) -> Alert:
    """Show what is owed of a cause, as a sender does; return what was shown."""
    with begin(database) as tx:
        alert = alerts.take(tx, cause_id)
        assert alert is not None
        sending = alerts.mark(tx, alert, tx.now + SHORT)
    with begin(database) as tx:
        alerts.shown(tx, alert, sending, "C1", "1.1")
    return alert


def told_at(tx: Transaction, cause_id: int) -> datetime | None:
    moment: datetime | None = taking.cause(tx, cause_id).told_at  # type: ignore[union-attr] # it is there
    return moment


def waiting(database: Database) -> list[int]:
    with begin(database) as tx:
        return [one.id for one in taking.untaken(tx, tx.now)]


def test_only_who_was_told_can_be_waited_for(database: Database, clock: ManualClock) -> None:
    cause_id = opened(database)
    assert waiting(database) == [], "it was never shown"
    show(database, cause_id)
    with begin(database) as tx:
        assert taking.untaken(tx, tx.now - timedelta(minutes=5)) == []
    clock.move(300)
    with begin(database) as tx:
        assert [one.id for one in taking.untaken(tx, tx.now - timedelta(minutes=5))] == [cause_id]
    with database.transaction("another") as tx:
        assert taking.untaken(tx, tx.now) == []


def test_an_edit_tells_nobody_and_a_step_does(database: Database, clock: ManualClock) -> None:
    cause_id = opened(database)
    first = show(database, cause_id)
    began = clock.now()
    clock.move(60)
    with begin(database) as tx:
        holds.open_hold(tx, hold(holds.LEVEL, "MUG-9", signature="MUG-1"))
    show(database, cause_id)
    with begin(database) as tx:
        assert told_at(tx, cause_id) == began, "the message was edited"
        taking.escalate(tx, cause_id, "operations")
    assert waiting(database) == [], "a step that is still to be told is not waited for"
    step = show(database, cause_id)
    assert (first.untold, step.untold, step.escalated_to) == (False, True, "operations")
    with begin(database) as tx:
        assert told_at(tx, cause_id) == clock.now()
        assert alerts.owed(tx) == []
    assert waiting(database) == [cause_id]


def test_a_step_that_was_told_by_a_worker_whose_clock_is_behind_is_told(database: Database, clock: ManualClock) -> None:
    cause_id = opened(database)
    show(database, cause_id)
    clock.move(3600)
    with begin(database) as tx:
        taking.escalate(tx, cause_id, "operations")
    clock.move(-2)
    assert show(database, cause_id).untold
    with begin(database) as tx:
        taking.take(tx, cause_id, "nobody")  # to have it owed again
        again = alerts.take(tx, cause_id)
        assert again is not None
        assert (again.told_at, again.escalated_at) == (clock.now() + timedelta(seconds=2),) * 2


def test_what_is_taken_or_closed_is_not_waited_for_and_its_step_not_told(
    database: Database, clock: ManualClock
) -> None:
    taken, closed = opened(database), opened(database, "MUG-2")
    for one in (taken, closed):
        show(database, one)
        with begin(database) as tx:
            taking.escalate(tx, one, "operations")
    with begin(database) as tx:
        assert taking.take(tx, taken, "Sam")
        holds.close_holds(tx, holds.LEVEL, ["MUG-2"], "mended", "the next scan")
    shown = [show(database, one) for one in (taken, closed)]
    assert [one.untold for one in shown] == [False, False]
    assert (shown[0].taken_by, shown[0].taken_at) == ("Sam", clock.now())
    assert waiting(database) == []


def test_taking_changes_what_is_shown(database: Database) -> None:
    cause_id = opened(database)
    before = show(database, cause_id)
    with begin(database) as tx:
        taking.take(tx, cause_id, "Sam")
    assert show(database, cause_id).fingerprint() != before.fingerprint()


def test_only_an_open_cause_of_the_installation_can_be_taken(database: Database) -> None:
    cause_id = opened(database)
    with database.transaction("another") as tx:
        assert not taking.take(tx, cause_id, "Sam")
        assert taking.cause(tx, cause_id) is None
    with begin(database) as tx:
        holds.close_holds(tx, holds.LEVEL, ["MUG-1"], "mended", "the next scan")
        assert not taking.take(tx, cause_id, "Sam")
        assert not taking.take(tx, cause_id + 1, "Sam")


def test_the_same_trouble_again_is_untaken(database: Database) -> None:
    first = opened(database)
    show(database, first)
    with begin(database) as tx:
        taking.escalate(tx, first, "operations")
        taking.take(tx, first, "Sam")
        holds.close_holds(tx, holds.LEVEL, ["MUG-1"], "mended", "the next scan")
    second = opened(database)
    with begin(database) as tx:
        again = taking.cause(tx, second)
    assert again is not None
    assert second != first
    assert (again.taken_by, again.taken_at, again.escalated_to, again.told_at) == ("", None, "", None)


def migrate_to(database: Database, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.transaction("schema") as tx:
        config.attributes["connection"] = tx.connection
        command.upgrade(config, revision)


@pytest.mark.parametrize(("channel", "closed", "told"), [("C1", False, True), ("", False, False), ("C1", True, False)])
def test_what_was_shown_before_the_migration_counts_as_told_by_it(
    empty_url: str, clock: ManualClock, channel: str, *, closed: bool, told: bool
) -> None:
    database = Database(empty_url, clock)
    migrate_to(database, "0005")
    with begin(database) as tx:
        tx.run(BEFORE, {"at": tx.now, "closed_at": tx.now if closed else None, "channel": channel})
    migrate_to(database, "0006")
    with begin(database) as tx:
        found = taking.cause(tx, 1)
    database.close()
    assert found is not None
    assert (found.told_at is not None) is told
    assert (found.escalated_to, found.escalated_at, found.taken_by, found.taken_at) == ("", None, "", None)


def test_the_story_of_an_order_tells_who_was_called_for_what_holds_it(database: Database) -> None:
    with begin(database) as tx:
        holds.open_hold(tx, hold(holds.ORDER, "o-1", signature="A", order_key="o-1"))
        holds.open_hold(tx, hold(holds.ORDER, "o-2", signature="B", order_key="o-2"))
        journal.write(tx, [("", "cause", str(number), "taken", f"by {by}") for number, by in ((1, "Sam"), (2, "Jo"))])
        told = [row for _, row in stories.told(tx, ["o-1"]) if row["what"] == "cause taken"]
    assert [row["detail"] for row in told] == ["no. 1 by Sam"]
