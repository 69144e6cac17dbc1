"""Loops that finish nothing, or never began, and vendors that stopped calling: one cause each, closed by the next sign."""

import pytest

from domain.installation import Installation, Mode, Side
from domain.records import Kind
from ledger import holds, inbox, journal
from ledger.database import Database
from tasks import calls
from tasks.calls import SILENT_AFTER
from tasks.loops import LOOPS
from tasks.watching import watch
from tests.doubles import ManualClock
from tests.stateful.offices import OFFICES
from tests.tasks.watched import all_read, causes


@pytest.fixture
def installation(clock: ManualClock) -> Installation:
    return Installation.model_validate(OFFICES["magento"].installation("harbour", clock.now()))


def test_a_loop_that_finishes_nothing_is_one_cause_until_it_does(
    database: Database, clock: ManualClock, installation: Installation
) -> None:
    feed = LOOPS["orders"].intakes[0].name
    with database.transaction("harbour") as tx:
        journal.set_watermark(tx, feed, None, tx.now, tx.now)
        assert "silent loops none" in watch(tx, installation)
    clock.move(3600)
    for _ in range(2):
        with database.transaction("harbour") as tx:
            all_read(tx, but="orders")
            assert "silent loops ['orders']" in watch(tx, installation)
    with database.transaction("harbour") as tx:
        journal.set_watermark(tx, feed, None, tx.now, tx.now)
        assert "silent loops none" in watch(tx, installation)
        assert not holds.close_cause(tx, "silent:orders:harbour"), "it was closed already"


def test_a_vendor_that_called_and_lets_a_dispatch_be_read_has_stopped(
    database: Database, clock: ManualClock, installation: Installation
) -> None:
    def dispatch(key: str) -> inbox.Arrival:
        return inbox.Arrival(Side.BACK_OFFICE, Kind.DISPATCH, key, "print", {"id": key}, {}, inbox.WAITING)

    with database.transaction("harbour") as tx:
        journal.set_watermark(tx, "push:back_office", None, tx.now, tx.now)
        inbox.store(tx, [dispatch("pushed")])
    clock.move(60)
    with database.transaction("harbour") as tx:
        inbox.store(tx, [dispatch("pushed")])  # judged by the loop
    clock.move(SILENT_AFTER.total_seconds() + 60)
    with database.transaction("harbour") as tx:
        all_read(tx)
        watch(tx, installation)
        assert not causes(tx), "nothing has left since it called"
        inbox.store(tx, [dispatch("read")])
        watch(tx, installation)
        assert not causes(tx), "its call may still come"
    clock.move(SILENT_AFTER.total_seconds() + 60)
    for _ in range(2):
        with database.transaction("harbour") as tx:
            all_read(tx)
            watch(tx, installation)
            assert causes(tx) == {f"Vendor that stopped calling us: {installation.back_office.account}"}
    with database.transaction("harbour") as tx:
        calls.came(tx, installation.back_office.account)
        assert not causes(tx)


def test_a_loop_that_never_began_is_silent_once_its_time_is_over(
    database: Database, clock: ManualClock, installation: Installation
) -> None:
    with database.transaction("harbour") as tx:
        assert "silent loops none" in watch(tx, installation)  # it is seen for the first time
    clock.move(31 * 60)
    with database.transaction("harbour") as tx:
        assert "silent loops ['orders', 'stock', 'dispatch', 'items']" in watch(tx, installation)
        journal.set_watermark(tx, LOOPS["orders"].intakes[0].name, None, tx.now, tx.now)
        assert "silent loops ['stock', 'dispatch', 'items']" in watch(tx, installation)


def test_a_loop_that_is_switched_on_has_its_time_again(
    database: Database, clock: ManualClock, installation: Installation
) -> None:
    off = installation.model_copy(
        update={
            "loops": installation.loops.model_copy(
                update={"orders": installation.loops.orders.model_copy(update={"mode": Mode.OFF})}
            )
        }
    )
    with database.transaction("harbour") as tx:
        watch(tx, installation)
    clock.move(86_400)
    with database.transaction("harbour") as tx:
        assert "'orders'" not in watch(tx, off)
        assert "'orders'" not in watch(tx, installation)
    clock.move(31 * 60)
    with database.transaction("harbour") as tx:
        assert "'orders'" in watch(tx, installation)


def test_a_walk_under_way_is_not_silent_before_its_time(
    database: Database, clock: ManualClock, installation: Installation
) -> None:
    with database.transaction("harbour") as tx:
        watch(tx, installation)
    clock.move(86_400)
    with database.transaction("harbour") as tx:
        journal.set_watermark(tx, LOOPS["items"].intakes[0].name, "50", tx.now, None)
        assert "'items'" not in watch(tx, installation)
    clock.move(31 * 60)
    with database.transaction("harbour") as tx:
        assert "'items'" in watch(tx, installation)


def test_a_vendor_that_never_called_is_not_silent(
    database: Database, clock: ManualClock, installation: Installation
) -> None:
    with database.transaction("harbour") as tx:
        inbox.store(tx, [inbox.Arrival(Side.BACK_OFFICE, Kind.DISPATCH, "read", "print", {}, {}, inbox.WAITING)])
    clock.move(10 * SILENT_AFTER.total_seconds())
    with database.transaction("harbour") as tx:
        watch(tx, installation)
        assert not causes(tx)
