"""What is asked of a queue: its rows come and go while we page, and none is lost after the next walk at most."""

import random

import pytest

from tests.contract.joint import Joint, keys, walk

FeedName = tuple[str, type]


async def test_a_queue_that_stands_still_is_read_whole_and_once(queue_feed: FeedName) -> None:
    joint = Joint.of(queue_feed[0])
    feed, case = joint.feed(queue_feed[1]), joint.feed_case(queue_feed[1])
    shown = await case.show(2 * case.page + 7)
    pages = await walk(feed, case)
    assert len(pages) >= 3
    assert sorted(keys(pages)) == sorted(shown)
    assert sorted(keys(await walk(feed, case))) == sorted(shown), "what is not taken out is shown again"


@pytest.mark.parametrize("seed", range(4))
async def test_rows_that_leave_while_we_page_lose_nobody(queue_feed: FeedName, seed: int) -> None:
    joint = Joint.of(queue_feed[0])
    feed, case = joint.feed(queue_feed[1]), joint.feed_case(queue_feed[1])
    assert case.leave is not None
    leave, dice = case.leave, random.Random(seed)  # noqa: S311 - trouble, not secrets
    here = await case.show(3 * case.page)
    gone: set[str] = set()

    def some_leave(_page: int) -> None:
        left = sorted(set(here) - gone)
        leaving = dice.sample(left, min(dice.randrange(1, case.page), len(left)))
        leave(leaving)
        gone.update(leaving)

    got = set(keys(await walk(feed, case, some_leave)))
    assert gone
    got |= set(keys(await walk(feed, case)))
    assert set(here) - gone <= got


async def test_rows_that_come_while_we_page_hide_nobody(queue_feed: FeedName) -> None:
    joint = Joint.of(queue_feed[0])
    feed, case = joint.feed(queue_feed[1]), joint.feed_case(queue_feed[1])
    assert case.leave is not None
    here = await case.show(2 * case.page)
    pages = [await feed.read(None, case.about())]
    case.leave(here[: case.page // 2])
    new = await case.show(case.page // 2)
    while pages[-1].more:
        pages.append(await feed.read(pages[-1].cursor, case.about()))
    got = set(keys(pages)) | set(keys(await walk(feed, case)))
    assert {*here[case.page // 2 :], *new} <= got


async def test_a_total_counts_the_whole_queue_or_says_nothing(queue_feed: FeedName) -> None:
    """A reader stops early when the total is no more than what it knows: it must never be too small."""
    joint = Joint.of(queue_feed[0])
    feed, case = joint.feed(queue_feed[1]), joint.feed_case(queue_feed[1])
    shown = await case.show(case.page + 3)
    for page in await walk(feed, case):
        assert page.total is None or page.total >= len(shown)
