"""The probe of an installation: what it says of two accounts, and that it changes neither."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connectors.http import Surroundings
from domain.installation import Installation, Side
from ledger.database import Database
from ledger.schema import create
from sandbox.kit import Fault
from sandbox.virtualstock import Account, Virtualstock
from tasks.probe import ASSUMED, CONFIRMED, FAILED, NOT_SO, Line, probe, told
from tasks.run import open_connectors
from tests.doubles import ManualClock
from tests.stateful.effects import ByHost
from tests.stateful.markets import MARKETS
from tests.stateful.offices import OFFICES

ASKS = re.compile("/restapi/v4/token(/refresh)?$|/oauth2/token$|/(search|search_read|search_count|read)$")
"""The calls by other verbs than GET that the vendors' documents say change nothing."""


class Accounts:
    """One installation with its pretend marketplace and back office, and every call that reached them."""

    def __init__(self, office: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock, kind, market = ManualClock(), OFFICES[office], MARKETS["virtualstock"]
        self.edge = Virtualstock(self.clock, accounts=[Account("harbour", "user", "edge-password")])
        self.office: Any = kind.make(self.clock, 0)
        self.transport = Counted(ByHost({market.host: self.edge.app, kind.host: self.office.app}))
        self.database = Database("sqlite://", self.clock)
        create(self.database)
        self.installation = Installation.model_validate(kind.installation("harbour", self.clock.now()))
        for name, value in {**market.environment, **kind.environment}.items():
            monkeypatch.setenv(name, value)
        self.office.add_product(sku="MUG-1", ean="5012345678900", quantity=9)
        self.edge.add_product("harbour", stock_number="74001", sku="MUG-1", ean="5012345678900", free_stock=9)
        self.edge.buy("harbour", "MUG-1", 1)

    async def lines(self) -> dict[tuple[str, str], Line]:
        """Probe, and return the lines by side and statement."""
        lines = await probe(self.installation, self.database, self.transport)
        self.text = told(lines)
        return {(line.side, line.what): line for line in lines}


class Counted(httpx.AsyncBaseTransport):
    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.verbs: list[tuple[str, str]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.verbs.append((request.method, request.url.path))
        return await self._inner.handle_async_request(request)


@pytest.fixture(params=sorted(OFFICES))
def accounts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Accounts]:
    made = Accounts(request.param, monkeypatch)
    yield made
    made.database.close()


async def test_it_reads_from_both_accounts_and_changes_neither(accounts: Accounts) -> None:
    before = (accounts.edge.dump(), accounts.office.dump())
    lines = await accounts.lines()
    assert (accounts.edge.dump(), accounts.office.dump()) == before
    changing = [call for call in accounts.transport.verbs if call[0] != "GET" and not ASKS.search(call[1])]
    assert changing == []
    for line in (
        ("marketplace", "Sign-in, rights and settings"),
        ("back_office", "Sign-in, rights and settings"),
        ("marketplace", "A page of sales_order can be read, every row of it"),
        ("marketplace", "A page of item can be read, every row of it"),
        ("back_office", "A page of stock_level can be read, every row of it"),
        ("marketplace", "The carrier list can be read and has the installation's codes"),
        ("marketplace", "The call limit of the options was kept by the vendor"),
    ):
        assert lines[line].result == CONFIRMED, lines[line]
    assert [line for line in lines.values() if line.result == ASSUMED]
    assert "nothing was changed on either account" in accounts.text


async def test_folders_are_opened_for_reading_only(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Surroundings] = []

    def opening(installation: Installation, around: dict[Side, Surroundings]) -> Any:
        seen.extend(around.values())
        return open_connectors(installation, around)

    monkeypatch.setattr("tasks.probe.open_connectors", opening)
    await accounts.lines()
    assert [one.only_reads for one in seen] == [True, True]


async def test_it_shows_no_person_and_no_secret(accounts: Accounts) -> None:
    await accounts.lines()
    for order in accounts.edge.dump()["accounts"]["harbour"]["orders"]:
        for word in (order.get("name"), order.get("postcode")):
            assert not word or word not in accounts.text
    for word in ("edge-password", "consumer-secret", "token-secret"):
        assert word not in accounts.text


async def test_an_account_that_does_not_let_us_in_hides_nothing_of_the_other(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARBOUR_VIRTUALSTOCK_PASSWORD", "a-wrong-password")
    lines = await accounts.lines()
    assert lines["marketplace", "Sign-in, rights and settings"].result == FAILED
    assert lines["back_office", "Sign-in, rights and settings"].result == CONFIRMED
    assert "a-wrong-password" not in accounts.text


async def test_a_carrier_code_that_the_account_does_not_have_is_named(accounts: Accounts) -> None:
    accounts.installation = accounts.installation.model_copy(update={"approved_carriers": ("dpd", "pigeon-post")})
    line = (await accounts.lines())["marketplace", "The carrier list can be read and has the installation's codes"]
    assert line.result == NOT_SO
    assert "missing: pigeon-post" in line.seen


async def test_a_vendor_that_throttles_below_our_limit_is_said(accounts: Accounts) -> None:
    accounts.edge.faults.append(Fault(kind="status", method="GET", path=r"/restapi/v4/orders/", status=429, times=1))
    lines = await accounts.lines()
    assert lines["marketplace", "The call limit of the options was kept by the vendor"].result == NOT_SO
    assert lines["marketplace", "A page of sales_order can be read, every row of it"].result == CONFIRMED, "it waited"


async def test_a_spoiled_answer_fails_its_own_line_only(accounts: Accounts) -> None:
    accounts.edge.faults.append(Fault(kind="html", method="GET", path=r"/api/v4/products/", status=200, times=100))
    lines = await accounts.lines()
    assert lines["marketplace", "A page of item can be read, every row of it"].result == FAILED
    assert lines["marketplace", "A page of sales_order can be read, every row of it"].result == CONFIRMED
