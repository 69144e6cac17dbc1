"""A vendor that stopped calling is asked to call again, loudly; the cause closes by evidence."""

import pytest
from sqlalchemy import select

from connectors import registry
from connectors.roles import CallsAgain
from domain.answers import Fatal, NotNow, Unavailable
from domain.installation import Side
from ledger import tables
from ledger.database import Database
from ledger.rows import table
from tasks import calls
from tasks.calls import keep_called
from tasks.loops import ITEMS
from tasks.run import Run, surroundings
from tests.depot import PUSH_SECRET, Depot, DepotOptions, DepotSettings
from tests.tasks.depots import HARBOUR


class Telephone(Depot):
    """A depot that answers `subscribe` with what it is told, and remembers the addresses."""

    def __init__(self, database: Database) -> None:
        super().__init__("harbour-depot", DepotSettings(), DepotOptions(), surroundings(database))
        self.says: str | Exception = "it calls us"
        self.addresses: list[str] = []

    async def subscribe(self, address: str) -> str:
        self.addresses.append(address)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


@pytest.fixture
def depot(database: Database, monkeypatch: pytest.MonkeyPatch) -> Telephone:
    monkeypatch.setitem(registry.SYSTEMS, "depot", Depot)
    monkeypatch.setenv("RECEIVER_URL", "https://pushes.example/")
    monkeypatch.setenv("HARBOUR_DEPOT_PUSH_SECRET", PUSH_SECRET)
    return Telephone(database)


async def looked(database: Database, depot: Telephone) -> Run:
    run = Run(HARBOUR, ITEMS, database, {Side.BACK_OFFICE: depot}, run_id="run")
    await keep_called(run)
    return run


def open_causes(database: Database) -> list[str]:
    cause = table(tables.Cause)
    with database.transaction("harbour") as tx:
        return [row.detail for row in tx.rows(select(cause).where(cause.c.closed_at.is_(None)))]


async def test_the_vendor_is_asked_to_call_the_whole_address(database: Database, depot: Telephone) -> None:
    run = await looked(database, depot)
    assert depot.addresses == [f"https://pushes.example/push/harbour/depot/{PUSH_SECRET}"]
    assert PUSH_SECRET not in str(run.news.lines)


@pytest.mark.parametrize("missing", ["RECEIVER_URL", "HARBOUR_DEPOT_PUSH_SECRET"])
async def test_without_an_address_or_a_secret_nobody_is_asked(
    database: Database, depot: Telephone, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.delenv(missing)
    await looked(database, depot)
    assert depot.addresses == []


async def test_the_first_registration_is_no_trouble(database: Database, depot: Telephone) -> None:
    depot.says = CallsAgain("registered: all")
    run = await looked(database, depot)
    assert [news.what for news in run.news.lines] == ["asked to call"]
    assert open_causes(database) == []


async def test_a_vendor_that_had_stopped_is_a_cause_until_it_calls(database: Database, depot: Telephone) -> None:
    await looked(database, depot)
    depot.says = CallsAgain("registered: shipments (it was switched off)")
    await looked(database, depot)
    [cause] = open_causes(database)
    assert "had stopped calling us" in cause
    assert "it was switched off" in cause
    depot.says = "it calls us"
    await looked(database, depot)
    assert open_causes(database) == [cause], "that it is registered does not prove that its calls reach us"
    with database.transaction("harbour") as tx:
        calls.came(tx, "harbour-depot")
    assert open_causes(database) == []


async def test_a_vendor_that_cannot_be_asked_is_one_cause_until_it_can_and_fails_no_run(
    database: Database, depot: Telephone
) -> None:
    depot.says = Fatal("harbour-depot", "five webhooks are there already.", "Remove one.")
    for _ in range(2):
        run = await looked(database, depot)
        assert run.troubles == []
    [cause] = open_causes(database)
    assert cause == "five webhooks are there already. Remove one."
    depot.says = "it calls us"
    await looked(database, depot)
    assert open_causes(database) == []


async def test_a_vendor_that_is_away_is_a_trouble_of_the_run_and_a_spent_budget_is_none(
    database: Database, depot: Telephone
) -> None:
    depot.says = Unavailable("harbour-depot", "it is away.", "Wait.")
    assert (await looked(database, depot)).troubles == [depot.says]
    depot.says = NotNow("harbour-depot", database.clock.now())
    assert (await looked(database, depot)).troubles == []
    assert open_causes(database) == []
