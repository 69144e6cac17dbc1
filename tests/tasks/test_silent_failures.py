"""Nothing personal in what a broken step leaves behind: its traceback, the logs, the run's tables, the journal."""

import asyncio
import traceback
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from connectors.roles import OpenOrder
from domain.answers import Unknown
from domain.records import Address, Page, Received, Reject, SalesOrder
from ledger import schema, stories
from ledger.database import Database
from ledger.rows import table
from ledger.tables import Cause, Event, Hold
from tasks.confirm import confirm, go_live
from tasks.judge import judge
from tasks.loops import ORDERS
from tasks.pull import pull_chunk
from tasks.push import push
from tasks.reporting import lines_of
from tasks.run import Run
from tests.doubles import ManualClock
from tests.tasks.making import Office, OrderFeed, Shop, installation, know, order, run_of, show

MARKERS = ("Zoe-Marker", "12-Marker-Lane", "LS99-Marker", "07700-Marker", "zoe@marker.example", "Happy-Marker-Birthday")
PERSON = Address(
    name=MARKERS[0],
    street=(MARKERS[1],),
    city="Leeds",
    postcode=MARKERS[2],
    country="GB",
    phone=MARKERS[3],
    email=MARKERS[4],
)
Step = Callable[["Scene"], Coroutine[Any, Any, Any]]


class Feed(OrderFeed):
    """Shows one order; its person part is small, so it is not compressed."""

    keeps = dict.fromkeys(set(SalesOrder.model_fields) - {"ship_to", "gift_message"}, True)

    def __init__(self) -> None:
        self.shown: list[SalesOrder] = []

    async def read(self, cursor: str | None, about: Any) -> Page:
        return Page([Received(one, one.model_dump(mode="json")) for one in self.shown], [], began_at=datetime.now(UTC))


class Scene:
    """One order with a person's words in it, between a shop and an office, on a ledger in a file."""

    def __init__(self, path: Path) -> None:
        self.clock = ManualClock()
        self.url = f"sqlite:///{path}/ledger.sqlite"
        self.database = Database(self.url, self.clock)
        schema.create(self.database)
        self.shop, self.office = Shop(), Office()
        self.shop.sales_order_feed = Feed()
        self.run = self._run()
        go_live(self.run)
        know(self.run, "A")
        self.order = order(self.run, ship_to=PERSON, gift_message=MARKERS[5])
        self.shop.sales_order_feed.shown = [self.order]

    def _run(self) -> Run:
        return run_of(self.database, ORDERS, self.shop, self.office, installation(self.clock))

    def later(self) -> None:
        """Begin another run, which sets apart its records beside those of the first."""
        self.clock.move(300)
        former, self.run = self.run, self._run()
        self.run.faults = former.faults

    async def file(self) -> None:
        await show(self.run, self.order)

    def fails_to_write(self, statement: str, on: str) -> None:
        with self.database.transaction("towels") as tx:
            tx.connection.execute(
                text(f"CREATE TRIGGER broken BEFORE {statement} ON {on} BEGIN SELECT RAISE(ABORT, 'broken'); END")
            )

    def told(self) -> str:
        """Return all that is shown to people; by other connections, as those of the scene may be broken."""
        shown = Database(self.url, self.clock)
        with shown.transaction("towels") as tx:
            rows = [repr(tuple(row)) for one in (Event, Hold, Cause) for row in tx.rows(select(table(one)))]
            rows += [str(stories.open_causes(tx)), str(stories.told(tx, ["1"]))]
        shown.close()
        return "\n".join(
            [*rows, str(lines_of(self.run.news)), str(self.run.results), repr(self.run.troubles), repr(self.run.faults)]
        )


async def _pull(scene: Scene) -> None:
    assert await pull_chunk(scene.run, scene.run.intakes()[0]) is not None


async def _gate(scene: Scene) -> None:
    pulled = await pull_chunk(scene.run, scene.run.intakes()[0])
    assert pulled is not None
    await judge(scene.run, pulled)


async def _file(scene: Scene) -> None:
    await scene.file()


async def _push(scene: Scene) -> None:
    await scene.file()
    scene.later()
    await push(scene.run)


async def _confirm(scene: Scene) -> None:
    await scene.file()
    scene.office.sales_order_sink.answer = Unknown("no answer came")
    scene.later()
    await push(scene.run)
    scene.later()
    await confirm(scene.run)
    await push(scene.run)


STEPS: dict[str, Step] = {"pull": _pull, "gate": _gate, "file": _file, "push": _push, "confirm": _confirm}


def _no_writing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    with scene.database.transaction("towels") as tx:
        tx.connection.execute(text("PRAGMA query_only = 1"))


def _no_original(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.fails_to_write("INSERT", "payload")


def _no_message(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.fails_to_write("UPDATE", "message")


def _cannot_be_read(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrongly(feed: Any, raw: dict[str, Any]) -> Received | Reject:
        return Received(SalesOrder.model_validate({**raw, "placed_at": MARKERS[0], "ship_to": MARKERS[1]}), raw)

    async def read(feed: Any, cursor: str | None, about: list[OpenOrder]) -> Page:
        return Page([wrongly(feed, scene.order.model_dump(mode="json"))], [], began_at=scene.clock.now())  # type: ignore[list-item] # it raises

    monkeypatch.setattr(Feed, "parse", wrongly)
    monkeypatch.setattr(Feed, "read", read)


WAYS: dict[str, tuple[Callable[[Scene, pytest.MonkeyPatch], None], tuple[str, ...]]] = {
    "a ledger that cannot be written": (_no_writing, ("file", "push", "confirm")),
    "no original": (_no_original, ("file", "push", "confirm")),
    "no message": (_no_message, ("push", "confirm")),
    "an original that cannot be read": (_cannot_be_read, ("pull", "gate", "push", "confirm")),
}


@pytest.mark.parametrize(("way", "step"), [(way, step) for way, (_, steps) in WAYS.items() for step in steps])
def test_a_broken_step_tells_nothing_of_the_person(
    way: str, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    scene = Scene(tmp_path)
    WAYS[way][0](scene, monkeypatch)
    broken = ""
    try:
        asyncio.run(STEPS[step](scene))
    except Exception as fault:  # noqa: BLE001 - whatever is raised is what the test looks at
        broken = "".join(traceback.format_exception(fault))
    assert broken or scene.run.faults, "what breaks on one record is set apart"
    text_of_all = broken + caplog.text + scene.told()
    assert not [marker for marker in MARKERS if marker in text_of_all]
    scene.database.close()


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_does_its_work_tells_nothing_of_the_person_either(
    step: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    scene = Scene(tmp_path)
    asyncio.run(STEPS[step](scene))
    assert not [marker for marker in MARKERS if marker in caplog.text + scene.told()]
    scene.database.close()
