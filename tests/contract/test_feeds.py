"""What is asked of every feed, whatever its shape."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from domain.answers import Fatal, NotNow, Unavailable
from domain.faults import SOFTWARE_FAULT
from domain.holds import HOLD_TYPES
from domain.payloads import join, packed, split, unpacked
from domain.records import Received, Reject
from tests.contract.harness import FeedCase
from tests.contract.joint import Joint, keys, plain, read_whole, told, walk
from tests.contract.junk import JUNK, MARKER, paths, replaced
from tests.contract.wire import Break, fails, led_astray, replies

FeedName = tuple[str, type]
UNHEARD_OF = "MELTED-AWAY"
LARGEST_NUMBER = 2**31 - 1
"""Quantities of the ledger are integers of the database."""


async def test_what_was_read_can_be_parsed_again(any_feed: FeedName) -> None:
    joint = Joint.of(any_feed[0])
    feed, case = joint.feed(any_feed[1]), joint.feed_case(any_feed[1])
    shown = await case.show(3)
    received = await read_whole(joint, any_feed[1])
    assert sorted(one.record.key for one in received) == sorted(shown)
    for one in received:
        for raw in (copy.deepcopy(one.raw), unpacked(packed(one.raw))):
            again = feed.parse(raw)
            assert isinstance(again, Received)
            assert again.record == one.record


class _Drifted(dict[str, Any]):
    """An original on which any code breaks in a way that nobody foresaw."""

    def __getitem__(self, name: str) -> Any:
        raise OSError(MARKER)

    def __contains__(self, name: object) -> bool:
        raise OSError(MARKER)

    get = items = keys = values = __iter__ = __getitem__  # type: ignore[assignment]  # the same for each


async def test_an_original_on_which_our_own_code_breaks_is_a_reject(any_feed: FeedName) -> None:
    reject = Joint.of(any_feed[0]).feed(any_feed[1]).parse(_Drifted(reference="1"))
    assert isinstance(reject, Reject)
    assert reject.hold_type == SOFTWARE_FAULT
    assert MARKER not in reject.reason


async def test_reading_changes_no_original(any_feed: FeedName) -> None:
    joint = Joint.of(any_feed[0])
    feed, case = joint.feed(any_feed[1]), joint.feed_case(any_feed[1])
    await case.show(1)
    for one in await read_whole(joint, any_feed[1]):
        before = copy.deepcopy(one.raw)
        feed.parse(one.raw)
        assert one.raw == before


@pytest.mark.over_http
async def test_one_bad_payload_spoils_nobody(any_feed: FeedName) -> None:
    for junk in (None, "text", 7, [], [[MARKER]], {}, {MARKER: MARKER}):
        joint = Joint.of(any_feed[0])
        feed, case = joint.feed(any_feed[1]), joint.feed_case(any_feed[1])
        await case.show(4)
        whole = keys(await walk(feed, case))
        spoilt: list[Any] = []
        joint.wire.tamper = _spoiling(case, junk, spoilt)
        try:
            pages = await walk(joint.feed(any_feed[1]), case)
        except Unavailable:
            # an answer that is one record and not even an object: the system is in trouble, and it is asked again
            pages = await walk(joint.feed(any_feed[1]), case)
            assert keys(pages) == whole
            continue
        assert spoilt
        missing = set(whole) - set(keys(pages))
        assert len(missing) == 1
        rejects = [one for page in pages for one in page.rejects]
        assert len(rejects) == 1, f"{junk!r} was dropped without a reject"
        assert rejects[0].hold_type in HOLD_TYPES


async def test_parse_never_raises_and_shows_nothing(any_feed: FeedName) -> None:
    joint = Joint.of(any_feed[0])
    feed, case = joint.feed(any_feed[1]), joint.feed_case(any_feed[1])
    await case.show(2)
    rejected = 0
    for raw in _kinds([one.raw for one in await read_whole(joint, any_feed[1])]):
        for path in paths(raw):
            for junk in JUNK:
                outcome = feed.parse(replaced(raw, path, junk))
                if isinstance(outcome, Reject):
                    rejected += 1
                    assert outcome.hold_type in HOLD_TYPES
                    assert MARKER not in outcome.reason
                else:
                    assert max(_numbers(outcome.record.model_dump()), default=0) <= LARGEST_NUMBER, path
                    packed(outcome.raw)  # it can be kept
    assert rejected > len(JUNK)


async def test_an_unknown_value_of_a_closed_list_is_never_defaulted(choosy_feed: FeedName) -> None:
    joint = Joint.of(choosy_feed[0])
    feed, case = joint.feed(choosy_feed[1]), joint.feed_case(choosy_feed[1])
    await case.show(2)
    raws = _kinds([one.raw for one in await read_whole(joint, choosy_feed[1])])
    for path in case.enumerations:
        having = [raw for raw in raws if path in set(paths(raw))]
        assert having, f"no original has {path}"
        for unknown in (UNHEARD_OF, 99):
            for raw in having:
                outcome = feed.parse(replaced(raw, path, unknown))
                assert isinstance(outcome, Reject), f"{path} = {unknown!r} was taken for {outcome}"
                assert UNHEARD_OF not in outcome.reason


async def test_what_is_kept_for_long_holds_no_person_and_still_parses(any_feed: FeedName) -> None:
    joint = Joint.of(any_feed[0])
    feed, case = joint.feed(any_feed[1]), joint.feed_case(any_feed[1])
    await case.show(2)

    def unforeseen(request: httpx.Request, body: Any) -> Any:
        if case.lists[0].fits(request):
            for row in case.rows(body):
                row["unforeseen"] = MARKER
        return body

    joint.wire.tamper = unforeseen
    received = await read_whole(joint, any_feed[1])
    assert received
    for one in received:
        if case.personal:
            assert all(word in plain(one.raw) for word in joint.harness.personal), "the world sent no person"
        skeleton, person = split(one.raw, feed.keeps)
        assert not [word for word in (*joint.harness.personal, MARKER) if word in plain(skeleton)]
        assert feed.parse(join(skeleton, person)).record == one.record  # type: ignore[union-attr] # a Reject has none and fails
        bare = feed.parse(join(unpacked(packed(skeleton)), None))
        assert isinstance(bare, Received)
        assert bare.record.key == one.record.key
        assert not [word for word in joint.harness.personal if word in plain(bare.record.model_dump())]


async def test_rejects_and_logs_show_no_person(any_feed: FeedName, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    joint = Joint.of(any_feed[0])
    feed, case = joint.feed(any_feed[1]), joint.feed_case(any_feed[1])
    await case.show(2)
    received = await read_whole(joint, any_feed[1])
    entries: list[object] = [one.record for one in received]
    for raw in [one.raw for one in received]:
        for path in paths(raw):
            outcome = feed.parse(replaced(raw, path, {}))
            if isinstance(outcome, Reject):
                entries += [outcome, outcome.reason, outcome.key]
    text = told(entries, caplog.records)
    assert not [word for word in (*joint.harness.personal, *joint.secrets) if word in text]


@pytest.mark.over_http
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (replies(429, {"detail": "slower"}, retry_after="7"), NotNow),
        (replies(500, {"detail": "broken"}), Unavailable),
        (replies(502, "<html>Bad gateway</html>"), Unavailable),
        (replies(200, "<html>Welcome</html>"), Unavailable),
        (replies(200, b'{"items": ['), Unavailable),
        (replies(200, None), Unavailable),
        (replies(302, None, location="http://elsewhere.example/"), Unavailable),
        (replies(403, {"detail": "no"}), Fatal),
        (fails(httpx.ConnectError), Unavailable),
        (fails(httpx.ReadTimeout), Unavailable),
        (fails(httpx.ReadError), Unavailable),
        (fails(httpx.RemoteProtocolError), Unavailable),
    ],
    ids=[
        "429",
        "500",
        "html-502",
        "html-200",
        "cut",
        "empty",
        "redirect",
        "403",
        "refused",
        "timeout",
        "reset",
        "garbled",
    ],
)
async def test_a_failed_read_says_so_and_loses_nothing(any_feed: FeedName, answer: Any, expected: type) -> None:
    joint = Joint.of(any_feed[0])
    feed, case = joint.feed(any_feed[1]), joint.feed_case(any_feed[1])
    shown = await case.show(case.page + 2)
    first = None if case.in_one_answer else await feed.read(None, case.about())
    cursor = None if first is None else first.cursor
    joint.wire.breaks += [Break(route, answer, times=1) for route in case.lists]
    with pytest.raises(expected):
        await feed.read(cursor, case.about())
    joint.wire.breaks.clear()
    pages = [await feed.read(None, case.about()) if first is None else first]
    assert pages[0].more is not case.in_one_answer, "the test needs a second page"
    while pages[-1].more:
        pages.append(await feed.read(pages[-1].cursor, case.about()))
    assert set(keys(pages)) == set(shown)


@pytest.mark.over_http
async def test_a_spent_budget_is_not_waited_for(any_feed: FeedName) -> None:
    joint = Joint.of(any_feed[0])
    case = joint.feed_case(any_feed[1])
    await case.show(1)
    joint.budgets.left = 0
    began_at = joint.harness.clock.now()
    with pytest.raises(NotNow) as wait:
        await joint.feed(any_feed[1]).read(None, case.about())
    assert wait.value.at == joint.budgets.again_at
    assert joint.harness.clock.now() == began_at
    assert not joint.wire.requests


@pytest.mark.over_http
async def test_links_are_never_followed(any_feed: FeedName) -> None:
    joint = Joint.of(any_feed[0])
    feed, case = joint.feed(any_feed[1]), joint.feed_case(any_feed[1])
    shown = await case.show(case.page + 1)
    honest = set(keys(await walk(feed, case)))
    assert honest == set(shown)
    own = set(joint.wire.hosts)
    assert len(own) == 1

    joint.wire.tamper = led_astray
    assert set(keys(await walk(joint.feed(any_feed[1]), case))) == honest
    assert joint.wire.hosts == own


def _spoiling(case: FeedCase, junk: Any, spoilt: list[Any]) -> Callable[[httpx.Request, Any], Any]:
    """Put `junk` in the place of one row, once; an answer that is one record keeps its id, if it stays an object."""

    def spoil(request: httpx.Request, body: Any) -> Any:
        rows = case.rows(body) if case.lists[0].fits(request) and not spoilt else []
        if not rows:
            return body
        spoilt.append(junk)
        if len(rows) == 1:
            return {**junk, "ID": rows[0].get("ID")} if isinstance(junk, dict) else junk
        rows[1] = junk
        return body

    return spoil


def _kinds(raws: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one original of each form."""
    return list({tuple(sorted(raw)): raw for raw in raws}.values())


def _numbers(value: Any) -> Iterator[int]:
    if isinstance(value, bool):
        return
    if isinstance(value, int):
        yield abs(value)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _numbers(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _numbers(part)
