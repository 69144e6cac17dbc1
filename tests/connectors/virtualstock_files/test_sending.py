"""Files that we send: how they read, what became of them, and what is never taken for success."""

import pytest
from pydantic import ValidationError

from connectors.virtualstock.files.inventory import InventoryForm
from connectors.virtualstock.files.layout import read_flat
from domain.answers import Absent, Accepted, Contradicted, Done, Found, NotYet, Refused, Unavailable, Unknown
from tests.connectors.virtualstock_files.harness import Harness
from tests.connectors.virtualstock_files.sending import outgoing, sent, standing, take
from tests.directory import FileBreak, down, lost


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
