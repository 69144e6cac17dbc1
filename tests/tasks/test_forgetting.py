"""Forgetting, hour after hour: in small transactions, within its time, and from where it stopped."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from domain.installation import Installation, Retention, Side
from domain.records import Kind
from ledger import inbox, journal, retention
from ledger.database import Database, Transaction
from ledger.retention import Ages, Taken
from ledger.rows import table
from ledger.tables import Payload
from tasks import forgetting
from tasks.forgetting import forget
from tests.doubles import ManualClock
from tests.tasks.making import NAME, installation


@pytest.fixture
def settings(clock: ManualClock) -> Installation:
    return installation(clock)


def _keep(database: Database, *keys: str) -> None:
    with database.transaction(NAME) as tx:
        kept = [inbox.Arrival(Side.BACK_OFFICE, Kind.DISPATCH, key, "p", {"name": key}, {}, inbox.HELD) for key in keys]
        inbox.store(tx, kept)


def _persons(database: Database) -> int:
    with database.transaction(NAME) as tx:
        return int(tx.value(select(func.count()).where(table(Payload).c.person.is_not(None))))


async def test_it_is_done_once_an_hour(database: Database, clock: ManualClock, settings: Installation) -> None:
    _keep(database, "1")
    clock.move(29 * 86400)
    assert "nothing" in await forget(database, settings)
    clock.move(2 * 86400)
    assert "1 personal parts" in await forget(database, settings)
    _keep(database, "1")
    clock.move(3000)
    assert "was looked for at" in await forget(database, settings)
    assert _persons(database) == 1
    clock.move(601)
    assert "1 personal parts" in await forget(database, settings)


async def test_an_installation_says_how_long(database: Database, clock: ManualClock, settings: Installation) -> None:
    _keep(database, "1")
    clock.move(8 * 86400)
    settings = settings.model_copy(update={"retention": Retention(persons_days=7, records_days=60)})
    assert "1 personal parts" in await forget(database, settings)
    clock.move(60 * 86400)
    assert "1 records of no order, 1 originals" in await forget(database, settings)


def test_personal_data_is_not_kept_longer_than_its_record() -> None:
    with pytest.raises(ValueError, match="with the record goes its personal data"):
        Retention(persons_days=90, records_days=60)


async def test_what_time_does_not_allow_is_taken_up_from_where_it_stopped(
    database: Database, clock: ManualClock, settings: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def part(name: str, places: dict[str, str | None]) -> Callable[[Transaction, Ages, str], Taken]:
        def take(_tx: Transaction, _ages: Ages, after: str) -> Taken:
            asked.append(f"{name} after {after!r}")
            clock.move(15)
            return Taken(1, places.get(after))

        return take

    parts = {"first": part("first", {"": "a|1", "a|1": "b"}), "second": part("second", {})}
    monkeypatch.setattr(forgetting, "PARTS", parts)
    assert "the rest follows" in await forget(database, settings)
    assert asked == ["first after ''", "first after 'a|1'"]
    clock.move(60)
    assert "1 first, 1 second" in await forget(database, settings)
    assert asked[2:] == ["first after 'b'", "second after ''"]
    clock.move(60)
    assert "was looked for" in await forget(database, settings)


async def test_others_may_write_between_two_parts(
    database: Database, clock: ManualClock, settings: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 5)
    _keep(database, *"abcdefghijkl")
    clock.move(31 * 86400)
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        with database.transaction(NAME) as tx:
            journal.write(tx, [("", "item", "MUG", "read", "")])

    monkeypatch.setattr(clock, "sleep", sleep)
    assert "12 personal parts" in await forget(database, settings)
    assert len(slept) == 3
