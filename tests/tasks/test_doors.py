"""Who is let in to push and who is not: forgers, secrets, storms, and kinds that no loop reads."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors import registry
from connectors.roles import FeedShape, GivesDispatches
from domain.installation import Side
from ledger import tables
from tasks.doors import MOST_PUSHES, open_doors, path_of, secret_of
from tasks.installations import WrongConfiguration
from tasks.run import surroundings
from tests.depot import PERSON, PUSH_SECRET, Depot, push
from tests.migrated import migrated
from tests.tasks.depots import HARBOUR, PUSHED, Depots


def _causes(depots: Depots) -> list[str]:
    return [title for title, closed in depots.rows(tables.Cause, "title", "closed_at") if closed is None]


def test_a_forged_push_is_refused_leaves_nothing_and_is_a_cause_until_a_true_one_comes(depots: Depots) -> None:
    headers, body = push(PUSHED[0])
    for forged in ({}, {**headers, "x-depot-signature": "0" * 64}):
        assert depots.reception.take(depots.door, forged, body).status == 403
    assert depots.reception.take(depots.door, headers, body.replace(b"1001", b"1002")).status == 403
    assert depots.gates() == {}
    assert _causes(depots) == ["Push that we refused: harbour-depot"]
    assert depots.take(PUSHED[0]).status == 202
    assert _causes(depots) == []


def test_a_body_on_which_we_fail_is_asked_for_again_and_is_a_cause(depots: Depots) -> None:
    assert depots.take(kind="nonsense", parcels=[PUSHED[0]]).status == 500
    assert _causes(depots) == ["Push that we refused: harbour-depot"]


@pytest.mark.parametrize("kind", ["acknowledgement", "sales_order"])
def test_a_kind_that_no_loop_reads_from_this_side_is_not_taken(depots: Depots, kind: str) -> None:
    assert depots.take(PUSHED[0], kind=kind).status == 500
    assert depots.rows(tables.Inbox, "key") == [("1001",), ("1002",), ("1003",)]


def test_a_scan_is_not_taken_in_pieces(depots: Depots, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depots.depot.dispatch_feed, "shape", FeedShape.SNAPSHOT)
    assert depots.take(PUSHED[0]).status == 500
    assert depots.gates() == {}


def test_a_ledger_that_cannot_be_written_is_an_answer_that_makes_the_vendor_repeat(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    depots = Depots(migrated(tmp_path))
    depots.database.close()
    for file_ in tmp_path.iterdir():
        file_.unlink()
    path.mkdir()
    reply = depots.take(PUSHED[0])
    assert (reply.status, reply.wait_seconds > 0) == (503, True)
    assert not depots.reception.usable()


def test_no_log_line_and_no_journal_line_holds_a_person_or_a_secret(
    depots: Depots, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = [depots.take(*PUSHED), depots.take(news=["dispatch"]), depots.take(kind="nonsense", parcels=[PUSHED[0]])]
    said.append(depots.reception.take(depots.door, {}, push(PUSHED[0])[1]))
    told = [str(reply) for reply in said] + caplog.messages + [str(depots.door), str(depots.reception)]
    told += [str(row) for row in depots.rows(tables.Event, "order_key", "kind", "key", "what", "detail")]
    told += [str(row) for row in depots.rows(tables.Cause, "title", "detail")]
    assert depots.rows(tables.Event, "key"), "nothing was written, so nothing was looked at"
    for word in (PERSON, PUSH_SECRET, "the-depot-signs"):
        assert word not in "\n".join(told)


def test_a_door_opens_to_its_whole_path_only(monkeypatch: pytest.MonkeyPatch, depots: Depots) -> None:
    monkeypatch.setitem(registry.SYSTEMS, "depot", Depot)
    monkeypatch.setenv("HARBOUR_DEPOT_PUSH_SECRET", PUSH_SECRET)
    doors = open_doors({"harbour": HARBOUR}, surroundings(depots.database))
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
    monkeypatch: pytest.MonkeyPatch, depots: Depots, secret: str | None
) -> None:
    monkeypatch.setitem(registry.SYSTEMS, "depot", Depot)
    monkeypatch.delenv("HARBOUR_DEPOT_PUSH_SECRET", raising=False)
    if secret is not None:
        monkeypatch.setenv("HARBOUR_DEPOT_PUSH_SECRET", secret)
    doors = open_doors({"harbour": HARBOUR}, surroundings(depots.database))
    assert list(doors) == []
    assert doors.find("harbour", "depot", "") is None


@pytest.mark.parametrize("secret", ["short", "with/slashes/in/it/is/no/segment", "ünguessable-but-not-plain-text"])
def test_a_secret_that_protects_nothing_is_refused_by_name_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, depots: Depots, secret: str
) -> None:
    monkeypatch.setitem(registry.SYSTEMS, "depot", Depot)
    monkeypatch.setenv("HARBOUR_DEPOT_PUSH_SECRET", secret)
    with pytest.raises(WrongConfiguration, match="HARBOUR_DEPOT_PUSH_SECRET") as caught:
        open_doors({"harbour": HARBOUR}, surroundings(depots.database))
    assert secret not in str(caught.value)


def test_a_storm_is_told_when_to_come_again_and_is_let_in_then(depots: Depots) -> None:
    waits = [depots.reception.wait_seconds(depots.door) for _ in range(MOST_PUSHES.burst + 1)]
    assert waits[:-1] == [0] * MOST_PUSHES.burst
    assert waits[-1] > 0
    depots.clock.move(waits[-1])
    assert depots.reception.wait_seconds(depots.door) == 0


def test_only_a_system_that_pushes_has_a_door() -> None:
    played: Mapping[str, Any] = registry.SYSTEMS
    assert secret_of(HARBOUR.model_copy(update={"back_office": HARBOUR.marketplace}), Side.BACK_OFFICE) is None
    assert GivesDispatches in Depot.__mro__
    assert "depot" not in played
