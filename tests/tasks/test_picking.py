"""A cancelled pick list: put back once, held after that; counted once however often a look is repeated."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from connectors.roles import OpenOrder, ShowsProgress
from domain.answers import Answer, Done, Refused, Unavailable, Unknown
from domain.installation import Installation, Mode, Side
from domain.orders import LineLife
from domain.progress import IN_WORK, REQUEUED, VOIDED, Progress, Stage
from ledger import holds, journal, orders
from ledger.database import Database
from ledger.schema import create
from tasks.loops import DISPATCH
from tasks.picking import LOOKED, look_after_picking
from tasks.run import Run
from tests.doubles import ManualClock
from tests.stateful.offices import OFFICES

BACK = Done("order 5 is New again", "5")


class Office(ShowsProgress):
    """A back office that shows what it is told to, and takes back what it is told to."""

    def __init__(self) -> None:
        self.stage, self.can_requeue = Stage.WAITING, True
        self.answer: Answer | Exception = BACK
        self.trouble: Exception | None = None
        self.asked: list[str] = []
        self.since: list[datetime] = []

    async def progress(self, since: datetime, about: Sequence[OpenOrder]) -> Sequence[Progress]:
        self.since.append(since)
        if self.trouble is not None:
            raise self.trouble
        return [Progress(order.key, self.stage, self.can_requeue) for order in about]

    async def requeue(self, order: OpenOrder) -> Answer:
        self.asked.append(order.key)
        if isinstance(self.answer, Exception):
            raise self.answer
        if isinstance(self.answer, Done):
            self.stage = Stage.WAITING
        return self.answer


class Place:
    """One order that the back office has taken, and a dispatch loop that looks after it."""

    def __init__(self, mode: Mode = Mode.TRADE) -> None:
        self.clock, self.office = ManualClock(), Office()
        self.database = Database("sqlite://", self.clock)
        create(self.database)
        settings = OFFICES["magento"].installation("harbour", self.clock.now())
        settings["loops"]["dispatch"] = {"mode": mode}
        self.installation = Installation.model_validate(settings)
        self.deadline = self.clock.now() + timedelta(days=1)
        with self.database.transaction("harbour") as tx:
            row = {
                "key": "o-1",
                "reference": "900100200",
                "external_id": "o-1",
                "inbox_id": 1,
                "back_office_id": "",
                "placed_at": tx.now,
                "dispatch_by_at": self.deadline,
                "filed_at": tx.now,
                "awaits_tracking": False,
            }
            orders.save(tx, [row], [("o-1", LineLife("1", "MUG-1", 2))])
            orders.mark_taken(tx, "o-1", "5")

    async def look(self, *, stage: Stage | None = None) -> Run:
        if stage is not None:
            self.office.stage = stage
        connectors: Any = {Side.BACK_OFFICE: self.office}
        run = Run(self.installation, DISPATCH, self.database, connectors, run_id="run-1")
        await look_after_picking(run)
        self.clock.move(120)
        return run

    @property
    def notes(self) -> list[str]:
        with self.database.transaction("harbour") as tx:
            return [note.what for note in journal.notes(tx, LOOKED, ["o-1"]).get("o-1", [])]

    @property
    def held(self) -> list[str]:
        with self.database.transaction("harbour") as tx:
            return [one.type for one in holds.open_holds(tx)]


async def test_an_order_is_put_back_within_one_look_and_nobody_is_called() -> None:
    place = Place()
    await place.look(stage=Stage.IN_WORK)
    run = await place.look(stage=Stage.ASIDE)
    assert place.office.asked == ["o-1"]
    assert place.notes == [IN_WORK, VOIDED, REQUEUED]
    assert place.held == []
    assert [news.what for news in run.news.lines] == ["put back"]
    await place.look()
    assert place.office.asked == ["o-1"]


async def test_what_only_the_warehouse_can_do_is_held_with_the_deadline_until_it_is_done() -> None:
    place = Place()
    place.office.can_requeue = False
    for _ in range(2):
        await place.look(stage=Stage.ASIDE)
    with place.database.transaction("harbour") as tx:
        [one] = holds.open_holds(tx)
    assert (one.type, one.owner, one.order_key, one.deadline_at) == ("pick_voided", "warehouse", "o-1", place.deadline)
    assert place.office.asked == []
    await place.look(stage=Stage.WAITING)
    assert (place.held, place.notes) == ([], [VOIDED, REQUEUED])


async def test_a_refusal_to_take_it_back_is_held_and_told() -> None:
    place = Place()
    place.office.answer = Refused("It does not let it go back.")
    await place.look(stage=Stage.ASIDE)
    with place.database.transaction("harbour") as tx:
        [one] = holds.open_holds(tx)
    assert one.type == "pick_voided"
    assert "It does not let it go back." in one.detail
    await place.look(stage=Stage.IN_WORK)
    assert place.held == []


@pytest.mark.parametrize("second", [Stage.ASIDE, Stage.WAITING])
async def test_a_second_cancelled_list_is_a_persons_and_ends_when_it_is_picked(second: Stage) -> None:
    place = Place()
    await place.look(stage=Stage.ASIDE)
    await place.look(stage=Stage.IN_WORK)
    await place.look(stage=second)
    assert place.office.asked == ["o-1"]
    assert place.held == ["pick_voided"]
    await place.look(stage=Stage.WAITING)
    assert place.held == ["pick_voided"]
    await place.look(stage=Stage.IN_WORK)
    assert place.held == []


@pytest.mark.parametrize("lost", [Unknown("no answer"), Unavailable("harbour-office", "down.", "Wait.")])
async def test_a_lost_answer_is_asked_again_and_is_the_same_cancelled_list(lost: Answer | Exception) -> None:
    place = Place()
    place.office.answer = lost
    await place.look(stage=Stage.ASIDE)
    assert place.notes == [VOIDED]
    place.office.answer = BACK
    await place.look()
    assert place.office.asked == ["o-1", "o-1"]
    assert (place.notes, place.held) == ([VOIDED, REQUEUED], [])


async def test_it_is_noted_before_the_back_office_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place()
    seen: list[list[str]] = []

    async def requeue(_order: OpenOrder) -> Answer:
        seen.append(place.notes)
        return BACK

    monkeypatch.setattr(place.office, "requeue", requeue)
    await place.look(stage=Stage.ASIDE)
    assert seen == [[VOIDED]]


async def test_a_loop_that_observes_changes_nothing() -> None:
    place = Place(Mode.OBSERVE)
    run = await place.look(stage=Stage.ASIDE)
    assert place.office.asked == []
    assert [news.what for news in run.news.lines] == ["would be put back"]


@pytest.mark.parametrize(
    ("stage", "hold_type"),
    [
        (Stage.SHORT, "backordered"),
        (Stage.CANCELLED, "cancelled_in_back_office"),
        (Stage.UNHEARD_OF, "unknown_value"),
    ],
)
async def test_other_ends_of_an_order_are_held_and_mended_by_what_is_seen(stage: Stage, hold_type: str) -> None:
    place = Place()
    await place.look(stage=stage)
    assert place.held == [hold_type]
    await place.look(stage=Stage.IN_WORK)
    assert place.held == []


async def test_what_both_sides_want_cancelled_is_nobodys_work() -> None:
    place = Place()
    with place.database.transaction("harbour") as tx:
        orders.save_lines(tx, [("o-1", LineLife("1", "MUG-1", 2, cancel_requested=2))])
    await place.look(stage=Stage.CANCELLED)
    assert place.held == []


async def test_a_system_in_trouble_is_noted_and_the_next_look_begins_where_this_one_did() -> None:
    place = Place()
    await place.look()
    place.office.trouble = Unavailable("harbour-office", "down.", "Wait.")
    run = await place.look()
    assert [trouble.account for trouble in run.troubles] == ["harbour-office"]
    place.office.trouble = None
    await place.look()
    assert place.office.since[1] == place.office.since[2]


async def test_a_back_office_that_shows_no_progress_is_not_asked() -> None:
    place = Place()
    connectors: Any = {Side.BACK_OFFICE: object()}
    await look_after_picking(Run(place.installation, DISPATCH, place.database, connectors, run_id="run-1"))
    assert place.notes == []


async def test_two_workers_that_look_at_once_count_one_cancelled_list(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place()
    place.office.stage = Stage.ASIDE
    true_progress = place.office.progress

    async def overtaken(since: datetime, about: Sequence[OpenOrder]) -> Sequence[Progress]:
        seen = await true_progress(since, about)
        monkeypatch.setattr(place.office, "progress", true_progress)
        await place.look()  # another worker sees the same, and puts the order back, before this one goes on
        return seen

    monkeypatch.setattr(place.office, "progress", overtaken)
    await place.look()
    assert (place.notes, place.held, place.office.asked) == ([VOIDED, REQUEUED], [], ["o-1"])
