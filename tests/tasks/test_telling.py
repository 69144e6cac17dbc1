"""What a run tells: the first lines, how many there were of all, and nothing of what broke off."""

import pytest

from domain.records import Kind
from tasks.reporting import lines_of
from tasks.telling import MOST_LINES, News, Told


def filed(number: int) -> News:
    return News(f"order {number}", Kind.SALES_ORDER, f"order {number}", "filed", "lines: 1")


def test_the_first_lines_are_shown_and_how_many_more_there_are_of_each_kind() -> None:
    told = Told()
    for number in range(MOST_LINES - 1):
        told.add(filed(number))
    told.add(News("", "unknown_sku", "X", "held"))
    for number in range(2_500):
        told.add(filed(MOST_LINES + number))
    told.add(News("", "unknown_sku", "Y", "held"))
    rows = lines_of(told)
    assert [row["key"] for row in rows[:2]] == ["order 0", "order 1"]
    assert [tuple(row.values()) for row in rows[MOST_LINES:]] == [
        ("", "sales_order", "filed", "", "and 2,500 more"),
        ("", "unknown_sku", "held", "", "and 1 more"),
    ]
    assert len(told) == MOST_LINES + 2_501 == sum(told.counts.values())


def test_a_table_that_shows_all_says_nothing_of_more() -> None:
    told = Told()
    told.add(filed(1))
    assert [row["detail"] for row in lines_of(told)] == ["lines: 1"]


def test_what_broke_off_is_not_told() -> None:
    told, heard = Told(), list[News]()

    def breaks_off() -> None:
        with told.if_done() as meanwhile:
            told.add(filed(1))
            heard.extend(meanwhile)
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        breaks_off()
    assert [news.key for news in heard] == ["order 1"]
    with told.if_done():
        told.add(filed(2))
    assert [news.key for news in told.lines] == ["order 2"]
    assert len(told) == 1


def test_a_hundred_thousand_lines_take_no_more_than_the_first() -> None:
    told = Told()
    for page in range(100):
        with told.if_done():
            for number in range(1_000):
                told.add(filed(1_000 * page + number))
    assert len(told.lines) == MOST_LINES
    assert len(told.counts) == 1
    assert len(told) == 100_000
