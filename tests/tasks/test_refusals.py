"""A vendor that refuses our calls again and again is one cause, and an hour of peace closes it."""

from datetime import timedelta

import pytest

from domain.budgets import Limit
from domain.installation import Installation
from ledger.budgets import LedgerBudgets
from ledger.database import Database
from tasks.refusals import MANY
from tasks.watching import watch
from tests.doubles import ManualClock
from tests.stateful.offices import OFFICES
from tests.tasks.watched import causes

LIMIT = Limit(60)


@pytest.fixture
def installation(clock: ManualClock) -> Installation:
    return Installation.model_validate(OFFICES["magento"].installation("harbour", clock.now()))


def refuse(database: Database, account: str, times: int, limit: Limit = LIMIT) -> None:
    for _ in range(times):
        LedgerBudgets(database).close(account, limit, database.clock.now())


def found(database: Database, installation: Installation) -> set[str]:
    with database.transaction("harbour") as tx:
        watch(tx, installation)
        return {what for what in causes(tx) if "refuses our calls" in what}


def test_many_refusals_within_an_hour_call_a_person_once(
    database: Database, installation: Installation, clock: ManualClock
) -> None:
    account = installation.marketplace.account
    assert not found(database, installation)
    refuse(database, account, MANY - 1)
    assert not found(database, installation), "a refusal now and then is no cause"
    clock.move(60)
    refuse(database, account, 1, Limit(60, group="stock"))
    assert found(database, installation)
    [cause] = found(database, installation)
    assert account in cause


def test_an_hour_with_few_refusals_closes_it(
    database: Database, installation: Installation, clock: ManualClock
) -> None:
    assert not found(database, installation)
    refuse(database, installation.back_office.account, MANY)
    assert found(database, installation)
    clock.move(timedelta(hours=1).total_seconds())
    assert found(database, installation), "that hour had many"
    refuse(database, installation.back_office.account, MANY - 1)
    clock.move(timedelta(minutes=59).total_seconds())
    assert found(database, installation)
    clock.move(timedelta(minutes=1).total_seconds())
    assert not found(database, installation)


def test_what_was_refused_before_we_looked_and_over_many_hours_is_no_cause(
    database: Database, installation: Installation, clock: ManualClock
) -> None:
    account = installation.marketplace.account
    refuse(database, account, 10 * MANY)
    for _ in range(MANY):
        assert not found(database, installation)
        refuse(database, account, 1)
        clock.move(timedelta(hours=1).total_seconds())


def test_another_installations_account_is_its_own(database: Database, installation: Installation) -> None:
    assert not found(database, installation)
    refuse(database, "somebody-else", MANY)
    refuse(database, f"{installation.marketplace.account}-2", MANY)
    assert not found(database, installation)
