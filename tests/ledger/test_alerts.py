"""What the ledger says of an alert: its impact, who is at work on it, and whether it changed meanwhile."""

from datetime import timedelta

from domain.installation import Side
from domain.records import Kind
from ledger import alerts, holds, inbox, messages
from ledger.alerts import Alert, Impact
from ledger.database import Database
from tests.doubles import ManualClock
from tests.ledger.making import begin, hold, owed

SHORT = timedelta(seconds=120)


def arrival(key: str, kind: Kind) -> inbox.Arrival:
    return inbox.Arrival(Side.BACK_OFFICE, kind, key, "f", {"key": key}, {}, inbox.HELD, "o-1")


def only(database: Database) -> Alert:
    with begin(database) as tx:
        [(installation, cause_id)] = alerts.owed(tx)
        assert installation == "towels"
        alert = alerts.take(tx, cause_id)
    assert alert is not None
    return alert


def test_the_impact_counts_orders_dispatches_and_skus_once_each(database: Database) -> None:
    with begin(database) as tx:
        ids = inbox.store(tx, [arrival("d-1", Kind.DISPATCH), arrival("o-9", Kind.SALES_ORDER)])
        messages.owe(tx, [owed("d-2", Kind.DISPATCH, Side.MARKETPLACE), owed("o-1")])
        for (_, key), inbox_id in ids.items():
            holds.open_hold(tx, hold(holds.INBOX, str(inbox_id), order_key="o-9" if key == "o-9" else "o-1"))
        for kind, owed_key in ((Kind.DISPATCH, "d-2"), (Kind.SALES_ORDER, "o-1")):
            message_id = str(messages.id_of(tx, kind, owed_key))
            holds.open_hold(tx, hold(holds.MESSAGE, message_id, order_key="o-1"))
        for sku in ("MUG-1", "MUG-2"):
            holds.open_hold(tx, hold(holds.LEVEL, sku))
    assert only(database).impact == Impact(orders=2, dispatches=2, skus=2)
    with begin(database) as tx:
        holds.close_holds(tx, holds.LEVEL, ["MUG-1"], "mended", "the next scan")
    assert only(database).impact == Impact(orders=2, dispatches=2, skus=1), "only what still waits"


def test_a_closed_alert_tells_how_many_there_were_and_how_the_last_left(database: Database, clock: ManualClock) -> None:
    with begin(database) as tx:
        for sku in ("MUG-1", "MUG-2"):
            holds.open_hold(tx, hold(holds.LEVEL, sku))
    for sku, closed_as in (("MUG-1", "mended"), ("MUG-2", "replaced")):
        clock.move(60)
        with begin(database) as tx:
            holds.close_holds(tx, holds.LEVEL, [sku], closed_as, "evidence")
    alert = only(database)
    assert (alert.impact.skus, alert.closed_as, alert.closed_at) == (2, "replaced", clock.now())


def test_nobody_takes_what_another_sends_until_its_time_is_over(database: Database, clock: ManualClock) -> None:
    with begin(database) as tx:
        holds.open_hold(tx, hold(holds.LEVEL, "MUG-1"))
    alert = only(database)
    with begin(database) as tx:
        lost = alerts.mark(tx, alert, tx.now + SHORT)
        assert alerts.take(tx, alert.cause_id) is None
    clock.move(121)
    again = only(database)
    with begin(database) as tx:
        alerts.mark(tx, again, tx.now + SHORT)
    with begin(database) as tx:
        alerts.shown(tx, alert, lost, "C1", "1.1")  # the first sender comes back from the dead
    clock.move(121)
    assert not only(database).posted


def test_what_changed_while_it_was_sent_stays_owed(database: Database) -> None:
    with begin(database) as tx:
        holds.open_hold(tx, hold(holds.LEVEL, "MUG-1"))
    alert = only(database)
    with begin(database) as tx:
        sending = alerts.mark(tx, alert, tx.now + SHORT)
    with begin(database) as tx:
        holds.open_hold(tx, hold(holds.LEVEL, "MUG-2"))
    with begin(database) as tx:
        alerts.shown(tx, alert, sending, "C1", "1.1")
    changed = only(database)
    assert (changed.channel, changed.timestamp, changed.count) == ("C1", "1.1", 2)
    with begin(database) as tx:
        alerts.shown(tx, changed, alerts.mark(tx, changed, tx.now + SHORT), "C1", "1.1")
        assert alerts.owed(tx) == []
