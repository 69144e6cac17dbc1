"""The guards of a move, each taken out: the story that must end well then ends with what the guard prevents."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from ledger import accounts, messages, orders
from ledger.database import Transaction
from tasks.run import AnotherAccount, Run
from tests.tasks.test_moving import acknowledged, not_acknowledged, opened

Guard = Callable[[ExitStack], None]


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    with patch.dict(os.environ):
        yield


def no_order_is_known_elsewhere(stack: ExitStack) -> None:
    """Nobody asks whether an order of another account has this number."""
    stack.enter_context(patch.object(orders, "elsewhere", lambda *_: {}))


def no_key_of_its_own(stack: ExitStack) -> None:
    """An order of another account under a known key is taken for the one that is known."""
    stack.enter_context(patch.object(orders, "strangers", lambda *_: set()))


def any_account_s_messages(stack: ExitStack) -> None:
    """A run claims what is owed whichever account it is owed to."""
    claimable = messages._claimable.__wrapped__

    def of_all(**which: bool) -> Any:
        statement = claimable(**which)
        kept = [one for one in statement._where_criteria if ".account = " not in str(one)]
        assert len(kept) == len(statement._where_criteria) - 1
        statement._where_criteria = tuple(kept)
        return statement

    stack.enter_context(patch.object(messages, "_claimable", of_all))


def nobody_compares_accounts(stack: ExitStack) -> None:
    """A run works with the account that its file names, whatever the ledger noted."""

    def note_only(run: Run, tx: Transaction) -> None:
        accounts.strays(tx, run.home)

    stack.enter_context(patch.object(Run, "_stay", note_only))


async def story(home: Path) -> list[str]:
    """Move with an order created and one not even acknowledged, let both accounts show one number, and say what is wrong."""
    house = await opened(home, "rest")
    taken, fresh = await acknowledged(house), await not_acknowledged(house)
    house.at_the_new_account()
    early = house.mirakl.calls.total()
    with suppress(AnotherAccount):
        await house.work("orders")
    faults = [] if house.mirakl.calls.total() == early else ["read before the move"]
    house.move()
    await house.days_work(1)
    house.show_at_the_new_account(taken)
    await house.days_work(2)
    house.ship_all()
    await house.days_work(2)
    created = house.created()
    faults += [f"imported {created.count(one)} times" for one in (taken, fresh) if created.count(one) != 1]
    sent = house.dispatches_at_the_old_account()
    faults += [f"dispatched {sent[one]} times at the old account" for one in (taken, fresh) if sent[one] != 1]
    faults += ["dispatched at the new account" for one in house.mirakl_dispatches() if one in {taken, fresh}]
    return faults


async def test_with_every_guard_the_story_ends_well(tmp_path: Path) -> None:
    assert await story(tmp_path) == []


@pytest.mark.parametrize(
    ("take_out", "leads_to"),
    [
        (no_order_is_known_elsewhere, "imported 2 times"),
        (no_key_of_its_own, "dispatched 0 times at the old account"),
        (any_account_s_messages, "dispatched 0 times at the old account"),
        (nobody_compares_accounts, "read before the move"),
    ],
)
async def test_a_guard_that_is_taken_out_is_missed(tmp_path: Path, take_out: Guard, leads_to: str) -> None:
    with ExitStack() as stack:
        take_out(stack)
        faults = await story(tmp_path)
    assert any(leads_to in fault for fault in faults), faults
