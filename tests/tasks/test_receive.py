"""What a push does to the ledger: kept before it is answered, once, and in whatever order."""

import asyncio
import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from domain.payloads import address_of
from ledger import holds, inbox, journal, payloads, tables
from tests.depot import push
from tests.migrated import migrated
from tests.tasks.depots import FIRST_OF_UNREADABLE, PUSHED, Depots, known_order


async def test_what_is_pushed_waits_in_the_inbox_and_the_next_run_files_it(depots: Depots) -> None:
    reply = depots.take(PUSHED[0])
    assert (reply.status, reply.body) == (202, b'{"taken":true}')
    assert reply.wakes == {"dispatch"}
    assert depots.gates() == {"p-1": "waiting"}
    await depots.run()
    assert depots.gates() == {"p-1": "passed"}
    assert depots.rows(tables.Message, "kind", "key", "order_key") == [("dispatch", "p-1", "1001")]


async def test_a_duplicate_neither_lifts_a_hold_nor_goes_before_the_gate_again(depots: Depots) -> None:
    for parcel in (PUSHED[0], PUSHED[3]):
        depots.take(parcel)
    await depots.run()
    before = depots.state()
    assert depots.gates() == {"p-1": "passed", "p-4": "held"}
    for number, parcel in enumerate((PUSHED[0], PUSHED[3]), start=50):
        assert depots.take({**parcel, "number": number}).wakes == frozenset(), "nothing is new"
    assert depots.gates() == {"p-1": "passed", "p-4": "held"}
    run = await depots.run()
    assert not run.news
    after = depots.state()
    assert {**after, "inbox": ()} == {**before, "inbox": ()}


async def test_a_changed_record_is_a_new_version_and_is_judged_afresh(depots: Depots) -> None:
    depots.take(PUSHED[3])
    await depots.run()
    assert depots.take(PUSHED[6]).wakes == {"dispatch"}
    await depots.run()
    assert depots.gates() == {"p-4": "passed"}
    assert depots.state()["held"] == []
    assert depots.rows(tables.Inbox, "key", "version")[-1] == ("p-4", 2)


async def test_a_parcel_of_an_order_that_nobody_knows_is_held_until_the_order_is_known(depots: Depots) -> None:
    depots.take(PUSHED[4])
    await depots.run()
    [(type_, order, _)] = depots.state()["held"]
    assert (type_, order) == ("dispatch_without_order", "")
    assert depots.rows(tables.Message, "key") == []
    with depots.database.transaction("harbour") as tx:
        known_order(tx, "not-ours")
        inbox.set_gate(tx, [int(one.subject_id) for one in holds.open_holds(tx)], inbox.WAITING)
    await depots.run()
    assert depots.state()["held"] == []
    assert depots.rows(tables.Message, "key", "order_key") == [("p-5", "not-ours")]


async def test_what_cannot_be_read_is_kept_and_held_at_once(depots: Depots) -> None:
    assert depots.take(PUSHED[5], PUSHED[0]).status == 202
    assert depots.gates() == {"p-6": "rejected", "p-1": "waiting"}
    [(type_, _, detail)] = depots.state()["held"]
    assert (type_, "lacks a part" in detail) == ("malformed_payload", True)
    [(_, inbox_id)] = [row for row in depots.rows(tables.Inbox, "key", "id") if row[0] == "p-6"]
    with depots.database.transaction("harbour") as tx:
        assert inbox.originals(tx, [inbox_id]) == {inbox_id: PUSHED[5]}


@pytest.mark.parametrize("unreadable_first", [True, False])
async def test_what_cannot_be_read_never_replaces_what_could(depots: Depots, unreadable_first: bool) -> None:  # noqa: FBT001
    parcels = [FIRST_OF_UNREADABLE, PUSHED[0]] if unreadable_first else [PUSHED[0], FIRST_OF_UNREADABLE]
    for parcel in parcels:
        depots.take(parcel)
        await depots.run()
    assert depots.gates() == {"p-1": "passed"}
    assert depots.state()["held"] == []
    with depots.database.transaction("harbour") as tx:
        address = address_of(FIRST_OF_UNREADABLE, depots.depot.dispatch_feed.keeps)
        assert payloads.kept(tx, [address]), "its original is kept"


async def test_a_late_repeat_of_an_older_version_changes_nothing_also_without_numbers(depots: Depots) -> None:
    older, newer = ({**parcel, "number": None} for parcel in (PUSHED[3], PUSHED[6]))
    for parcel in (older, newer, older):
        depots.take(parcel)
        await depots.run()
    assert depots.gates() == {"p-4": "passed"}
    assert depots.state()["held"] == []


async def test_the_same_content_said_later_moves_the_revision_on(depots: Depots) -> None:
    content, other = PUSHED[6], {**PUSHED[6], "tracking": "JD0009"}
    for parcel in ({**content, "number": 1}, {**content, "number": 3}, {**other, "number": 2}):
        depots.take(parcel)
        await depots.run()
    assert [tracking for _, tracking in depots.rows(tables.Inbox, "key", "tracking") if tracking] == ["JD0004"]


def _story(seed: int) -> list[dict[str, Any] | None]:
    """Return the pushes in some order, some of them twice; None is a run of the loop in between."""
    dice = random.Random(seed)  # noqa: S311 - a simulation
    story: list[dict[str, Any] | None] = [*PUSHED, *dice.sample(PUSHED, 3), *[None] * dice.randint(0, 3)]
    dice.shuffle(story)
    return story


@contextmanager
def _fresh() -> Iterator[Depots]:
    with TemporaryDirectory() as folder:
        depots = Depots(migrated(Path(folder)))
        yield depots
        depots.database.close()


async def _told(story: list[dict[str, Any] | None]) -> dict[str, Any]:
    with _fresh() as depots:
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
    with _fresh() as depots:
        for parcel in PUSHED[missed:]:
            depots.take(parcel)
        depots.depot.dispatch_feed.shown = [parcel for parcel in PUSHED if parcel is not PUSHED[3]]
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


async def test_pushes_that_come_at_once_are_kept_once_each(depots: Depots) -> None:
    bodies = [push(parcel) for parcel in itertools.chain(PUSHED, PUSHED)]
    random.Random(1).shuffle(bodies)  # noqa: S311 - a simulation
    replies = await asyncio.gather(*(asyncio.to_thread(depots.reception.take, depots.door, *one) for one in bodies))
    assert {reply.status for reply in replies} == {202}
    await depots.run()
    assert len(depots.state()["owed"]) == 4


def test_a_hint_is_kept_nowhere_and_wakes_the_loops_that_read_it(depots: Depots) -> None:
    assert depots.take(news=["dispatch", "stock_level", "acknowledgement"]).wakes == {"dispatch"}, "stock is off"
    assert depots.gates() == {}
    with depots.database.transaction("harbour") as tx:
        mark = journal.watermark(tx, "push:back_office")
    assert mark is not None
    assert mark.completed_at == depots.clock.now()


async def test_a_released_original_that_can_be_read_now_is_filed_under_its_own_key_and_let_go(
    depots: Depots, monkeypatch: pytest.MonkeyPatch
) -> None:
    nameless = {name: value for name, value in PUSHED[0].items() if name != "id"}
    depots.take(nameless)
    assert depots.gates() == {"no id": "rejected"}
    reads = depots.depot.dispatch_feed.parse
    monkeypatch.setattr(depots.depot.dispatch_feed, "parse", lambda raw: reads({"id": "p-1", **raw}))
    with depots.database.transaction("harbour") as tx:
        inbox.set_gate(tx, [int(one.subject_id) for one in holds.open_holds(tx)], inbox.WAITING)
    await depots.run()
    assert depots.gates() == {"no id": "passed", "p-1": "passed"}
    assert depots.state()["held"] == []
