"""Reading on, and putting away: only what is filed, and nothing by the process that read it."""

import os
from typing import Any

import pytest

from domain.answers import Fatal, Unavailable
from domain.records import Page
from tests.connectors.virtualstock_files.harness import Harness
from tests.connectors.virtualstock_files.order_files import order_text
from tests.directory import FileBreak, down, lost


async def read(edge: Harness, cursor: str | None, connector: Any = None) -> Page:
    return await (connector or edge.connect()).sales_order_feed.read(cursor, ())


async def test_nothing_is_put_away_by_the_process_that_read_it() -> None:
    edge = Harness(puts_away=True)
    edge.edge.put("order", order_text(), "order-1.txt")
    connector = edge.connect()
    page = await read(edge, None, connector)
    await read(edge, page.cursor, connector)
    assert edge.names("incoming") == {"order-1.txt", "order-1.txt.DONE"}
    assert not edge.files.changes


async def test_the_next_process_puts_away_what_its_filed_cursor_names() -> None:
    edge = Harness(puts_away=True)
    edge.edge.put("order", order_text(), "order-1.txt")
    filed = await read(edge, None)
    edge.edge.put("order", order_text(order_number="SBX-2"), "order-2.txt")
    page = await read(edge, filed.cursor)
    assert [one.record.key for one in page.received] == ["SBX-2"]
    assert edge.names("incoming") == {"order-2.txt", "order-2.txt.DONE"}
    assert edge.names("own/read") == {"order-1.txt", "order-1.txt.DONE"}
    assert not (await read(edge, page.cursor)).received
    assert not edge.names("incoming")


async def test_what_was_put_away_just_now_is_not_asked_for_again() -> None:
    edge = Harness(puts_away=True)
    edge.edge.put("order", order_text(), "order-1.txt")
    filed = await read(edge, None)
    edge.files.calls.clear()
    await read(edge, filed.cursor)
    assert [path for call, path in edge.files.calls if call in {"read", "find"} and "/incoming/" in path] == []


async def test_of_a_page_that_breaks_off_counts_what_was_read_and_the_next_read_goes_on(edge: Harness) -> None:
    for number in range(3):
        edge.edge.put("order", order_text(order_number=f"SBX-{number}"), f"order-{number}.txt")
    edge.files.before = lambda call, path: _break_off(call, path, "order-2.txt")
    first = await read(edge, None)
    assert [one.record.key for one in first.received] == ["SBX-0", "SBX-1"]
    assert first.more, "the walk is not complete"
    with pytest.raises(Unavailable):
        await read(edge, first.cursor)
    edge.files.before = lambda _call, _path: None
    assert [one.record.key for one in (await read(edge, first.cursor)).received] == ["SBX-2"]


def _break_off(call: str, path: str, name: str) -> None:
    if call == "read" and path.endswith(name):
        raise down(f"{call} {path}")


async def test_who_dies_before_filing_reads_it_again() -> None:
    edge = Harness(puts_away=True)
    edge.edge.put("order", order_text(), "order-1.txt")
    first = await read(edge, None)
    again = await read(edge, None)  # nothing was filed, so the cursor is the old one
    assert [one.fingerprint for one in again.received] == [one.fingerprint for one in first.received]
    assert edge.names("incoming") == {"order-1.txt", "order-1.txt.DONE"}


async def test_by_default_nothing_of_the_vendors_is_touched(edge: Harness) -> None:
    edge.edge.put("order", order_text(), "order-1.txt")
    page = await read(edge, None)
    assert not (await read(edge, page.cursor)).received
    assert not edge.files.changes


async def test_another_file_under_a_filed_name_is_a_new_one() -> None:
    edge = Harness(puts_away=True)
    name = edge.edge.put("order", order_text(), "order-1.txt")
    filed = await read(edge, None)
    edge.path("incoming", name).write_text(order_text(order_number="SBX-200002"))
    os.utime(edge.path("incoming", name), (1, 2_000_000_000))
    page = await read(edge, filed.cursor)
    assert [one.record.key for one in page.received] == ["SBX-200002"]
    assert edge.names("incoming") == {"order-1.txt", "order-1.txt.DONE"}
    os.utime(edge.path("incoming", name), (1, 2_000_000_001))
    edge.path("own", "read").mkdir(parents=True, exist_ok=True)
    edge.path("own/read", name).write_text("another that was put away long ago")
    later = await read(edge, (await read(edge, page.cursor)).cursor)
    assert not later.received
    assert not edge.names("incoming")
    kept = [edge.path("own/read", one).read_text() for one in edge.names("own/read")]
    assert "another that was put away long ago" in kept
    assert any("SBX-200002" in text for text in kept)


@pytest.mark.parametrize("call", ["rename", "make_folder"])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("trouble", [lost, down])
async def test_a_failure_while_putting_away_loses_nothing(
    call: str,
    after: bool,  # noqa: FBT001 - a parameter of the test
    trouble: Any,
) -> None:
    edge = Harness(puts_away=True)
    for number in range(3):
        edge.edge.put("order", order_text(order_number=f"SBX-{number}"), f"order-{number}.txt")
    filed = await read(edge, None)
    edge.edge.put("order", order_text(order_number="SBX-9"), "order-9.txt")
    edge.files.breaks = [FileBreak(call, ".*", trouble, after=after and call == "rename", times=2)]
    page = await read(edge, filed.cursor)
    assert [one.record.key for one in page.received] == ["SBX-9"], "a new order does not wait for that"
    assert len(edge.names("incoming")) > 2, "what was not put away lies there"
    edge.files.breaks.clear()
    assert not (await read(edge, page.cursor)).received
    assert not edge.names("incoming")
    assert len(edge.names("own/read")) == 8


async def test_a_file_that_goes_or_changes_while_it_is_read_is_read_by_the_next(edge: Harness) -> None:
    name = edge.edge.put("order", order_text())
    place = edge.path("incoming", name)

    def grow(call: str, path: str) -> None:
        if call == "read":
            place.write_text(order_text(2))

    edge.files.before = grow
    page = await read(edge, None)
    assert not page.received
    assert not page.rejects
    edge.files.before = lambda _call, _path: None
    assert len((await read(edge, page.cursor)).received[0].record.lines) == 2


async def test_a_listing_that_fails_or_is_not_there_is_said(edge: Harness) -> None:
    edge.files.breaks = [FileBreak("entries", ".*", down)]
    with pytest.raises(Unavailable):
        await read(edge, None)
    for path in edge.edge.incoming.iterdir():
        path.unlink()
    edge.edge.incoming.rmdir()
    with pytest.raises(Fatal, match="no folder /live/incoming"):
        await read(edge, None)


async def test_the_cursor_of_the_other_road_names_no_file(edge: Harness) -> None:
    edge.edge.put("order", order_text())
    assert (await read(edge, "CANCEL:0::0")).received
