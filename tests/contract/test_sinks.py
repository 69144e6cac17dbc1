"""What is asked of every sink: one key is one thing, and what it says of a record is the truth."""

from typing import Any

import pytest

from domain.answers import Absent, Accepted, Contradicted, Done, Found, Later, NotNow, Unknown
from domain.holds import HOLD_TYPES
from tests.contract.joint import Joint, outcome, settled
from tests.contract.wire import Break, replies

SinkName = tuple[str, type]


async def test_what_was_sent_is_done_and_found(any_sink: SinkName) -> None:
    joint = Joint.of(any_sink[0])
    sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
    record = await case.record()
    assert case.count(record) == 0
    answer = await outcome(sink, record)
    assert isinstance(answer, Done | Accepted)
    assert case.count(record) == 1
    found = await settled(joint, sink, record)
    assert isinstance(found, Found)
    assert found.evidence
    if isinstance(answer, Done) and answer.external_id and found.external_id:
        assert found.external_id == answer.external_id


async def test_the_same_key_sent_twice_ends_in_one_thing(any_sink: SinkName) -> None:
    joint = Joint.of(any_sink[0])
    sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
    record = await case.record()
    await sink.send([record])
    again = await outcome(sink, record)
    assert isinstance(again, Done | Accepted | Unknown)
    assert case.count(record) == 1
    assert isinstance(await settled(joint, sink, record), Found)


async def test_another_process_finds_what_the_first_one_sent(any_sink: SinkName) -> None:
    joint = Joint.of(any_sink[0])
    case = joint.sink_case(any_sink[1])
    record = await case.record()
    await joint.sink(any_sink[1]).send([record])
    joint.connector = joint.again()
    assert isinstance(await settled(joint, joint.sink(any_sink[1]), record), Found)
    assert case.count(record) == 1


async def test_what_was_never_sent_is_absent(any_sink: SinkName) -> None:
    joint = Joint.of(any_sink[0])
    sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
    record = await case.record()
    found = await sink.find([record])
    assert set(found) == {record.key}
    assert isinstance(found[record.key], Absent)


@pytest.mark.parametrize("number", [2, 7])
async def test_many_are_found_at_once_each_for_itself(any_sink: SinkName, number: int) -> None:
    joint = Joint.of(any_sink[0])
    sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
    records = [await case.record() for _ in range(number)]
    for record in records[::2]:
        await sink.send([record])
    joint.harness.clock.move(sink.visible_after.total_seconds() + 60)  # what is taken for later is worked off by then
    found = await sink.find(records)
    assert set(found) == {record.key for record in records}
    for place, record in enumerate(records):
        assert isinstance(found[record.key], Absent if place % 2 else Found), record.key


async def test_something_else_under_the_key_is_a_contradiction(any_sink: SinkName) -> None:
    joint = Joint.of(any_sink[0])
    sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
    record = await case.record()
    case.contradict(record)
    finding = (await sink.find([record]))[record.key]
    assert isinstance(finding, Contradicted)
    assert finding.hold_type in HOLD_TYPES


async def test_a_batch_is_answered_for_every_key(any_sink: SinkName) -> None:
    joint = Joint.of(any_sink[0])
    sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
    records = [await case.record() for _ in range(3)]
    answers = await sink.send(records)
    assert set(answers) == {record.key for record in records}
    assert all(isinstance(answer, Done | Accepted) for answer in answers.values())
    assert [case.count(record) for record in records] == [1, 1, 1]


@pytest.mark.over_http
@pytest.mark.parametrize(("status", "body"), [(200, None), (202, None), (204, None), (201, b" \n")])
async def test_a_bare_2xx_is_not_done(any_sink: SinkName, status: int, body: Any) -> None:
    for route in Joint.of(any_sink[0]).sink_case(any_sink[1]).writes:
        joint = Joint.of(any_sink[0])
        sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
        record = await case.record()
        joint.wire.breaks.append(Break(route, replies(status, body)))
        assert isinstance(await outcome(sink, record), Accepted | Unknown), route.path
        assert isinstance(await settled(joint, sink, record), Found)
        assert case.count(record) == 1


@pytest.mark.over_http
async def test_an_error_under_200_is_not_done(any_sink: SinkName) -> None:
    case = Joint.of(any_sink[0]).sink_case(any_sink[1])
    assert case.errors_in_200
    for route in case.writes:
        for error in case.errors_in_200:
            joint = Joint.of(any_sink[0])
            sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
            record = await case.record()
            joint.wire.breaks.append(Break(route, replies(200, error)))
            answer = await outcome(sink, record)
            assert not isinstance(answer, Done | Exception), error


@pytest.mark.over_http
async def test_a_budget_that_is_spent_before_the_first_is_raised(any_sink: SinkName) -> None:
    joint = Joint.of(any_sink[0])
    sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
    records = [await case.record() for _ in range(3)]
    joint.budgets.left = 0
    for ask in (sink.send, sink.find):
        with pytest.raises(NotNow) as wait:
            await ask(records)
        assert wait.value.at == joint.budgets.again_at
    assert not joint.wire.requests
    assert [case.count(record) for record in records] == [0, 0, 0]


@pytest.mark.over_http
async def test_a_budget_that_ends_on_the_way_puts_the_rest_off(any_sink: SinkName) -> None:
    permits_of_one = await _calls_of_one(any_sink)
    joint = Joint.of(any_sink[0])
    sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
    records = [await case.record() for _ in range(3)]
    joint.budgets.left = permits_of_one
    answers = await sink.send(records)
    together = min(sink.batch, len(records))  # what one call takes
    assert all(isinstance(answers[record.key], Done | Accepted) for record in records[:together])
    assert all(type(answers[record.key]) is Later for record in records[together:])
    assert [case.count(record) for record in records] == [1] * together + [0] * (len(records) - together)
    assert all(answer.at == joint.budgets.again_at for answer in answers.values() if isinstance(answer, Later))


@pytest.mark.over_http
async def test_wherever_the_budget_ends_nothing_done_is_put_off(any_sink: SinkName) -> None:
    for left in range(1, 12):
        joint = Joint.of(any_sink[0])
        sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
        records = [await case.record() for _ in range(2)]
        joint.budgets.left = left
        try:
            answers = await sink.send(records)
        except NotNow:
            assert [case.count(record) for record in records] == [0, 0]
            continue
        assert set(answers) == {record.key for record in records}
        for record in records:
            if isinstance(answers[record.key], Later):
                assert case.count(record) == 0
            if isinstance(answers[record.key], Done):
                assert case.count(record) == 1
        joint.budgets.left = None
        for record in records:
            if isinstance(answers[record.key], Later):
                await sink.send([record])
            assert isinstance(await settled(joint, sink, record), Found)
            assert case.count(record) == 1


async def test_a_look_up_never_changes_anything(any_sink: SinkName) -> None:
    joint = Joint.of(any_sink[0])
    sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
    records = [await case.record() for _ in range(4)]
    await sink.send([records[0]])
    joint.wire.requests.clear()
    await sink.find(records)
    reads = [request for request in joint.wire.requests if not any(route.fits(request) for route in case.writes)]
    assert reads == joint.wire.requests


async def _calls_of_one(any_sink: SinkName) -> int:
    """Return how many permits the sending of one record takes in a fresh process."""
    joint = Joint.of(any_sink[0])
    case = joint.sink_case(any_sink[1])
    records = [await case.record() for _ in range(3)]
    await joint.sink(any_sink[1]).send(records[:1])
    return len(joint.budgets.taken)
