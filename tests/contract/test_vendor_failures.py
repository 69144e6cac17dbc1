"""What every sink says when the vendor fails: the truth, and never more than it can know.

After every failure the test does what the core does (look, and send again only what is not there);
it must end with exactly one thing at the vendor.
"""

from typing import Any

import httpx
import pytest

from domain.answers import Accepted, Done, Fatal, Found, Later, NotNow, Refused, Unavailable, Unknown
from domain.holds import HOLD_TYPES
from tests.contract.joint import Joint, outcome, settled
from tests.contract.wire import Answer, Break, Route, fails, replies

pytestmark = pytest.mark.over_http
SinkName = tuple[str, type]
PAGE = "<html><head><title>Sorry</title></head><body><h1>We will be back</h1></body></html>"

NOT_SENT: dict[str, Answer] = {
    "refused": fails(httpx.ConnectError),
    "connect time-out": fails(httpx.ConnectTimeout),
    "pool time-out": fails(httpx.PoolTimeout),
}
NOT_READABLE: dict[str, Answer] = {
    "500": replies(500, {"message": "broken"}),
    "500 page": replies(500, PAGE),
    "502 page": replies(502, PAGE),
    "503 page": replies(503, PAGE),
    "504": replies(504),
    "200 page": replies(200, PAGE),
    "cut": replies(200, b'{"'),
    "cut while compressed": replies(200, b"\x1f\x8b\x08\x00", content_encoding="gzip"),
    "hang": fails(httpx.ReadTimeout),
    "reset": fails(httpx.ReadError),
    "reset while sending": fails(httpx.WriteError),
    "hang while sending": fails(httpx.WriteTimeout),
    "closed without an answer": fails(httpx.RemoteProtocolError),
    "redirect": replies(307, None, location="https://thief.example/"),
}
STATUS = {"503 page": 503, "500 page": 500, "500": 500, "502 page": 502, "504": 504}


async def _told(any_sink: SinkName, answer: Answer, *, after: bool = False, step: int = 0, times: int = 1) -> Any:
    """Break one write of a fresh joint, send, and return the joint, the record and what came of it."""
    joint = Joint.of(any_sink[0])
    sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
    record = await case.record()
    joint.wire.breaks.append(Break(case.writes[step], answer, after=after, times=times))
    told = await outcome(sink, record)
    assert joint.wire.breaks[0].times < times, "the write was never called"
    return joint, record, told


async def _ends_in_one(any_sink: SinkName, joint: Joint, record: Any) -> None:
    """Recover, in this process or as another one would, and count."""
    joint.wire.breaks.clear()
    assert isinstance(await settled(joint, joint.sink(any_sink[1]), record), Found)
    await joint.sink(any_sink[1]).send([record])
    assert joint.sink_case(any_sink[1]).count(record) == 1


@pytest.mark.parametrize("trouble", NOT_SENT)
async def test_what_never_left_is_raised_as_unavailable(any_sink: SinkName, trouble: str) -> None:
    joint, record, told = await _told(any_sink, NOT_SENT[trouble])
    assert isinstance(told, Unavailable)
    assert joint.sink_case(any_sink[1]).count(record) == 0
    await _ends_in_one(any_sink, joint, record)


@pytest.mark.parametrize("trouble", NOT_READABLE)
async def test_an_unreadable_answer_is_unknown(any_sink: SinkName, trouble: str) -> None:
    joint, record, told = await _told(any_sink, NOT_READABLE[trouble])
    if STATUS.get(trouble) in joint.harness.throttled:
        assert isinstance(told, NotNow)  # the vendor's word for "too many calls"
    else:
        assert isinstance(told, Unknown)
    assert joint.sink_case(any_sink[1]).count(record) == 0
    await _ends_in_one(any_sink, joint, record)


@pytest.mark.parametrize("process", ["this", "another"])
@pytest.mark.parametrize("trouble", NOT_READABLE)
async def test_a_lost_answer_is_found_and_never_sent_twice(any_sink: SinkName, trouble: str, process: str) -> None:
    joint, record, told = await _told(any_sink, NOT_READABLE[trouble], after=True)
    case = joint.sink_case(any_sink[1])
    if STATUS.get(trouble) in joint.harness.throttled:  # the vendor's word: nothing was done, so it cannot come after
        assert isinstance(told, NotNow)
        return
    assert isinstance(told, Unknown | Accepted | Done)
    assert not isinstance(told, Done) or case.count(record) == 1
    if process == "another":
        joint.connector = joint.again()
    await _ends_in_one(any_sink, joint, record)


async def test_an_error_under_200_after_the_work_was_done_is_found(any_sink: SinkName) -> None:
    for error in Joint.of(any_sink[0]).sink_case(any_sink[1]).errors_in_200[:1]:
        joint, record, told = await _told(any_sink, replies(200, error), after=True)
        assert isinstance(told, Unknown | Accepted)
        await _ends_in_one(any_sink, joint, record)


LATER_TROUBLE = [
    *((name, answer, False) for name, answer in (NOT_SENT | NOT_READABLE).items()),
    *((str(status), replies(status, PAGE), False) for status in (400, 401, 403, 429)),
    *((name, answer, True) for name, answer in NOT_READABLE.items() if name != "503 page"),  # it may mean: nothing done
]


@pytest.mark.parametrize(
    ("answer", "after"),
    [
        pytest.param(answer, after, id=f"{name} {'after' if after else 'before'}")
        for name, answer, after in LATER_TROUBLE
    ],
)
async def test_trouble_in_a_later_call_never_hides_what_was_begun(
    long_sink: SinkName, answer: Answer, *, after: bool
) -> None:
    """A record that takes several calls: once the first one has worked, nothing but the truth about the whole."""
    for step in range(1, len(Joint.of(long_sink[0]).sink_case(long_sink[1]).writes)):
        joint, record, told = await _told(long_sink, answer, step=step, after=after)
        case = joint.sink_case(long_sink[1])
        if isinstance(told, Exception | Later | Refused):
            assert case.count(record) == 0
        if isinstance(told, Done):
            assert case.count(record) == 1
        await _ends_in_one(long_sink, joint, record)


async def test_too_many_calls_closes_the_budget_until_the_vendors_time(any_sink: SinkName) -> None:
    for status in sorted(Joint.of(any_sink[0]).harness.throttled):
        joint, record, told = await _told(any_sink, replies(status, None, retry_after="40"))
        assert isinstance(told, NotNow)
        assert (told.at - joint.harness.clock.now()).total_seconds() == 40
        assert joint.budgets.closed == [("harbour", told.at)]
        assert joint.sink_case(any_sink[1]).count(record) == 0
        await _ends_in_one(any_sink, joint, record)


async def test_a_401_once_is_mended_by_a_new_sign_in_where_there_is_one(any_sink: SinkName) -> None:
    joint, record, told = await _told(any_sink, replies(401, {"detail": "expired"}))
    if joint.harness.renews_sign_in:
        assert isinstance(told, Done | Accepted)
        assert joint.sink_case(any_sink[1]).count(record) == 1
    else:
        assert isinstance(told, Fatal)
        assert joint.sink_case(any_sink[1]).count(record) == 0
    await _ends_in_one(any_sink, joint, record)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_denial_for_ever_is_fatal_and_says_what_to_do(any_sink: SinkName, status: int) -> None:
    joint, record, told = await _told(any_sink, replies(status, {"detail": "no"}), times=1_000)
    assert isinstance(told, Fatal)
    assert told.account == "harbour"
    assert len(told.advice) > 20
    assert joint.wire.calls(joint.sink_case(any_sink[1]).writes[0]) <= 2
    assert joint.sink_case(any_sink[1]).count(record) == 0
    await _ends_in_one(any_sink, joint, record)


@pytest.mark.parametrize(
    "body", [PAGE, {"nobody": "documented this"}, [], "no", 7], ids=["page", "object", "list", "text", "number"]
)
async def test_a_refusal_in_any_words_refuses_one_record_and_no_other(any_sink: SinkName, body: Any) -> None:
    joint = Joint.of(any_sink[0])
    sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
    records = [await case.record() for _ in range(2)]
    joint.wire.breaks.append(Break(case.writes[0], replies(422, body)))
    calls = [records] if sink.batch == 1 else [[record] for record in records]  # a call of many is refused as one
    answers = {key: answer for call in calls for key, answer in (await sink.send(call)).items()}
    refused = answers[records[0].key]
    assert isinstance(refused, Refused)
    assert refused.hold_type in HOLD_TYPES
    assert refused.reason
    assert isinstance(answers[records[1].key], Done | Accepted)
    assert [case.count(record) for record in records] == [0, 1]


@pytest.mark.parametrize("body", [PAGE, {"nobody": "documented this"}], ids=["page", "object"])
async def test_a_refused_call_of_many_refuses_all_that_were_in_it(bulk_sink: SinkName, body: Any) -> None:
    joint = Joint.of(bulk_sink[0])
    sink, case = joint.sink(bulk_sink[1]), joint.sink_case(bulk_sink[1])
    records = [await case.record() for _ in range(3)]
    joint.wire.breaks.append(Break(case.writes[0], replies(422, body)))
    answers = await sink.send(records)
    assert [type(answers[record.key]) for record in records] == [Refused] * 3
    assert [case.count(record) for record in records] == [0, 0, 0]


async def test_a_lost_answer_to_a_call_of_many_is_unknown_for_all_and_found_for_all(bulk_sink: SinkName) -> None:
    joint = Joint.of(bulk_sink[0])
    sink, case = joint.sink(bulk_sink[1]), joint.sink_case(bulk_sink[1])
    records = [await case.record() for _ in range(3)]
    joint.wire.breaks.append(Break(case.writes[0], fails(httpx.ReadTimeout), after=True))
    answers = await sink.send(records)
    assert [type(answers[record.key]) for record in records] == [Unknown] * 3
    for record in records:
        assert isinstance(await settled(joint, sink, record), Found)
    assert [case.count(record) for record in records] == [1, 1, 1]


@pytest.mark.parametrize("trouble", ["refused", "403"])
async def test_when_the_system_gives_out_in_a_batch_no_answer_is_lost(single_sink: SinkName, trouble: str) -> None:
    answer = {"refused": NOT_SENT["refused"], "403": replies(403)}[trouble]
    joint = Joint.of(single_sink[0])
    sink, case = joint.sink(single_sink[1]), joint.sink_case(single_sink[1])
    records = [await case.record() for _ in range(3)]
    joint.wire.breaks.append(Break(case.writes[0], answer, times=1_000, spared=1))
    answers = await sink.send(records)
    assert isinstance(answers[records[0].key], Done | Accepted)
    assert [type(answers[record.key]) for record in records[1:]] == [Later, Later]
    assert [case.count(record) for record in records] == [1, 0, 0]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (fails(httpx.ConnectError), Unavailable),
        (fails(httpx.ReadTimeout), Unavailable),
        (replies(500, PAGE), Unavailable),
        (replies(200, PAGE), Unavailable),
        (replies(200), Unavailable),
        (replies(429), NotNow),
        (replies(403), Fatal),
    ],
    ids=["refused", "hang", "500", "page", "empty", "429", "403"],
)
async def test_a_look_up_that_fails_is_never_an_absence(
    any_sink: SinkName, answer: Answer, expected: type[Exception]
) -> None:
    joint = Joint.of(any_sink[0])
    sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
    records = [await case.record() for _ in range(4)]
    for record in records:
        await sink.send([record])
    joint.wire.breaks += [Break(Route(method, ".*"), answer, times=1_000) for method in ("GET", "POST", "PUT")]
    with pytest.raises(expected):
        await sink.find(records)
