"""What is asked of a log: its order, and a cursor that never passes what was not read."""

import httpx
import pytest

from domain.answers import NotNow, Unavailable
from domain.records import Page
from tests.contract.harness import FeedCase
from tests.contract.joint import WAY_PAST, Joint, keys, walk
from tests.contract.wire import Break, fails

FeedName = tuple[str, type]


async def test_records_come_in_the_order_of_their_changes(log_feed: FeedName) -> None:
    joint = Joint.of(log_feed[0])
    feed, case = joint.feed(log_feed[1]), joint.feed_case(log_feed[1])
    shown = []
    for _ in range(5):
        shown += await case.show(1)
        joint.harness.clock.move(60)
    assert keys(await walk(feed, case)) == shown


async def test_equal_times_at_a_page_edge_lose_and_repeat_nothing(log_feed: FeedName) -> None:
    joint = Joint.of(log_feed[0])
    feed, case = joint.feed(log_feed[1]), joint.feed_case(log_feed[1])
    shown = await case.show(2 * case.page + 3)  # all at one moment of the clock that stands still
    pages = await walk(feed, case)
    assert len(pages) >= 3
    assert sorted(keys(pages)) == sorted(shown)


async def test_the_cursor_of_one_process_serves_the_next(log_feed: FeedName) -> None:
    joint = Joint.of(log_feed[0])
    case = joint.feed_case(log_feed[1])
    before = await case.show(case.page + 1)
    pages = await walk(joint.feed(log_feed[1]), case)
    assert sorted(keys(pages)) == sorted(before)
    joint.connector = joint.again()
    after = await case.show(2)  # at the very moment of those that were read
    later = [await joint.feed(log_feed[1]).read(pages[-1].cursor, case.about())]
    assert sorted(keys(later)) == sorted(after)


async def test_what_comes_while_we_page_is_read_once(log_feed: FeedName) -> None:
    joint = Joint.of(log_feed[0])
    feed, case = joint.feed(log_feed[1]), joint.feed_case(log_feed[1])
    shown = await case.show(2 * case.page)
    pages = [await feed.read(None, case.about())]
    joint.harness.clock.move(30)
    shown += await case.show(2)
    for _ in range(4):
        pages.append(await feed.read(pages[-1].cursor, case.about()))
    assert sorted(keys(pages)) == sorted(shown)


@pytest.mark.over_http
async def test_the_cursor_never_passes_what_was_not_read(log_feed: FeedName) -> None:
    """Every call fails once; what a read did not bring, a later one does."""
    joint = Joint.of(log_feed[0])
    feed, case = joint.feed(log_feed[1]), joint.feed_case(log_feed[1])
    shown = await _shown_over_hours(joint, case)
    got: list[Page] = []
    cursor: str | None = None
    for number in range(WAY_PAST):
        joint.wire.breaks[:] = [Break(route, fails(httpx.ReadTimeout), spared=number % 7) for route in case.lists]
        try:
            page = await feed.read(cursor, case.about())
        except Unavailable:
            continue
        got.append(page)
        cursor = page.cursor
    assert sorted(keys(got)) == sorted(shown)


@pytest.mark.over_http
async def test_a_spent_budget_ends_a_page_early_and_loses_nothing(log_feed: FeedName) -> None:
    joint = Joint.of(log_feed[0])
    case = joint.feed_case(log_feed[1])
    shown = await _shown_over_hours(joint, case)
    assert sorted(keys(await _in_small_bites(joint, case, log_feed[1]))) == sorted(shown)


async def _shown_over_hours(joint: Joint, case: FeedCase) -> list[str]:
    """Show more than a page, further apart than any overlap would forgive."""
    shown = []
    for _ in range(case.page + 5):
        shown += await case.show(1)
        joint.harness.clock.move(1_200)
    return shown


async def _in_small_bites(joint: Joint, case: FeedCase, role: type) -> list[Page]:
    pages: list[Page] = []
    for _ in range(WAY_PAST):
        joint.budgets.left = 5
        try:
            pages.append(await joint.feed(role).read(pages[-1].cursor if pages else None, case.about()))
        except NotNow:
            joint.harness.clock.move(700)
            continue
    return pages
