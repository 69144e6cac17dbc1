"""SIGKILL at the effects of reading files: between download, filing and putting away. No file is lost or filed twice.

Another third each day, as in tests/kill, which kills the loops at their effects over the same road.
"""

import asyncio
import os
import signal
from pathlib import Path

from domain.records import Kind
from expectations import gate
from ledger.tables import Inbox
from tests.connectors.virtualstock_files.shop import NAME, Shop, run_slice
from tests.directory import Directory
from tests.kill.processes import FORK
from tests.stateful.effects import CountedDatabase, Process
from tests.turns import TURN

FILES = 3


def _work(shop: Shop, dies_at: int, told: object) -> None:
    """Walk the orders loop twice, as two processes of the product would; die at an effect of the first."""
    process = Process(dies_at, on_death=lambda: os.kill(os.getpid(), signal.SIGKILL))

    def effect(call: str, _path: str) -> None:
        if call not in {"entries", "find"}:
            process.effect(f"a call to {call}")

    files = Directory(shop.home / "server", before=effect, after=effect)
    database = CountedDatabase(shop.database, process)
    for _ in range(2):
        asyncio.run(run_slice("orders", shop.installation, database, shop.transport, files))
    told.send(process.effects)  # type: ignore[attr-defined] # a connection


def _forked(shop: Shop, dies_at: int = 0) -> int | None:
    """Run it in a process of its own; return its effects, or None when it was killed."""
    here, there = FORK.Pipe(duplex=False)
    child = FORK.Process(target=_work, args=(shop, dies_at, there))
    shop.database.close()
    child.start()
    there.close()
    child.join(60)
    assert child.exitcode in {0, -signal.SIGKILL}, child.exitcode
    return int(here.recv()) if child.exitcode == 0 else None


def _world(home: Path) -> tuple[Shop, set[str]]:
    """An account in observe mode, so that only reading happens; some orders, and a cancellation."""
    shop = Shop(home, mode="observe")
    asyncio.run(shop.run("items"))
    references = {str(shop.edge.buy(NAME, "CUP-1", 1)) for _ in range(FILES)}
    shop.edge.request_cancellation(NAME, min(references))
    shop.folders.publish()
    return shop, references


def _faults(shop: Shop, references: set[str], names: set[str]) -> list[str]:
    rows = shop.rows(Inbox, kind=Kind.SALES_ORDER)
    read = {path.name for path in (shop.folders.root / "own" / "read").glob("*")}
    left = {path.name for path in shop.folders.incoming.iterdir()}
    faults = []
    if sorted(row.key for row in rows) != sorted(references):
        faults.append(f"filed {[row.key for row in rows]}")
    if any(row.version != 1 for row in rows):
        faults.append("an order was filed twice as two versions")
    if read != names or left:
        faults.append(f"put away {sorted(read)}, left {sorted(left)}")
    return faults


def test_killed_at_every_third_effect_no_file_is_lost_or_filed_twice(tmp_path: Path) -> None:
    gate.load()  # once, before any fork
    (tmp_path / "undisturbed").mkdir()
    shop, references = _world(tmp_path / "undisturbed")
    names = {path.name for path in shop.folders.incoming.iterdir()}
    effects = _forked(shop)
    assert effects is not None
    assert not _faults(shop, references, names)
    assert effects > 20
    for dies_at in range(1 + TURN % 3, effects + 1, 3):
        home = tmp_path / str(dies_at)
        home.mkdir()
        shop, references = _world(home)
        assert _forked(shop, dies_at) is None, dies_at
        assert _forked(shop) is not None
        assert not _faults(shop, references, names), dies_at
        shop.database.close()
