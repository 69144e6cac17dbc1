"""What a push does to the ledger: kept before it is answered, once, in whatever order, and never by a forger."""

import asyncio
import itertools
import logging
import random
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from connectors import registry
from connectors.roles import FeedShape, GivesDispatches
from domain.installation import Installation, Side
from domain.orders import LineLife
from domain.payloads import address_of
from domain.records import Kind
from ledger import holds, inbox, items, journal, orders, payloads, tables
from ledger.database import Database, Transaction
from ledger.rows import table
from tasks.doors import MOST_PUSHES, Door, Doors, open_doors, path_of, secret_of
from tasks.filing import file
from tasks.installations import WrongConfiguration
from tasks.judge import judge
from tasks.loops import DISPATCH
from tasks.pull import pull
from tasks.receive import Reception, Reply
from tasks.run import Run, surroundings
from tests.depot import INSTALLATION, PERSON, PUSH_SECRET, Depot, DepotOptions, DepotSettings, push, shipment
from tests.doubles import ManualClock

HARBOUR = Installation.model_validate(INSTALLATION)
PUSHED = (
    shipment(1, "p-1", "1001"),
    shipment(2, "p-2", "1002", lines={"MUG-1": 1}),
    shipment(3, "p-3", "1002", tracking="JD0003", lines={"MUG-2": 2}),
    shipment(4, "p-4", "1003", tracking=None),
    shipment(5, "p-5", "not-ours"),
    {"number": 6, "id": "p-6", "order": "1001"},
    shipment(7, "p-4", "1003", tracking="JD0004"),
    shipment(8, "p-7", "1003", carrier="Pigeon", lines={"MUG-2": 1}),
)
"""Two parcels of one order, one whose number comes later, one of nobody's order, one unreadable, one unmapped carrier."""
FIRST_OF_UNREADABLE = {"number": 0, "id": "p-1", "order": "1001"}


class Depots:
    """One ledger with three orders, one depot, and the door at which it calls."""

    def __init__(self, url: str = "sqlite://") -> None:
        self.clock = ManualClock()
        self.database = Database(url, self.clock)
        self.depot = Depot("harbour-depot", DepotSettings(), DepotOptions(), surroundings(self.database))
        self.door = Door(HARBOUR, Side.BACK_OFFICE, self.depot, SecretStr(PUSH_SECRET))
        self.reception = Reception(self.database, Doors([self.door]))
        assert self.reception.usable()
        with self.database.transaction("harbour") as tx:
            items.map_carrier(tx, "DPD", "", "dpd", owner="warehouse", review_on="2027-01-31", by="a test")
            items.approve_carriers(tx, {"dpd": "DPD"}, "a test")
            for key in ("1001", "1002", "1003"):
                _known_order(tx, key)

    def take(self, *parcels: dict[str, Any], **more: Any) -> Reply:
        """Let the depot push once."""
        self.clock.move(1)
        return self.reception.take(self.door, *push(*parcels, **more))

    async def run(self) -> Run:
        """Run the dispatch loop once, without its sending."""
        self.clock.move(60)
        run = Run(HARBOUR, DISPATCH, self.database, {Side.BACK_OFFICE: self.depot}, run_id="run")
        async for chunk in pull(run):
            await file(run, await judge(run, chunk))
        return run

    def rows(self, model: Any, *columns: str) -> list[tuple[Any, ...]]:
        """Return some columns of a table, sorted."""
        with self.database.transaction("harbour") as tx:
            found = tx.rows(select(*(table(model).c[name] for name in columns)))
        return sorted((tuple(row) for row in found), key=str)

    def gates(self) -> dict[str, str]:
        """Return what the gate said of each parcel."""
        return {key: gate for kind, key, gate in self.rows(tables.Inbox, "kind", "key", "gate") if kind == "dispatch"}

    def state(self) -> dict[str, Any]:
        """Return all that counts of the ledger; not when things were noted, nor what was open in between."""
        with self.database.transaction("harbour") as tx:
            held = sorted((one.type, one.order_key, one.detail) for one in holds.open_holds(tx))
        return {
            "orders": self.rows(tables.SalesOrderRow, "key", "back_office_id", "awaits_tracking"),
            "lines": self.rows(tables.OrderLineRow, "order_key", "line", "shipped", "dispatched"),
            "owed": self.rows(tables.Message, "kind", "key", "order_key", "lines", "closed_as"),
            "inbox": self.rows(tables.Inbox, "kind", "key", "fingerprint", "payload_id", "order_key", "gate"),
            "held": held,
        }


def _known_order(tx: Transaction, key: str) -> None:
    arrival = inbox.Arrival(Side.MARKETPLACE, Kind.SALES_ORDER, key, "print", {"n": key}, {}, inbox.PASSED, key)
    [inbox_id] = inbox.store(tx, [arrival]).values()
    row = {
        "key": key,
        "reference": key,
        "external_id": key,
        "inbox_id": inbox_id,
        "back_office_id": "",
        "placed_at": tx.now,
        "dispatch_by_at": tx.now + timedelta(days=2),
        "filed_at": tx.now,
        "awaits_tracking": False,
    }
    orders.save(tx, [row], [(key, LineLife("1", "MUG-1", 1)), (key, LineLife("2", "MUG-2", 2))])


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Depots]:
    opened = Depots(f"sqlite:///{tmp_path}/ledger.sqlite")
    yield opened
    opened.database.close()


async def test_what_is_pushed_waits_in_the_inbox_and_the_next_run_files_it(place: Depots) -> None:
    reply = place.take(PUSHED[0])
    assert (reply.status, reply.body) == (202, b'{"taken":true}')
    assert reply.wakes == {"dispatch"}
    assert place.gates() == {"p-1": "waiting"}
    await place.run()
    assert place.gates() == {"p-1": "passed"}
    assert place.rows(tables.Message, "kind", "key", "order_key") == [("dispatch", "p-1", "1001")]


async def test_a_duplicate_neither_lifts_a_hold_nor_goes_before_the_gate_again(place: Depots) -> None:
    for parcel in (PUSHED[0], PUSHED[3]):
        place.take(parcel)
    await place.run()
    before = place.state()
    assert place.gates() == {"p-1": "passed", "p-4": "held"}
    for number, parcel in enumerate((PUSHED[0], PUSHED[3]), start=50):
        assert place.take({**parcel, "number": number}).wakes == frozenset(), "nothing is new"
    assert place.gates() == {"p-1": "passed", "p-4": "held"}
    run = await place.run()
    assert not run.news
    after = place.state()
    assert {**after, "inbox": ()} == {**before, "inbox": ()}


async def test_a_changed_record_is_a_new_version_and_is_judged_afresh(place: Depots) -> None:
    place.take(PUSHED[3])
    await place.run()
    assert place.take(PUSHED[6]).wakes == {"dispatch"}
    await place.run()
    assert place.gates() == {"p-4": "passed"}
    assert place.state()["held"] == []
    assert place.rows(tables.Inbox, "key", "version")[-1] == ("p-4", 2)


async def test_a_parcel_of_an_order_that_nobody_knows_is_held_until_the_order_is_known(place: Depots) -> None:
    place.take(PUSHED[4])
    await place.run()
    [(type_, order, _)] = place.state()["held"]
    assert (type_, order) == ("dispatch_without_order", "")
    assert place.rows(tables.Message, "key") == []
    with place.database.transaction("harbour") as tx:
        _known_order(tx, "not-ours")
        inbox.set_gate(tx, [int(one.subject_id) for one in holds.open_holds(tx)], inbox.WAITING)
    await place.run()
    assert place.state()["held"] == []
    assert place.rows(tables.Message, "key", "order_key") == [("p-5", "not-ours")]


async def test_what_cannot_be_read_is_kept_and_held_at_once(place: Depots) -> None:
    assert place.take(PUSHED[5], PUSHED[0]).status == 202
    assert place.gates() == {"p-6": "rejected", "p-1": "waiting"}
    [(type_, _, detail)] = place.state()["held"]
    assert (type_, "lacks a part" in detail) == ("malformed_payload", True)
    [(_, inbox_id)] = [row for row in place.rows(tables.Inbox, "key", "id") if row[0] == "p-6"]
    with place.database.transaction("harbour") as tx:
        assert inbox.originals(tx, [inbox_id]) == {inbox_id: PUSHED[5]}


@pytest.mark.parametrize("unreadable_first", [True, False])
async def test_what_cannot_be_read_never_replaces_what_could(place: Depots, unreadable_first: bool) -> None:  # noqa: FBT001
    parcels = [FIRST_OF_UNREADABLE, PUSHED[0]] if unreadable_first else [PUSHED[0], FIRST_OF_UNREADABLE]
    for parcel in parcels:
        place.take(parcel)
        await place.run()
    assert place.gates() == {"p-1": "passed"}
    assert place.state()["held"] == []
    with place.database.transaction("harbour") as tx:
        assert payloads.kept(tx, [address_of(FIRST_OF_UNREADABLE)]), "its original is kept"


async def test_a_late_repeat_of_an_older_version_changes_nothing_also_without_numbers(place: Depots) -> None:
    older, newer = ({**parcel, "number": None} for parcel in (PUSHED[3], PUSHED[6]))
    for parcel in (older, newer, older):
        place.take(parcel)
        await place.run()
    assert place.gates() == {"p-4": "passed"}
    assert place.state()["held"] == []


async def test_the_same_content_said_later_moves_the_revision_on(place: Depots) -> None:
    content, other = PUSHED[6], {**PUSHED[6], "tracking": "JD0009"}
    for parcel in ({**content, "number": 1}, {**content, "number": 3}, {**other, "number": 2}):
        place.take(parcel)
        await place.run()
    assert [tracking for _, tracking in place.rows(tables.Inbox, "key", "tracking") if tracking] == ["JD0004"]


def _story(seed: int) -> list[dict[str, Any] | None]:
    """Return the pushes in some order, some of them twice; None is a run of the loop in between."""
    dice = random.Random(seed)  # noqa: S311 - a simulation
    story: list[dict[str, Any] | None] = [*PUSHED, *dice.sample(PUSHED, 3), *[None] * dice.randint(0, 3)]
    dice.shuffle(story)
    return story


async def _told(story: list[dict[str, Any] | None]) -> dict[str, Any]:
    depots = Depots()
    for parcel in story:
        if parcel is None:
            await depots.run()
        else:
            depots.take(parcel)
    for _ in range(2):
        await depots.run()
    return depots.state()


async def _swept(missed: int) -> dict[str, Any]:
    """Lose this many of the pushes, and let the sweep read what the depot still shows."""
    depots = Depots()
    for parcel in PUSHED[missed:]:
        depots.take(parcel)
    depots.depot.feed.shown = [parcel for parcel in PUSHED if parcel is not PUSHED[3]]
    for _ in range(3):
        await depots.run()
    return depots.state()


async def test_in_any_order_twice_or_not_at_all_the_same_pushes_end_in_the_same_ledger() -> None:
    expected = await _told(list(PUSHED))
    assert len(expected["owed"]) == 4
    assert [type_ for type_, _, _ in expected["held"]] == [
        "dispatch_without_order",
        "malformed_payload",
        "unmapped_carrier",
    ]
    for seed in range(12):
        assert await _told(_story(seed)) == expected, f"seed {seed}"
    for missed in (len(PUSHED), 5):
        assert await _swept(missed) == expected, f"the first {missed} pushes were missed"


async def test_pushes_that_come_at_once_are_kept_once_each(place: Depots) -> None:
    bodies = [push(parcel) for parcel in itertools.chain(PUSHED, PUSHED)]
    random.Random(1).shuffle(bodies)  # noqa: S311 - a simulation
    replies = await asyncio.gather(*(asyncio.to_thread(place.reception.take, place.door, *one) for one in bodies))
    assert {reply.status for reply in replies} == {202}
    await place.run()
    assert len(place.state()["owed"]) == 4


def test_a_hint_is_kept_nowhere_and_wakes_the_loops_that_read_it(place: Depots) -> None:
    assert place.take(news=["dispatch", "stock_level", "acknowledgement"]).wakes == {"dispatch"}, "stock is off"
    assert place.gates() == {}
    with place.database.transaction("harbour") as tx:
        mark = journal.watermark(tx, "push:back_office")
    assert mark is not None
    assert mark.completed_at == place.clock.now()


def _causes(place: Depots) -> list[str]:
    return [title for title, closed in place.rows(tables.Cause, "title", "closed_at") if closed is None]


def test_a_forged_push_is_refused_leaves_nothing_and_is_a_cause_until_a_true_one_comes(place: Depots) -> None:
    headers, body = push(PUSHED[0])
    for forged in ({}, {**headers, "x-depot-signature": "0" * 64}):
        assert place.reception.take(place.door, forged, body).status == 403
    assert place.reception.take(place.door, headers, body.replace(b"1001", b"1002")).status == 403
    assert place.gates() == {}
    assert _causes(place) == ["Push that we refused: harbour-depot"]
    assert place.take(PUSHED[0]).status == 202
    assert _causes(place) == []


def test_a_body_on_which_we_fail_is_asked_for_again_and_is_a_cause(place: Depots) -> None:
    assert place.take(kind="nonsense", parcels=[PUSHED[0]]).status == 500
    assert _causes(place) == ["Push that we refused: harbour-depot"]


@pytest.mark.parametrize("kind", ["acknowledgement", "sales_order"])
def test_a_kind_that_no_loop_reads_from_this_side_is_not_taken(place: Depots, kind: str) -> None:
    assert place.take(PUSHED[0], kind=kind).status == 500
    assert place.rows(tables.Inbox, "key") == [("1001",), ("1002",), ("1003",)]


def test_a_scan_is_not_taken_in_pieces(place: Depots, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place.depot.feed, "shape", FeedShape.SNAPSHOT)
    assert place.take(PUSHED[0]).status == 500
    assert place.gates() == {}


async def test_a_released_original_that_can_be_read_now_is_filed_under_its_own_key_and_let_go(
    place: Depots, monkeypatch: pytest.MonkeyPatch
) -> None:
    nameless = {name: value for name, value in PUSHED[0].items() if name != "id"}
    place.take(nameless)
    assert place.gates() == {"no id": "rejected"}
    reads = place.depot.feed.parse
    monkeypatch.setattr(place.depot.feed, "parse", lambda raw: reads({"id": "p-1", **raw}))
    with place.database.transaction("harbour") as tx:
        inbox.set_gate(tx, [int(one.subject_id) for one in holds.open_holds(tx)], inbox.WAITING)
    await place.run()
    assert place.gates() == {"no id": "passed", "p-1": "passed"}
    assert place.state()["held"] == []


def test_a_ledger_that_cannot_be_written_is_an_answer_that_makes_the_vendor_repeat(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    place = Depots(f"sqlite:///{path}")
    place.database.close()
    for file_ in tmp_path.iterdir():
        file_.unlink()
    path.mkdir()
    reply = place.take(PUSHED[0])
    assert (reply.status, reply.wait_seconds > 0) == (503, True)
    assert not place.reception.usable()


def test_no_log_line_and_no_journal_line_holds_a_person_or_a_secret(
    place: Depots, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = [place.take(*PUSHED), place.take(news=["dispatch"]), place.take(kind="nonsense", parcels=[PUSHED[0]])]
    said.append(place.reception.take(place.door, {}, push(PUSHED[0])[1]))
    told = [str(reply) for reply in said] + caplog.messages + [str(place.door), str(place.reception)]
    told += [str(row) for row in place.rows(tables.Event, "order_key", "kind", "key", "what", "detail")]
    told += [str(row) for row in place.rows(tables.Cause, "title", "detail")]
    assert place.rows(tables.Event, "key"), "nothing was written, so nothing was looked at"
    for word in (PERSON, PUSH_SECRET, "the-depot-signs"):
        assert word not in "\n".join(told)


def test_a_door_opens_to_its_whole_path_only(monkeypatch: pytest.MonkeyPatch, place: Depots) -> None:
    monkeypatch.setitem(registry.SYSTEMS, "depot", Depot)
    monkeypatch.setenv("HARBOUR_DEPOT_PUSH_SECRET", PUSH_SECRET)
    doors = open_doors({"harbour": HARBOUR}, surroundings(place.database))
    assert [door.account for door in doors] == ["harbour-depot"]
    for part in ("depot", "back_office"):
        assert doors.find("harbour", part, PUSH_SECRET)
    for wrong in (
        ("harbour", "depot", PUSH_SECRET[:-1]),
        ("harbour", "depot", ""),
        ("harbour", "marketplace", PUSH_SECRET),
        ("meadow", "depot", PUSH_SECRET),
        ("harbour", "virtualstock", PUSH_SECRET),
    ):
        assert doors.find(*wrong) is None
    secret = secret_of(HARBOUR, Side.BACK_OFFICE)
    assert secret is not None
    assert path_of(HARBOUR, Side.BACK_OFFICE, secret) == f"/push/harbour/depot/{PUSH_SECRET}"


@pytest.mark.parametrize("secret", ["", None])
def test_without_a_secret_nothing_is_received(
    monkeypatch: pytest.MonkeyPatch, place: Depots, secret: str | None
) -> None:
    monkeypatch.setitem(registry.SYSTEMS, "depot", Depot)
    monkeypatch.delenv("HARBOUR_DEPOT_PUSH_SECRET", raising=False)
    if secret is not None:
        monkeypatch.setenv("HARBOUR_DEPOT_PUSH_SECRET", secret)
    doors = open_doors({"harbour": HARBOUR}, surroundings(place.database))
    assert list(doors) == []
    assert doors.find("harbour", "depot", "") is None


@pytest.mark.parametrize("secret", ["short", "with/slashes/in/it/is/no/segment", "ünguessable-but-not-plain-text"])
def test_a_secret_that_protects_nothing_is_refused_by_name_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, place: Depots, secret: str
) -> None:
    monkeypatch.setitem(registry.SYSTEMS, "depot", Depot)
    monkeypatch.setenv("HARBOUR_DEPOT_PUSH_SECRET", secret)
    with pytest.raises(WrongConfiguration, match="HARBOUR_DEPOT_PUSH_SECRET") as caught:
        open_doors({"harbour": HARBOUR}, surroundings(place.database))
    assert secret not in str(caught.value)


def test_a_storm_is_told_when_to_come_again_and_is_let_in_then(place: Depots) -> None:
    waits = [place.reception.wait_seconds(place.door) for _ in range(MOST_PUSHES.burst + 1)]
    assert waits[:-1] == [0] * MOST_PUSHES.burst
    assert waits[-1] > 0
    place.clock.move(waits[-1])
    assert place.reception.wait_seconds(place.door) == 0


def test_only_a_system_that_pushes_has_a_door() -> None:
    played: Mapping[str, Any] = registry.SYSTEMS
    assert secret_of(HARBOUR.model_copy(update={"back_office": HARBOUR.marketplace}), Side.BACK_OFFICE) is None
    assert GivesDispatches in Depot.__mro__
    assert "depot" not in played
