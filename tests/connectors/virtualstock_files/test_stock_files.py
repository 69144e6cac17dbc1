"""Stock files: written whole, never too many, refused by line or whole."""

import pytest

from domain.answers import Absent, Accepted, Found, Later, NotNow, NotYet, Refused, Unavailable, Unknown
from tests.connectors.virtualstock_files.harness import Harness
from tests.connectors.virtualstock_files.sending import sent, standing, take
from tests.directory import FileBreak, lost


async def test_a_stock_file_appears_whole_under_its_name(slow: Harness) -> None:
    seen: list[int] = []

    def look(_call: str, _path: str) -> None:
        seen.extend(path.stat().st_size for path in slow.edge.inventory.glob("*.csv"))

    slow.files.before = slow.files.after = look
    slow.list_product()
    await sent(slow, slow.connector.availability_sink, slow.availability(7))
    [name] = [one for one in slow.names("inventory") if one.endswith(".csv")]
    size = len("part_number,free_stock\r\n12345678,7\r\n")
    assert set(seen) <= {size}
    assert slow.path("inventory", name).stat().st_size == size
    assert "inventory-20260302090000" in name
    assert not [one for one in slow.names("inventory") if one.endswith(".DONE")]


async def test_a_half_written_stock_file_is_never_seen_and_the_newest_number_goes(slow: Harness) -> None:
    slow.list_product()
    sink = slow.connector.availability_sink
    slow.files.breaks = [FileBreak("write", ".*being-written.*", lost)]
    with pytest.raises(Unavailable):
        await sink.send([slow.availability(7)])
    assert not slow.names("inventory")
    slow.files.breaks = [FileBreak("rename", ".*", lost)]
    assert isinstance(await sent(slow, sink, slow.availability(7)), Unknown)
    assert isinstance(await standing(slow, sink, slow.availability(7)), Absent), "its draft still lies there"
    assert isinstance(await sent(slow, sink, slow.availability(5)), Accepted)
    take(slow)
    assert slow.published("RED-M") == 5


async def test_no_more_stock_files_are_written_than_may_wait(slow: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.virtualstock.files.inventory.MOST_UNREAD", 1)
    slow.list_product()
    slow.list_product("BLUE-M", "87654321")
    sink = slow.connector.availability_sink
    assert isinstance(await sent(slow, sink, slow.availability(7)), Accepted)
    with pytest.raises(NotNow):
        await sink.send([slow.availability(3, "BLUE-M", "87654321")])
    take(slow)
    assert isinstance(await sent(slow, sink, slow.availability(3, "BLUE-M", "87654321")), Accepted)


async def test_a_ticket_says_what_was_taken_without_a_look_at_our_note(slow: Harness) -> None:
    record = slow.acknowledgement(slow.place_order(2))
    sink = slow.connector.acknowledgement_sink
    ticket = (await sent(slow, sink, record)).ticket
    take(slow)
    slow.clock.move(3600)
    slow.files.calls.clear()
    assert isinstance(await standing(slow, sink, record.model_copy(update={"ticket": ticket})), Found)
    assert [call for call, _ in slow.files.calls] == ["entries"]


async def test_no_newer_number_passes_a_stock_file_that_is_not_taken(slow: Harness) -> None:
    slow.list_product()
    slow.list_product("BLUE-M", "87654321")
    sink = slow.connector.availability_sink
    await sent(slow, sink, slow.availability(7))
    slow.clock.move(60)
    answers = await sink.send([slow.availability(0), slow.availability(3, "BLUE-M", "87654321")])
    assert isinstance(answers["RED-M"], Later)
    assert isinstance(answers["BLUE-M"], Accepted)
    take(slow)
    slow.clock.move(180)
    assert isinstance(await standing(slow, sink, slow.availability(7)), Found)
    assert isinstance(await sent(slow, sink, slow.availability(0)), Accepted)
    take(slow)
    assert slow.published("RED-M") == 0


async def test_a_product_that_the_error_file_names_is_refused_and_the_others_go_again(slow: Harness) -> None:
    slow.list_product()
    sink = slow.connector.availability_sink
    good, unknown = slow.availability(7), slow.availability(7, "GONE", "99999999")
    await sink.send([good, unknown])
    take(slow)
    findings = await sink.find([good, unknown])
    assert isinstance(findings["GONE"], Refused)
    assert isinstance(findings["RED-M"], Absent)


async def test_an_error_file_that_names_nobody_refuses_the_whole_file(slow: Harness) -> None:
    sink, record = slow.connector.availability_sink, slow.availability(7)
    await sent(slow, sink, record)
    [name] = slow.names("inventory")
    slow.path("inventory", name).unlink()
    slow.path("inventory/errors", f"{name}.txt").write_text("Wrong columns")
    assert isinstance(await standing(slow, sink, record), Refused)


async def test_a_stock_file_that_nobody_takes_is_for_a_person(slow: Harness) -> None:
    sink, record = slow.connector.availability_sink, slow.availability(7)
    await sent(slow, sink, record)
    slow.clock.move(3600)
    assert isinstance(await standing(slow, sink, record), NotYet)
    slow.clock.move(4 * 3600)
    held = await standing(slow, sink, record)
    assert isinstance(held, Refused)
    assert held.hold_type == "unknown_outcome"
