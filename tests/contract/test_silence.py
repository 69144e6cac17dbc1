"""No secret and no personal word in an exception, a log line, a representation or an answer; no host but one."""

import json
from typing import Any

import httpx
import pytest

from tests.contract.joint import Joint, keys, outcome, settled, told, walk
from tests.contract.wire import Answer, Break, Route, fails, led_astray, replies

pytestmark = pytest.mark.over_http
SinkName = tuple[str, type]
FeedName = tuple[str, type]
ANYWHERE = {method: Route(method, ".*") for method in ("GET", "POST", "PATCH", "PUT", "DELETE")}


def _babble(words: list[str]) -> dict[str, Answer]:
    """Return answers in which a vendor repeats what it should not, in every shape that error bodies have."""
    text = " ".join(words)
    shapes: list[Any] = [
        {"message": text},
        {"message": "%1", "parameters": [text]},
        {"detail": text, "code": text},
        [{"ErrorCode": 400, "Exception": text}],
        [{"ErrorCode": 500, "Exception": text}],
        {"Message": text},
        {"Errors": [text]},
        {"items": [{"carrier": [text]}]},
        {text: [text]},
        [text],
        text,
        f"<html><body>{text}</body></html>",
    ]
    return {
        f"{status} {json.dumps(shape)[:20]}": replies(status, shape)
        for status in (200, 302, 400, 401, 403, 404, 409, 422, 500, 503)
        for shape in shapes
    }


def _words(joint: Joint, record: Any) -> list[str]:
    """Return what must not be repeated: the secrets, and the person's words (those that are not the record's keys)."""
    own = {str(record.key), str(getattr(record, "reference", ""))}
    return [word for word in (*joint.harness.personal, *sorted(joint.secrets)) if word not in own]


async def test_a_babbling_vendor_is_not_quoted(any_sink: SinkName, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    joint = Joint.of(any_sink[0])
    sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
    await joint.connector.check()  # so that there is a token to babble, where there are tokens
    assert joint.secrets, "there is no secret to look for"
    for name, answer in _babble([*joint.harness.personal, *sorted(joint.secrets)]).items():
        joint.harness.clock.move(60)
        record = await case.record()
        caplog.clear()
        joint.wire.breaks[:] = [Break(route, answer) for route in case.writes]
        said: list[object] = [await outcome(sink, record), joint.connector, sink]
        joint.wire.breaks[:] = [Break(route, answer, times=2) for route in ANYWHERE.values()]
        try:
            said.append(await sink.find([record]))
        except Exception as trouble:  # noqa: BLE001 - whatever is raised is what the test looks at
            said.append(trouble)
        text = told(said, caplog.records)
        assert not [word for word in _words(joint, record) if word in text], name


async def test_a_babbling_vendor_is_not_quoted_by_a_read(any_feed: FeedName, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    joint = Joint.of(any_feed[0])
    case = joint.feed_case(any_feed[1])
    await case.show(1)
    words = [*joint.harness.personal, *sorted(joint.secrets)]
    for name, answer in _babble(words).items():
        joint.harness.clock.move(60)
        joint.wire.breaks[:] = [Break(route, answer, times=3) for route in ANYWHERE.values()]
        said: list[object] = []
        for ask in (joint.connector.check, lambda: joint.feed(any_feed[1]).read(None, case.about())):
            try:
                said.append(await ask())
            except Exception as trouble:  # noqa: BLE001 - whatever is raised is what the test looks at
                said.append(trouble)
        text = told(said, caplog.records)
        caplog.clear()
        assert not [word for word in (*words, *joint.secrets) if word in text], name
    assert joint.archive.kept, "the originals are kept as evidence"


async def test_answers_and_representations_show_no_person_and_no_secret(
    any_sink: SinkName, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    joint = Joint.of(any_sink[0])
    sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
    record = await case.record()
    said: list[object] = [await outcome(sink, record), await sink.find([record]), await joint.connector.check()]
    said += [record, sink, joint.connector, vars(joint.connector), joint.harness.settings, joint.harness.options]
    text = told(said, caplog.records)
    assert caplog.records, "nothing was logged, so nothing was looked at"
    assert not [word for word in (*_words(joint, record), *joint.secrets) if word in text]


async def test_broken_connections_show_no_person_and_no_secret(
    any_sink: SinkName, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    for answer in (fails(httpx.ConnectError), fails(httpx.ReadTimeout), fails(httpx.RemoteProtocolError)):
        joint = Joint.of(any_sink[0])
        sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
        record = await case.record()
        joint.wire.breaks += [Break(route, answer) for route in case.writes]
        text = told([await outcome(sink, record)], caplog.records)
        assert not [word for word in (*_words(joint, record), *joint.secrets) if word in text]


async def test_nothing_calls_another_host(any_sink: SinkName) -> None:
    joint = Joint.of(any_sink[0])
    sink, case = joint.sink(any_sink[1]), joint.sink_case(any_sink[1])
    records = [await case.record() for _ in range(4)]
    await joint.connector.check()
    own = set(joint.wire.hosts)
    assert len(own) == 1

    joint.wire.tamper = led_astray
    for record in records:
        await sink.send([record])
        await settled(joint, sink, record)
    await sink.find(records)
    for method, route in ANYWHERE.items():
        joint.wire.breaks[:] = [Break(route, replies(302, None, location=f"https://thief.example/{method}"), times=9)]
        await outcome(sink, await case.record())
    assert joint.wire.hosts == own


async def test_a_feed_reads_on_after_a_babbling_vendor(any_feed: FeedName) -> None:
    joint = Joint.of(any_feed[0])
    case = joint.feed_case(any_feed[1])
    shown = await case.show(2)
    joint.wire.breaks[:] = [Break(route, replies(500, "broken")) for route in ANYWHERE.values()]
    with pytest.raises(Exception, match=r"500|readable|503"):
        await walk(joint.feed(any_feed[1]), case)
    joint.wire.breaks.clear()
    assert set(keys(await walk(joint.feed(any_feed[1]), case))) == set(shown)
