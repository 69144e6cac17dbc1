"""What a look at the stock folders answers for, of this file and of newer ones."""

from collections import Counter

import pytest

from domain.answers import Absent, Accepted, Found, Later, NotYet, Refused, Unavailable
from tests.connectors.virtualstock_files.harness import Harness
from tests.connectors.virtualstock_files.sending import sent, seven_sent, standing, take, with_ticket
from tests.directory import FileBreak, down, lost


async def test_a_stock_file_is_proved_only_when_it_can_no_more_be_refused(slow: Harness) -> None:
    record = await seven_sent(slow)
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
    old = await seven_sent(edge)
    edge.edge.look()
    edge.clock.move(1)
    await edge.connect().availability_sink.send([edge.availability(3)])
    edge.edge.look()
    edge.clock.move(600)
    assert isinstance(await standing(edge, edge.connect().availability_sink, old), Absent)


async def test_a_newer_file_that_never_went_out_proves_nothing(slow: Harness) -> None:
    old = await seven_sent(slow)
    take(slow)
    slow.clock.move(1)
    slow.files.breaks = [FileBreak("rename", ".*", lost)]
    await slow.connect().availability_sink.send([slow.availability(3)])
    slow.clock.move(600)
    assert isinstance(await standing(slow, slow.connect().availability_sink, old), Found)


async def test_a_file_of_long_ago_still_answers_for_its_ticket() -> None:
    edge = Harness(takes_after=0)
    record = await seven_sent(edge)
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
    record = await seven_sent(edge)
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
