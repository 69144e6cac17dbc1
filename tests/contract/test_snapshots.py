"""What is asked of a snapshot: when it began, and that it is called complete only when that is proved."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from domain.answers import Fatal, Unavailable
from domain.records import Page
from tests.contract.harness import FeedCase
from tests.contract.joint import Joint, counted, keys, of, outcomes, walk
from tests.contract.junk import WITHIN_REACH, WRITTEN_JUNK, paths, replaced
from tests.contract.wire import Break, Route, replays

FeedName = tuple[str, type]
LONGEST_LAG = timedelta(minutes=15)
"""A source that shows the stock of some minutes ago dates its scan back by as much."""


async def test_a_whole_scan_is_complete_and_its_pages_before_are_not(snapshot_feed: FeedName) -> None:
    joint = Joint.of(snapshot_feed[0])
    feed, case = joint.feed(snapshot_feed[1]), joint.feed_case(snapshot_feed[1])
    shown = await case.show(2 * case.page + 7)
    pages = await walk(feed, case)
    assert len(pages) == 1 if case.in_one_answer else len(pages) >= 3
    assert set(keys(pages)) == set(shown)
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]


@pytest.mark.over_http
async def test_a_scan_began_before_its_first_call(snapshot_feed: FeedName) -> None:
    joint = Joint.of(snapshot_feed[0])
    feed, case = joint.feed(snapshot_feed[1]), joint.feed_case(snapshot_feed[1])
    await case.show(case.page + 7)
    before = joint.harness.clock.now()

    def time_passes(_request: httpx.Request, body: object) -> object:
        joint.harness.clock.move(20)
        return body

    joint.wire.tamper = time_passes
    pages = await walk(feed, case)
    assert joint.harness.clock.now() > before
    [began_at] = {page.began_at for page in pages}
    assert before - LONGEST_LAG <= began_at <= before


async def test_a_scan_goes_on_in_another_process(snapshot_feed: FeedName) -> None:
    joint = Joint.of(snapshot_feed[0])
    case = joint.feed_case(snapshot_feed[1])
    shown = await case.show(2 * case.page + 7)
    pages = [await joint.feed(snapshot_feed[1]).read(None, case.about())]
    while pages[-1].more:
        joint.connector = joint.again()
        joint.harness.clock.move(5)
        pages.append(await joint.feed(snapshot_feed[1]).read(pages[-1].cursor, case.about()))
    assert set(keys(pages)) == set(shown)
    assert pages[-1].complete
    assert {page.began_at for page in pages} == {pages[0].began_at}


@pytest.mark.over_http
@pytest.mark.parametrize(
    "trouble", ["repeated in place of the next", "repeated before the next", "second lost, third repeated"]
)
async def test_a_repeated_page_is_noticed(paged_snapshot: FeedName, trouble: str) -> None:
    for route in Joint.of(paged_snapshot[0]).feed_case(paged_snapshot[1]).lists:
        joint = Joint.of(paged_snapshot[0])
        case = joint.feed_case(paged_snapshot[1])
        await case.show(3 * case.page)
        truth = await _answers(joint, paged_snapshot[1], case, route)
        assert len(truth) >= 3
        first, second, third, *rest = truth
        wrong = {
            "repeated in place of the next": [first, first, third, *rest],
            "repeated before the next": [first, first, second, third, *rest],
            "second lost, third repeated": [first, third, third, *rest],
        }[trouble]
        joint.connector = joint.again()
        joint.wire.breaks.append(Break(route, replays(wrong), times=len(wrong)))
        pages = await walk(joint.feed(paged_snapshot[1]), case)
        assert not any(page.complete for page in pages), route.path


@pytest.mark.over_http
async def test_a_lost_row_is_noticed(counted_snapshot: FeedName) -> None:
    for page in (1, 2):
        joint = Joint.of(counted_snapshot[0])
        feed, case = joint.feed(counted_snapshot[1]), joint.feed_case(counted_snapshot[1])
        shown = await case.show(2 * case.page)
        counted = [route for route in case.lists if route not in case.uncounted]
        assert counted
        lost: list[Any] = []
        joint.wire.tamper = _losing(case, counted[0], page, lost)
        pages = await walk(feed, case)
        assert set(keys(pages)) == set(shown) or not any(one.complete for one in pages)
        assert lost


def _losing(case: FeedCase, route: Route, page: int, lost: list[Any]) -> Callable[[httpx.Request, Any], Any]:
    """Leave the last row out of one page of a list."""
    read = 0

    def lose(request: httpx.Request, body: Any) -> Any:
        nonlocal read
        if route.fits(request):
            read += 1
            if read == page:
                lost.append(case.rows(body).pop())
        return body

    return lose


@pytest.mark.over_http
async def test_a_row_counts_as_its_original_would_be_parsed(counts_feed: FeedName) -> None:
    joint = Joint.of(counts_feed[0])
    feed, case = joint.feed(counts_feed[1]), joint.feed_case(counts_feed[1])
    await case.show(4)
    whole = counted(await walk(feed, case))
    shown = next(body for request, body in joint.wire.delivered if case.lists[0].fits(request))
    row = case.rows(json.loads(shown))[1]
    spoilt = 0
    for path in paths(row):
        for junk in (*WRITTEN_JUNK, *WITHIN_REACH):
            joint.wire.delivered.clear()
            joint.wire.tamper = _replacing(case, replaced(row, path, junk))
            try:
                pages = await walk(feed, case)
            except (Unavailable, Fatal):
                continue  # the system is in trouble, and nothing of it counts
            received, rejects = outcomes(joint, counts_feed[1])
            assert counted(pages) == of(received), (path, junk)
            told = sorted(one.reason for page in pages for one in page.rejects)
            assert told == sorted(one.reason for one in rejects), (path, junk)
            spoilt += counted(pages) != whole
    assert spoilt > len(WRITTEN_JUNK)


def _replacing(case: FeedCase, row: Any) -> Callable[[httpx.Request, Any], Any]:
    """Put another row in the place of the second one of a list."""

    def replace(request: httpx.Request, body: Any) -> Any:
        if case.lists[0].fits(request) and len(case.rows(body)) > 1:
            case.rows(body)[1] = row
        return body

    return replace


async def test_a_list_that_grows_or_shrinks_meanwhile_is_not_called_complete_with_rows_missing(
    paged_snapshot: FeedName,
) -> None:
    joint = Joint.of(paged_snapshot[0])
    feed, case = joint.feed(paged_snapshot[1]), joint.feed_case(paged_snapshot[1])
    shown = await case.show(2 * case.page)
    pages = [await feed.read(None, case.about())]
    shown += await case.show(1)
    while pages[-1].more:
        pages.append(await feed.read(pages[-1].cursor, case.about()))
    assert not pages[-1].complete or set(keys(pages)) == set(shown)


async def _answers(joint: Joint, role: type, case: FeedCase, route: Route) -> list[bytes]:
    """Return what the list answers in an honest walk, page by page."""
    answers: list[bytes] = []
    seen = 0

    async def read(cursor: str | None) -> Page:
        nonlocal seen
        page = await joint.feed(role).read(cursor, case.about())
        new = joint.wire.exchanges[seen:]
        answers.extend(body for request, _, body in new if route.fits(request) and _rows(case, body))
        seen = len(joint.wire.exchanges)
        return page

    page = await read(None)
    while page.more:
        page = await read(page.cursor)
    assert page.complete
    return answers


def _rows(case: FeedCase, body: bytes) -> bool:
    return len(case.rows(json.loads(body))) > 0
