"""The sweep: what it finds that a push lost, and how few calls it takes."""

import pytest

from connectors.roles import OpenOrder
from domain.answers import Unavailable
from sandbox.kit import Fault
from tests.connectors.seko.harness import Harness, sales_order


async def test_the_sweep_finds_a_lost_push_and_takes_the_order_as_shipped_whole() -> None:
    harness = Harness()
    harness.put_item("MUG-1", 9)
    harness.put_item("BOWL-1", 9)
    left = await harness.shipped(sales_order())
    harness.clock.move(3 * 24 * 3600)
    [one] = (await harness.connector.dispatch_feed.read(None, [left])).received
    found = one.record
    assert (found.key, found.order_id, found.order_reference) == (left.external_id, left.external_id, "900100200")
    assert (found.carrier, found.tracking_number) == ("DPD", "JD0002")
    assert found.shipped_at.isoformat() == "2026-03-02T00:00:00+00:00", "the day on which it left, not today"
    assert {line.sku: line.quantity for line in found.lines} == {"MUG-1": 2, "BOWL-1": 1}


async def test_the_sweep_leaves_a_push_its_time_and_an_order_begun_to_its_pushes() -> None:
    harness = Harness(push_patience_minutes=75)
    harness.put_item("MUG-1", 9)
    harness.put_item("BOWL-1", 9)
    left = await harness.shipped(sales_order())
    feed = harness.connector.dispatch_feed
    harness.clock.move(74 * 60)
    assert len(await feed.read(None, [left])) == 0
    harness.clock.move(120)
    assert len(await feed.read(None, [left])) == 1
    assert len(await feed.read(None, [left._replace(unshipped=())])) == 0
    assert len(await feed.read(None, [OpenOrder("other", "901", "not-dispatched", unshipped=(("MUG-1", 1),))])) == 0


async def test_the_sweep_costs_one_call_for_fifty_orders_that_have_not_left() -> None:
    harness = Harness()
    waiting = [OpenOrder(str(n), str(n), f"guid-{n}", unshipped=(("MUG-1", 1),)) for n in range(50)]
    page = await harness.connector.dispatch_feed.read(None, waiting)
    assert (len(page), page.more, len(harness.requests)) == (0, False, 1)


async def many_left(harness: Harness, number: int) -> list[OpenOrder]:
    harness.put_item("MUG-1", 900)
    harness.put_item("BOWL-1", 900)
    return [await harness.shipped(sales_order(key=f"{each}-A", reference=f"9{each}")) for each in range(number)]


def guid(order: OpenOrder) -> str:
    return order.external_id


def tracking(order: OpenOrder) -> str:
    return f"/hub/api/salesorders/v1/{order.external_id}/tracking.json"


async def swept(harness: Harness, about: list[OpenOrder]) -> int:
    """Walk once; return how many orders were found to have left."""
    feed, cursor, found = harness.connector.dispatch_feed, None, 0
    while True:
        page = await feed.read(cursor, about)
        found += len(page.received)
        if not page.more:
            return found
        cursor = page.cursor


async def test_the_lists_of_a_walk_are_read_once() -> None:
    harness = Harness()
    left = await many_left(harness, 120)
    harness.requests.clear()
    assert await swept(harness, left) == 120
    assert len(harness.requests) == 120 + 2, "the span, its newest day, and each order"
    harness.requests.clear()
    assert await swept(harness, left) == 120
    assert len(harness.requests) == 120 + 2, "the next walk reads them anew"


async def test_a_tracking_call_that_fails_costs_its_own_order_a_walk_and_no_other() -> None:
    harness = Harness()
    left = await many_left(harness, 9)
    harness.sandbox.faults.append(Fault("truncated", "GET", tracking(sorted(left, key=guid)[3]), "after"))
    harness.requests.clear()
    assert await swept(harness, left) == 8
    assert len(harness.requests) == 9 + 2


async def test_a_hub_that_gives_out_on_the_way_loses_nothing_that_was_read() -> None:
    harness = Harness()
    left = await many_left(harness, 9)
    for order in sorted(left, key=guid)[3:]:
        harness.sandbox.faults.append(Fault("status", "GET", tracking(order), times=99, status=503))
    harness.requests.clear()
    assert await swept(harness, left) == 3
    assert len(harness.requests) == 3 + 2 + 2, "two failures in a row end the page"


async def test_a_hub_that_gives_no_number_at_all_is_in_trouble() -> None:
    harness = Harness()
    left = await many_left(harness, 2)
    harness.sandbox.faults.append(Fault("status", "GET", "/hub/api/salesorders/.*", times=99, status=503))
    with pytest.raises(Unavailable):
        await swept(harness, left)


async def test_without_legacy_reads_there_is_nothing_to_sweep() -> None:
    harness = Harness(legacy_reads=False)
    page = await harness.connector.dispatch_feed.read(None, [OpenOrder("k", "r", "guid", unshipped=(("MUG-1", 1),))])
    assert (len(page), page.more, harness.requests) == (0, False, [])


async def test_a_tracking_number_that_is_not_there_yet_is_none() -> None:
    harness = Harness()
    harness.put_item("MUG-1", 9)
    harness.put_item("BOWL-1", 9)
    left = await harness.shipped(sales_order(), tracking="")
    [one] = (await harness.connector.dispatch_feed.read(None, [left])).received
    assert (one.record.tracking_number, one.record.carrier) == (None, "DPD")
