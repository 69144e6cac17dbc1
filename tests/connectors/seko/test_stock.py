"""Stock out: absence is zero, its fair use is kept, and its lateness is counted."""

from datetime import timedelta
from typing import Any

import pytest

from domain.answers import NotNow
from domain.records import Page
from sandbox.kit import Fault
from tests.connectors.making import records
from tests.connectors.seko.harness import Harness

STOCK = "/api/stock/v3/quantity"


async def read(harness: Harness) -> Page:
    return await harness.connector.stock_feed.read(None, ())


def counted(page: Page) -> dict[str, int]:
    return {level.sku: level.quantity for level in records([page])}


async def test_what_is_at_zero_is_left_out_and_the_page_says_what_that_means() -> None:
    harness = Harness()
    harness.put_item("MUG-1", 7)
    harness.put_item("BOWL-1", 0)
    page = await read(harness)
    assert counted(page) == {"MUG-1": 7}
    assert (page.complete, page.omits_zeroes, harness.connector.stock_feed.absent_is_zero) == (True, True, True)


async def test_only_the_location_types_that_are_sold_from_count() -> None:
    harness = Harness(sell_location_types=("Available Stock", "Web Stock"))
    harness.put_item("MUG-1", 7)
    harness.sandbox.move_stock("MUG-1", 2, "Quarantine")
    harness.sandbox.move_stock("MUG-1", 1, "Web Stock")
    page = await read(harness)
    assert {(level.pool, level.quantity) for level in records([page])} == {
        ("Available Stock", 4),
        ("Web Stock", 1),
    }


async def test_nothing_at_all_is_never_a_whole_scan() -> None:
    harness = Harness()
    harness.put_item("MUG-1", 0)
    page = await read(harness)
    assert (len(page), page.complete) == (0, False)


async def test_another_distribution_centre_does_not_count() -> None:
    harness = Harness(dc="DCCL01")
    harness.put_item("MUG-1", 7)
    rows = [
        {"ProductCode": "MUG-1", "DCCode": dc, "LocationType": "Available Stock", "Quantity": units}
        for dc, units in (("DCCL01", 3), ("DCSOM01", 50), ("DCCL01", 2))
    ]
    body: Any = {"CallStatus": {"Success": True, "Code": 0, "Message": ""}, "List": {"StockQuantityLineItem": rows}}
    harness.sandbox.faults.append(Fault("error_in_200", "GET", STOCK, body=body))
    assert counted(await read(harness)) == {"MUG-1": 5}
    assert harness.requests[-1].url.params["dc"] == "DCCL01"


async def test_the_fair_use_of_thirty_minutes_is_kept_and_touches_nothing_else() -> None:
    harness = Harness(true_budget=True)
    harness.put_item("MUG-1", 7)
    await read(harness)
    with pytest.raises(NotNow) as wait:
        await read(harness)
    assert timedelta(minutes=29) < wait.value.at - harness.clock.now() <= timedelta(minutes=30, seconds=1)
    await harness.connector.check()
    for _ in range(3):
        harness.clock.move(1801)
        assert counted(await read(harness)) == {"MUG-1": 7}
    assert harness.sandbox.throttled.total() == 0


async def test_a_scan_is_dated_back_by_as_much_as_the_read_is_late() -> None:
    harness = Harness(true_budget=True)
    harness.put_item("MUG-1", 7)
    harness.clock.move(600)
    harness.sandbox.sell_elsewhere("MUG-1", 3)
    harness.clock.move(120)
    page = await read(harness)
    assert counted(page) == {"MUG-1": 7}, "the sale does not show yet"
    assert page.began_at == harness.clock.now() - timedelta(minutes=5)
