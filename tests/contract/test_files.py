"""What is asked of a system whose account is folders, in place of the questions about HTTP."""

import logging
from collections.abc import Callable

import pytest

from domain.answers import Accepted, Done, Found, Later, Unavailable, Unknown
from tests.contract.joint import Joint, keys, outcome, settled, told, walk
from tests.directory import Directory, FileBreak, down, lost

SinkName = tuple[str, type]
FeedName = tuple[str, type]
pytestmark = pytest.mark.over_files
CHANGES = ("write", "rename", "make_folder", "remove")


def _files(joint: Joint) -> Directory:
    files = getattr(joint.harness, "files", None)
    assert isinstance(files, Directory)
    return files


async def _changes_of_one(any_sink: SinkName) -> int:
    """Return how many changes the sending of one record makes in a fresh process."""
    joint = Joint.of(any_sink[0])
    record = await joint.sink_case(any_sink[1]).record()
    before = len(_files(joint).changes)
    await joint.sink(any_sink[1]).send([record])
    return len(_files(joint).changes) - before


def _strike(files: Directory, at: int) -> Callable[[str, str], None]:
    """Lose the connection, once, at a change: when `at` changes were made or begun; the vendor goes his rounds as ever."""
    vendor = files.before

    def strike(call: str, path: str) -> None:
        vendor(call, path)
        if call in CHANGES and len(files.changes) == at:
            files.before = files.after = vendor
            raise lost(f"{call} {path}")

    return strike


@pytest.mark.parametrize("process", ["this", "another"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_connection_lost_at_any_change_ends_in_one_thing(
    any_sink: SinkName,
    after: bool,  # noqa: FBT001 - a parameter of the test
    process: str,
) -> None:
    for number in range(await _changes_of_one(any_sink)):
        joint = Joint.of(any_sink[0])
        sink, case, files = joint.sink(any_sink[1]), joint.sink_case(any_sink[1]), _files(joint)
        record = await case.record()
        made, vendor = len(files.changes), files.before

        strike = _strike(files, made + number + int(after))
        files.before, files.after = (vendor, strike) if after else (strike, vendor)
        said = await outcome(sink, record)
        assert isinstance(said, Unavailable | Unknown | Accepted | Done)
        if isinstance(said, Unavailable):
            assert case.count(record) == 0, "nothing was done"
        files.before = files.after = vendor
        if process == "another":
            joint.connector = joint.again()
        assert isinstance(await settled(joint, joint.sink(any_sink[1]), record), Found)
        assert case.count(record) == 1


async def test_folders_out_of_reach_are_said_and_nothing_is_done(any_sink: SinkName) -> None:
    joint = Joint.of(any_sink[0])
    sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
    record = await case.record()
    for call in ("entries", "read", "find", *CHANGES):
        _files(joint).breaks.append(FileBreak(call, ".*", down, times=99))
    for ask in (sink.send, sink.find):
        with pytest.raises(Unavailable):
            await ask([record])
    assert case.count(record) == 0
    _files(joint).breaks.clear()
    await sink.send([record])
    assert isinstance(await settled(joint, sink, record), Found)
    assert case.count(record) == 1


async def test_folders_that_give_out_in_a_batch_lose_no_answer(any_sink: SinkName) -> None:
    joint = Joint.of(any_sink[0])
    sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
    records = [await case.record() for _ in range(2)]
    first = await sink.send(records[:1])
    _files(joint).breaks += [FileBreak("write", ".*", down, times=99)]
    with pytest.raises(Unavailable):
        await sink.send(records[1:])
    assert isinstance(first[records[0].key], Accepted | Done)
    assert [case.count(record) for record in records] == [1, 0]
    _files(joint).breaks.clear()
    answers = await sink.send(records[1:])
    assert not isinstance(answers[records[1].key], Later)


async def test_a_look_up_and_a_check_change_no_folder(any_sink: SinkName) -> None:
    joint = Joint.of(any_sink[0])
    sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
    records = [await case.record() for _ in range(3)]
    await sink.send(records[:1])
    before = len(_files(joint).changes)
    await sink.find(records)
    await joint.connector.check()
    assert len(_files(joint).changes) == before


async def test_a_read_that_fails_anywhere_says_so_and_loses_nothing(any_feed: FeedName) -> None:
    joint = Joint.of(any_feed[0])
    case, files = joint.feed_case(any_feed[1]), _files(joint)
    shown = await case.show(4)
    calls = len(files.calls)
    assert set(keys(await walk(joint.feed(any_feed[1]), case))) == set(shown)
    for number in range(len(files.calls) - calls):
        joint.connector, made = joint.again(), len(files.calls)

        def strike(call: str, path: str, *, made: int = made, number: int = number) -> None:
            if len(files.calls) - made == number:
                raise down(f"{call} {path}")

        vendor, files.before = files.before, strike
        with pytest.raises(Unavailable):
            await walk(joint.feed(any_feed[1]), case)
        files.before = vendor
        assert set(keys(await walk(joint.feed(any_feed[1]), case))) == set(shown)


async def test_answers_and_representations_show_no_person_and_no_secret(
    any_sink: SinkName, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    joint = Joint.of(any_sink[0])
    sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
    record = await case.record()
    assert joint.secrets
    said: list[object] = [await outcome(sink, record), await sink.find([record]), await joint.connector.check()]
    said += [record, sink, joint.connector, vars(joint.connector), joint.harness.settings, joint.harness.options]
    text = told(said, caplog.records)
    assert not [word for word in (*joint.harness.personal, *joint.secrets) if word in text]
