"""SIGKILL at every statement of a move: it is one transaction, so the ledger is as before it or as after it, never between."""

import asyncio
import os
import shutil
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from domain.installation import Side
from ledger import accounts
from ledger.database import Transaction
from tests.connectors.virtualstock_files.shop import NAME
from tests.kill.processes import FORK
from tests.stateful.effects import Process
from tests.tasks.house import House
from tests.tasks.test_moving import State, acknowledged, dispatch_owed, filed, opened
from tests.turns import TURN

GOES: dict[str, Callable[[House], None]] = {
    "by another road": House.by_rest,
    "to another account": House.at_the_new_account,
}


async def _moving(home: Path, go: str, states: Sequence[State] = (acknowledged, dispatch_owed, filed)) -> House:
    """Return a seller in the middle of trade whose file names the new place: one order in each of these states."""
    house = await opened(home, "files")
    for state in states:
        await house.work("stock", "orders")  # what is published is worth nothing once its count is old
        await state(house)
    GOES[go](house)
    house.database.close()
    return house


def _move(house: House, dies_at: int, sabotage: Callable[[], None] | None, told: Connection) -> None:
    process = Process(dies_at, on_death=lambda: os.kill(os.getpid(), signal.SIGKILL))
    event.listen(house.database.engine, "before_cursor_execute", lambda *_: process.effect("a statement"))
    if sabotage is not None:
        sabotage()
    house.move()
    process.effect("the commit")
    told.send(process.effects)


def in_two_transactions() -> None:
    """Commit what becomes of the orders before, and apart from, where the installation works."""
    join = accounts.join

    def join_later(tx: Transaction, side: Side, now: accounts.Joined) -> None:
        connection: Any = tx.connection.connection
        connection.commit()
        connection.execute("BEGIN IMMEDIATE")
        join(tx, side, now)

    accounts.join = join_later


def _moved(house: House, dies_at: int, sabotage: Callable[[], None] | None) -> int | None:
    """Move in a process of its own; return its effects, or None when it was killed."""
    here, there = FORK.Pipe(duplex=False)
    child = FORK.Process(target=_move, args=(house, dies_at, sabotage, there))
    child.start()
    there.close()
    child.join(60)
    assert child.exitcode in {0, -signal.SIGKILL}, child.exitcode
    return int(here.recv()) if child.exitcode == 0 else None


def _left_between(house: House, sabotage: Callable[[], None] | None = None) -> list[int]:
    """Kill a move at every third effect, others each day; return those that left the ledger neither as before nor as after."""
    ledger = house.home / "ledger.sqlite"
    kept = Path(shutil.copy(ledger, house.home / "kept.sqlite"))
    before = _whole(house)
    effects = _moved(house, 0, sabotage)
    assert effects is not None
    assert effects > 20
    after, between = _whole(house), []
    assert after != before
    for dies_at in sorted({*range(1 + TURN % 3, effects, 3), effects}):
        shutil.copy(kept, ledger)
        assert _moved(house, dies_at, sabotage) is None
        if _whole(house) != (after if dies_at == effects else before):
            between.append(dies_at)
    shutil.copy(kept, ledger)
    return between


def _whole(house: House) -> dict[str, list[Any]]:
    rows = house.whole_ledger()
    house.database.close()
    return rows


@pytest.mark.parametrize("go", GOES)
def test_a_move_killed_anywhere_was_not_begun_or_is_done_and_done_again_it_doubles_nothing(
    tmp_path: Path, go: str, apart: ProcessPoolExecutor
) -> None:
    apart.submit(_killed_anywhere, tmp_path, go).result()


def _killed_anywhere(home: Path, go: str) -> None:
    house = asyncio.run(_moving(home, go))
    references = sorted(order["reference"] for order in house.edge.dump()["accounts"][NAME]["orders"])
    assert _left_between(house) == []
    house.move()
    asyncio.run(_trade_on(house))
    assert house.created() == references
    assert house.dispatches_at_the_old_account() == dict.fromkeys(references, 1)
    assert house.owed() == []
    house.no_hold()


async def _trade_on(house: House) -> None:
    await house.days_work()
    house.ship_all()
    await house.days_work()


def test_a_move_in_two_transactions_is_missed(tmp_path: Path, apart: ProcessPoolExecutor) -> None:
    assert apart.submit(_between_two_transactions, tmp_path).result() != []


def _between_two_transactions(home: Path) -> list[int]:
    house = asyncio.run(_moving(home, "to another account", states=(acknowledged,)))
    return _left_between(house, in_two_transactions)
