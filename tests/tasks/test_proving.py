"""When what was published is read back: all at once when nothing is owed any more, and in time."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from domain.answers import Found
from domain.installation import Side
from domain.records import Item
from ledger import items, levels
from ledger.database import Database
from ledger.rows import table
from ledger.stock_tables import Level
from tasks.confirm import confirm
from tasks.loops import STOCK
from tasks.proving import PROVE_AFTER, PROVE_WITHIN
from tests.doubles import ManualClock
from tests.tasks.making import Office, Shop, Sink, installation, run_of

SKUS = ("A", "B", "C")


@pytest.fixture
def database(database: Database) -> Database:
    """All are published; C is owed once more."""
    level = table(Level)
    with database.transaction("towels") as tx:
        items.store(tx, Side.BACK_OFFICE, [Item(sku=sku, external_id=sku) for sku in SKUS])
        items.store(tx, Side.MARKETPLACE, [Item(sku=sku, stock_number=sku, external_id=sku) for sku in SKUS])
        levels.enrol(tx)
        shown = {"wanted": 5, "wanted_as_of": tx.now, "published": 5, "published_at": tx.now}
        tx.run(update(level).values(**shown, owed=level.c.sku == "C"))
    return database


async def _asked(database: Database, clock: ManualClock) -> list[str]:
    sink = Sink()
    sink.finding = Found("it shows it")
    await confirm(run_of(database, STOCK, Shop(sink), Office(), installation(clock)))
    return [one.sku for asked in sink.asked for one in asked]


async def test_it_waits_until_nothing_is_owed(database: Database, clock: ManualClock) -> None:
    clock.move(PROVE_AFTER.total_seconds() + 60)
    assert await _asked(database, clock) == []
    with database.transaction("towels") as tx:
        tx.run(update(table(Level)).values(owed=False))
    assert await _asked(database, clock) == list(SKUS)
    assert await _asked(database, clock) == [], "it is proved"


async def test_it_waits_no_longer_than_an_hour(database: Database, clock: ManualClock) -> None:
    clock.move(PROVE_WITHIN.total_seconds() + 60)
    assert await _asked(database, clock) == list(SKUS)


async def test_what_was_published_a_moment_ago_is_read_back_with_the_rest(
    database: Database, clock: ManualClock
) -> None:
    clock.move(PROVE_AFTER.total_seconds() + 60)
    two_minutes_ago = clock.now() - timedelta(minutes=2)
    with database.transaction("towels") as tx:
        tx.run(update(table(Level)).values(owed=False))
        tx.run(update(table(Level)).where(table(Level).c.sku == "C").values(published_at=two_minutes_ago))
    assert await _asked(database, clock) == list(SKUS)
