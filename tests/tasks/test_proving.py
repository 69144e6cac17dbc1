"""When what was published is read back: all at once when nothing is owed any more, and in time."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from domain.answers import Done, Fewer, Found
from domain.installation import Side
from domain.orders import LineLife
from domain.records import Item, Kind
from ledger import holds, items, journal, levels
from ledger.database import Database
from ledger.lateness import late_levels
from ledger.rows import table
from ledger.stock_tables import Level
from tasks.confirm import confirm
from tasks.loops import INTAKES, STOCK
from tasks.proving import PROVE_AFTER, PROVE_WITHIN
from tasks.push import push
from tests.doubles import ManualClock
from tests.ledger.making import save_order
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
        shown = {"wanted": 5, "wanted_as_of": tx.now, "published": 5, "may_show": 5, "published_at": tx.now}
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


ORDERS = INTAKES[Side.MARKETPLACE, Kind.SALES_ORDER].name


class Till:
    """Everything is published as 5 and read back as fewer; orders are pulled and filed as a test says."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database, self.clock, self.sink = database, clock, Sink()
        self.sink.answer, self.sink.finding = Done("it says so"), Fewer(3, "it shows 3")
        with database.transaction("towels") as tx:
            tx.run(update(table(Level)).values(owed=False))
        clock.move(PROVE_AFTER.total_seconds() + 60)

    def pulled(self) -> None:
        """Let the orders be pulled whole, from a moment after all that was by now."""
        self.clock.move(1)
        with self.database.transaction("towels") as tx:
            journal.set_watermark(tx, ORDERS, None, tx.now, tx.now)

    def bought(self, units: int, restocked: int = 0) -> None:
        """Let an order of A come, and perhaps goods, so that another number is wanted."""
        level = table(Level)
        with self.database.transaction("towels") as tx:
            save_order(tx, "1", LineLife("1", "A", units), placed_at=tx.now)
            wanted = 5 - units + restocked
            tx.run(update(level).where(level.c.sku == "A").values(wanted=wanted, owed=wanted != level.c.published))

    async def next(self, seconds: float = 60) -> list[tuple[str, int]]:
        """Let a run pass; return what it sent."""
        self.clock.move(seconds)
        run = run_of(self.database, STOCK, Shop(self.sink), Office(), installation(self.clock))
        await confirm(run)
        before = len(self.sink.sent)
        await push(run)
        return [(one.sku, one.quantity) for batch in self.sink.sent[before:] for one in batch]

    def tries(self) -> int:
        """Return how often A was sent and not seen there."""
        level = table(Level)
        with self.database.transaction("towels") as tx:
            return int(tx.value(select(level.c.tries).where(level.c.sku == "A")))

    def proved(self) -> set[str]:
        with self.database.transaction("towels") as tx:
            return {row.sku for row in tx.rows(table(Level).select()) if row.proved_at}


@pytest.fixture
def till(database: Database, clock: ManualClock) -> Till:
    return Till(database, clock)


async def test_a_smaller_number_is_judged_once_the_orders_of_its_moment_are_known(till: Till) -> None:
    till.pulled()
    assert await till.next() == []
    assert till.proved() == set(), "nobody knows of a sale"
    assert await till.next() == [], "nothing rises over what may have been sold just now"
    till.pulled()
    assert await till.next() == [(sku, 5) for sku in SKUS], "nothing was sold: it was never taken"


async def test_a_smaller_number_is_proved_by_what_was_sold_since_and_not_by_what_was_sold_before(
    till: Till,
) -> None:
    till.pulled()
    await till.next()
    till.bought(2)
    till.pulled()
    assert [sku for sku, _ in await till.next()] == ["B", "C"]
    assert till.proved() == {"A"}


@pytest.mark.parametrize(("units", "tries"), [(1, 1), (2, 0), (3, 0)])
async def test_what_was_sold_explains_no_more_than_its_units(till: Till, units: int, tries: int) -> None:
    till.pulled()
    await till.next()
    till.bought(units)
    till.pulled()
    await till.next()
    assert till.tries() == tries


async def test_a_number_that_sold_and_is_wanted_again_is_sent_again(till: Till) -> None:
    till.pulled()
    await till.next()
    till.bought(2, restocked=2)
    till.pulled()
    assert await till.next() == [(sku, 5) for sku in SKUS], "3 are shown, and 5 are wanted, as were sent"
    assert till.tries() == 0


async def test_what_is_wanted_of_what_is_left_is_a_rise_and_waits_for_a_hold(till: Till) -> None:
    till.pulled()
    await till.next()
    till.bought(2, restocked=1)
    with till.database.transaction("towels") as tx:
        new = holds.NewHold("quantity", "operations", holds.LEVEL, "A", "a test", signature="A")
        holds.open_hold(tx, new)
    till.pulled()
    assert [sku for sku, _ in await till.next()] == ["B", "C"], "3 are shown of 5: 4 are more than that"


async def test_an_order_from_before_the_number_was_taken_explains_nothing(
    database: Database, clock: ManualClock
) -> None:
    with database.transaction("towels") as tx:
        save_order(tx, "1", LineLife("1", "A", 2), placed_at=tx.now)
        tx.run(update(table(Level)).values(published_at=tx.now + timedelta(seconds=1)))
    till = Till(database, clock)
    await till.next()
    till.pulled()
    await till.next()
    assert till.proved() == set()


async def test_what_is_taken_and_never_shown_is_sent_ever_later(till: Till) -> None:
    sent = []
    for minute in range(180):
        till.pulled()
        sent += [minute for sku, _ in await till.next() if sku == "A"]
    assert 5 <= len(sent) <= 15
    with till.database.transaction("towels") as tx:
        late_levels(tx, tx.now)
        late = late_levels(tx, tx.now)
    assert late is not None
    assert late.in_vain == len(SKUS)
