"""Files that we send: how they read, what became of them, and what is never taken for success."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.virtualstock.files.inventory import InventoryForm
from connectors.virtualstock.files.layout import read_flat
from domain.answers import (
    Absent,
    Accepted,
    Contradicted,
    Done,
    Found,
    Later,
    NotNow,
    NotYet,
    Refused,
    Unavailable,
    Unknown,
)
from tests.connectors.virtualstock_files.harness import Harness
from tests.directory import FileBreak, down, lost


@pytest.fixture
def slow() -> Harness:
    return Harness(takes_after=10**9)  # it takes nothing by itself


def take(edge: Harness) -> None:
    """Let the vendor take what lies there now."""
    waits, edge.edge.takes_after = edge.edge.takes_after, timedelta()
    edge.edge.look()
    edge.edge.takes_after = waits


async def sent(edge: Harness, sink: Any, record: Any) -> Any:
    return (await sink.send([record]))[record.key]


async def standing(edge: Harness, sink: Any, record: Any) -> Any:
    return (await sink.find([record]))[record.key]


def outgoing(edge: Harness, ending: str) -> list[str]:
    return sorted(name for name in edge.names("outgoing") if name.endswith(ending))


async def test_an_acknowledgement_names_the_order_and_its_lines(slow: Harness) -> None:
    reference = slow.place_order(2, 3)
    ticket = await sent(slow, slow.connector.acknowledgement_sink, slow.acknowledgement(reference))
    assert isinstance(ticket, Accepted)
    [name] = outgoing(slow, ".ack")
    assert ticket.ticket == name
    flat = read_flat(slow.path("outgoing", name).read_text())
    assert dict(flat.header) == {"order_number": reference, "supplier_ref": reference, "test_flag": "n"}
    assert [row["quantity"] for row in flat.rows] == ["2", "3"]
    assert flat.rows[0]["supplier_dispatch_date"] == "2026-03-04"
    assert slow.path("outgoing", f"{name}.DONE").read_bytes() == b""
    take(slow)
    assert slow.statuses(reference) == ["ORDER_ACK", "ORDER_ACK"]


async def test_a_dispatch_and_a_confirmed_cancellation_reach_the_order(slow: Harness) -> None:
    shipped, cancelled = slow.place_order(2), slow.place_order(1)
    slow.acknowledge_elsewhere(shipped)
    slow.cancel(cancelled)
    await sent(slow, slow.connector.dispatch_sink, slow.dispatch(shipped))
    await sent(slow, slow.connector.cancellation_sink, slow.cancellation(cancelled))
    take(slow)
    assert slow.statuses(shipped) == ["DISPATCH"]
    assert slow.order(shipped)["lines"][0]["dispatches"][0]["tracking"] == "15500000000001"
    assert slow.statuses(cancelled) == ["CANCEL_ACK"]


async def test_a_part_of_a_line_cannot_be_cancelled_by_file(slow: Harness) -> None:
    reference = slow.place_order(3)
    slow.cancel(reference)
    answer = await sent(slow, slow.connector.cancellation_sink, slow.cancellation(reference, 1))
    assert isinstance(answer, Refused)
    assert not slow.names("outgoing")


async def test_the_marker_is_written_last_and_the_note_before_it(slow: Harness) -> None:
    await sent(slow, slow.connector.acknowledgement_sink, slow.acknowledgement(slow.place_order()))
    written = dict.fromkeys(path for call, path in slow.files.changes if call == "write")
    assert [path.rpartition(".")[2] for path in written] == ["ack", "note", "DONE"]


async def test_an_untaken_file_is_no_success_and_after_hours_a_person_is_asked(slow: Harness) -> None:
    sink, record = slow.connector.acknowledgement_sink, slow.acknowledgement(slow.place_order())
    await sent(slow, sink, record)
    for hours in (0, 1, 3.9):
        slow.clock.move(hours * 3600 / 2)
        assert isinstance(await standing(slow, sink, record), NotYet)
    slow.clock.move(4 * 3600)
    held = await standing(slow, sink, record)
    assert isinstance(held, Contradicted)
    assert held.hold_type == "unknown_outcome"
    take(slow)
    assert isinstance(await standing(slow, sink, record), Found)


async def test_a_taken_file_is_proved_only_when_it_can_no_more_be_refused(slow: Harness) -> None:
    sink, record = slow.connector.acknowledgement_sink, slow.acknowledgement(slow.place_order())
    await sent(slow, sink, record)
    take(slow)
    assert isinstance(await standing(slow, sink, record), NotYet)
    slow.clock.move(11 * 60)
    assert isinstance(await standing(slow, sink, record), Found)


async def test_a_refused_file_is_a_refusal_and_is_sent_again_when_it_is_mended(slow: Harness) -> None:
    reference = slow.place_order(2)
    slow.acknowledge_elsewhere(reference)
    sink = slow.connector.dispatch_sink
    wrong = slow.dispatch(reference, carrier="pigeon")
    await sent(slow, sink, wrong)
    take(slow)
    refused = await standing(slow, sink, wrong)
    assert isinstance(refused, Refused)
    assert "dispatch-" in refused.reason
    assert "pigeon" not in refused.reason
    assert slow.archive.kept, "the vendor's words are kept"
    assert len(slow.names("outgoing")) == 4
    slow.clock.move(60)
    assert isinstance(await sent(slow, sink, slow.dispatch(reference)), Accepted)
    assert len(slow.names("outgoing")) == 2, "what was left of the refused one is taken away"
    take(slow)
    assert slow.statuses(reference) == ["DISPATCH"]
    slow.clock.move(11 * 60)
    assert isinstance(await standing(slow, sink, slow.dispatch(reference)), Found)


async def test_a_file_put_aside_without_a_word_is_refused_and_never_proved(slow: Harness) -> None:
    sink, record = slow.connector.acknowledgement_sink, slow.acknowledgement(slow.place_order())
    await sent(slow, sink, record)
    [name] = outgoing(slow, ".ack")
    slow.path("outgoing", name).rename(slow.path("outgoing", f"{name}.failed"))
    slow.clock.move(11 * 60)
    assert isinstance(await standing(slow, sink, record), Refused)


@pytest.mark.parametrize("again", [False, True], ids=["the same process", "another process"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("part", [".*[.]ack", ".*[.]note", ".*[.]DONE"])
async def test_a_connection_lost_at_any_write_ends_in_one_acknowledgement(
    slow: Harness,
    part: str,
    after: bool,  # noqa: FBT001 - a parameter of the test
    again: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    reference = slow.place_order(2)
    record, sink = slow.acknowledgement(reference), slow.connector.acknowledgement_sink
    slow.files.breaks = [FileBreak("write", part, lost, after=after)]
    if part.endswith("DONE"):
        assert isinstance(await sent(slow, sink, record), Unknown)
    elif after:
        assert isinstance(await sent(slow, sink, record), Accepted), "it was looked up, and there whole"
    else:
        with pytest.raises(Unavailable):
            await sink.send([record])
        assert not outgoing(slow, ".DONE"), "nothing was sent"
    if again:
        sink = slow.connect().acknowledgement_sink
    slow.clock.move(11 * 60)
    finding = await standing(slow, sink, record)
    assert isinstance(finding, NotYet if after else Absent)
    if isinstance(finding, Absent):
        await sink.send([record])
    take(slow)
    slow.clock.move(11 * 60)
    assert isinstance(await standing(slow, sink, record), Found)
    assert [kind for _, kind in slow.edge.taken] == ["done"]


async def test_what_was_taken_before_the_answer_came_is_not_sent_again(slow: Harness) -> None:
    record, sink = slow.acknowledgement(slow.place_order(2)), slow.connector.acknowledgement_sink
    slow.files.breaks = [FileBreak("write", ".*[.]DONE", lost, after=True)]
    await sink.send([record])
    take(slow)
    slow.clock.move(11 * 60)
    other = slow.connect().acknowledgement_sink
    assert isinstance(await standing(slow, other, record), Found)
    assert isinstance(await sent(slow, other, record), Done)
    assert len(slow.edge.taken) == 1


# Stock files.


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


def with_ticket(record: Any, answer: Any) -> Any:
    return record.model_copy(update={"ticket": answer.ticket})


async def test_a_stock_file_is_proved_only_when_it_can_no_more_be_refused(slow: Harness) -> None:
    slow.list_product()
    record = slow.availability(7)
    record = with_ticket(record, await sent(slow, slow.connector.availability_sink, record))
    sink = slow.connect().availability_sink
    assert isinstance(await standing(slow, sink, record), NotYet)
    take(slow)
    slow.clock.move(119)
    assert isinstance(await standing(slow, sink, record), NotYet)
    slow.clock.move(1)
    assert isinstance(await standing(slow, sink, record), Found), "who asks again has the folders looked at again"


async def test_a_look_of_before_answers_for_no_file_that_was_sent_after_it() -> None:
    edge = Harness(takes_after=0)
    sink, other = edge.connector.availability_sink, edge.connect().availability_sink
    records = []
    for number, stock_number in enumerate(("12345678", "87654321")):
        edge.list_product(f"RED-{number}", stock_number)
        record = edge.availability(7, f"RED-{number}", stock_number)
        records.append(with_ticket(record, await sent(edge, other, record)))
        edge.edge.look()
        assert isinstance(await standing(edge, sink, records[-1]), NotYet)


async def test_what_a_newer_file_names_is_not_proved_by_an_older_one() -> None:
    edge = Harness(takes_after=0)
    edge.list_product()
    old = edge.availability(7)
    old = with_ticket(old, await sent(edge, edge.connector.availability_sink, old))
    edge.edge.look()
    edge.clock.move(1)
    await edge.connect().availability_sink.send([edge.availability(3)])
    edge.edge.look()
    edge.clock.move(600)
    assert isinstance(await standing(edge, edge.connect().availability_sink, old), Absent)


async def test_a_newer_file_that_never_went_out_proves_nothing(slow: Harness) -> None:
    slow.list_product()
    old = slow.availability(7)
    old = with_ticket(old, await sent(slow, slow.connector.availability_sink, old))
    take(slow)
    slow.clock.move(1)
    slow.files.breaks = [FileBreak("rename", ".*", lost)]
    await slow.connect().availability_sink.send([slow.availability(3)])
    slow.clock.move(600)
    assert isinstance(await standing(slow, slow.connect().availability_sink, old), Found)


async def test_a_file_of_long_ago_still_answers_for_its_ticket() -> None:
    edge = Harness(takes_after=0)
    edge.list_product()
    record = edge.availability(7)
    record = with_ticket(record, await sent(edge, edge.connector.availability_sink, record))
    edge.edge.look()
    edge.clock.move(30 * 3600)
    assert isinstance(await standing(edge, edge.connect().availability_sink, record), Found)


async def test_the_files_of_a_run_are_looked_at_once_and_each_of_their_notes_is_read_once() -> None:
    edge = Harness(takes_after=0)
    sink, records = edge.connector.availability_sink, []
    for number in range(4):
        edge.list_product(f"RED-{number}", f"1234567{number}")
        record = edge.availability(number, f"RED-{number}", f"1234567{number}")
        records.append(with_ticket(record, await sent(edge, sink, record)))
        edge.edge.look()
        edge.clock.move(1)
    edge.clock.move(600)
    edge.files.calls.clear()
    sink = edge.connect().availability_sink
    assert [type(await standing(edge, sink, record)) for record in records] == [Found] * 4
    assert sorted(Counter(call for call, _ in edge.files.calls).items()) == [("entries", 4), ("read", 4)]


@pytest.mark.parametrize("step", ["/live/inventory", "/live/own/sent", ".*[.]csv", "/live/inventory/errors"])
async def test_a_look_that_breaks_off_is_gone_on_with_where_it_broke(step: str) -> None:
    edge = Harness(takes_after=0)
    edge.list_product()
    record = edge.availability(7)
    record = with_ticket(record, await sent(edge, edge.connector.availability_sink, record))
    edge.edge.look()
    edge.clock.move(600)
    sink = edge.connect().availability_sink
    edge.files.calls.clear()
    edge.files.breaks = [FileBreak(call, step, down) for call in ("entries", "read")]
    with pytest.raises(Unavailable):
        await sink.find([record])
    assert isinstance(await standing(edge, sink, record), Found)
    assert len(edge.files.calls) == 5, "one of the four was done twice"


async def test_what_an_error_says_of_a_file_is_read_once_for_all_that_it_names() -> None:
    edge = Harness(takes_after=0)
    records = [edge.availability(7, f"GONE-{number}", f"9999999{number}") for number in range(5)]
    sink = edge.connector.availability_sink
    await sink.send(records)
    edge.edge.look()
    edge.files.calls.clear()
    assert {type(one) for one in (await sink.find(records)).values()} == {Refused}
    assert len([path for call, path in edge.files.calls if call == "read" and "/errors/" in path]) == 1


@pytest.mark.parametrize("folder", ["being-written", "sent"])
async def test_a_file_of_ours_whose_answer_was_lost_is_looked_up(slow: Harness, folder: str) -> None:
    slow.list_product()
    slow.files.breaks = [FileBreak("write", f".*/{folder}/.*", lost, after=True)]
    assert isinstance(await sent(slow, slow.connector.availability_sink, slow.availability(7)), Accepted)
    take(slow)
    assert slow.published("RED-M") == 7


@pytest.mark.parametrize("folder", ["being-written", "sent"])
async def test_a_file_of_ours_that_broke_off_half_written_is_not_gone_on_with(slow: Harness, folder: str) -> None:
    def cut(call: str, path: str) -> None:
        if call == "write" and f"/{folder}/" in path:
            slow.files.after = lambda _call, _path: None
            slow.path(f"own/{folder}", path.rpartition("/")[2]).write_bytes(b"part_num")
            raise lost(path)

    slow.list_product()
    slow.files.after = cut
    with pytest.raises(Unavailable):
        await slow.connector.availability_sink.send([slow.availability(7)])
    assert not slow.names("inventory")


async def test_a_file_that_another_process_sent_just_now_stands_before_a_newer_number(slow: Harness) -> None:
    slow.list_product()
    slow.list_product("BLUE-M", "87654321")
    sink = slow.connector.availability_sink
    await sent(slow, sink, slow.availability(3, "BLUE-M", "87654321"))
    slow.clock.move(1)
    await slow.connect().availability_sink.send([slow.availability(7)])
    assert isinstance(await sent(slow, sink, slow.availability(0)), Later)


async def test_a_listing_without_a_stock_number_is_refused(slow: Harness) -> None:
    answer = await sent(slow, slow.connector.availability_sink, slow.availability(7, stock_number=""))
    assert isinstance(answer, Refused)
    assert answer.hold_type == "listing_without_item"


async def test_two_files_of_one_moment_have_two_names_and_old_notes_go() -> None:
    edge = Harness(takes_after=0)
    edge.list_product()
    for quantity in (3, 4):
        await sent(edge, edge.connector.availability_sink, edge.availability(quantity))
        edge.edge.look()
    assert len(edge.names("own/sent")) == 2
    edge.clock.move(3 * 86_400)
    await sent(edge, edge.connector.availability_sink, edge.availability(5))
    assert len(edge.names("own/sent")) == 1


async def test_the_retailers_columns_and_marker_are_options() -> None:
    form = {
        "columns": ["part_number", "tradedCode", "supplier_free_stock", "current_lead_time_to_delivery_in_days"],
        "stock_column": "supplier_free_stock",
        "lead_time_days": 3,
        "marker": True,
    }
    edge = Harness(takes_after=10**9, inventory=form)
    await sent(edge, edge.connector.availability_sink, edge.availability(7))
    [name] = [one for one in edge.names("inventory") if not one.endswith(".DONE")]
    assert edge.path("inventory", name).read_text().splitlines()[1] == "12345678,RED-M,7,3"
    assert f"{name}.DONE" in edge.names("inventory")
    with pytest.raises(ValidationError, match="part_number must be among"):
        InventoryForm(columns=("free_stock",))


async def test_when_the_folders_are_out_of_reach_nothing_is_an_absence(slow: Harness) -> None:
    records = [slow.acknowledgement(slow.place_order()) for _ in range(2)]
    slow.files.breaks = [FileBreak("entries", ".*", down, times=99)]
    with pytest.raises(Unavailable):
        await slow.connector.acknowledgement_sink.find(records)
    with pytest.raises(Unavailable):
        await slow.connector.availability_sink.find([slow.availability(1)])
