from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.cin7_core import api
from connectors.roles import OpenOrder
from domain.answers import NotNow, Unavailable
from domain.payloads import split
from domain.records import Dispatch, Page, Received, ShippedLine
from sandbox.kit import Fault
from tests.connectors.cin7_core.harness import Harness
from tests.connectors.making import PERSONAL, order_line, sales_order


@pytest.fixture
def harness() -> Harness:
    harness = Harness()
    harness.put_item("MUG-1", 100)
    harness.put_item("BOWL-1", 100)
    return harness


def records(page: Page) -> list[Dispatch]:
    return [entry.record for entry in page.received]


async def ship_many(harness: Harness, count: int, start: int = 0) -> list[OpenOrder]:
    shipped = []
    for number in range(start, start + count):
        order = sales_order(f"{number:03}", f"9002{number:05}", lines=(order_line("1", "MUG-1", 1),))
        shipped.append(await harness.shipped(order, tracking=f"JD{number:04}"))
        harness.clock.move(1)
    return shipped


async def test_a_shipped_order_is_a_dispatch_and_costs_one_call_beside_the_two_lists(harness: Harness) -> None:
    opened = await harness.shipped(sales_order())
    harness.requests.clear()

    page = await harness.connector.dispatch_feed.read(None, [opened])

    assert (harness.calls("dispatch"), harness.calls("sale"), len(harness.requests)) == (2, 1, 3)
    [dispatch] = records(page)
    assert (dispatch.order_id, dispatch.order_reference) == (opened.external_id, "900100200")
    assert (dispatch.carrier, dispatch.tracking_number) == ("Royal Mail", "JD0002")
    assert dispatch.shipped_at == datetime(2026, 3, 2, tzinfo=UTC)
    assert sorted(dispatch.lines, key=lambda line: line.sku) == [
        ShippedLine(sku="BOWL-1", quantity=1),
        ShippedLine(sku="MUG-1", quantity=2),
    ]
    assert not page.more
    assert not any(word in str(page.received[0].raw) for word in PERSONAL)


async def test_a_list_with_rows_of_the_page_before_is_not_trusted(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = await ship_many(harness, 5)
    monkeypatch.setattr(api, "ROWS_A_PAGE", 2)
    assert len(records(await harness.connector.dispatch_feed.read(None, opened))) == 5
    page = api.Api.page

    async def repeats(self: api.Api, path: str, rows: str, number: int, **named: Any) -> api.ListPage:
        return await page(self, path, rows, 1 if number == 2 else number, **named)

    monkeypatch.setattr(api.Api, "page", repeats)
    with pytest.raises(Unavailable, match="rows of page 1 as page 2"):
        await harness.connector.dispatch_feed.read(None, opened)


async def test_what_was_read_is_not_read_again_not_even_by_the_next_process(harness: Harness) -> None:
    opened = await ship_many(harness, 3)
    first = await harness.connector.dispatch_feed.read(None, opened)
    harness.requests.clear()

    again = await harness.again().dispatch_feed.read(first.cursor, opened)

    assert len(first) == 3
    assert len(again) == 0
    assert harness.calls("sale") == 0
    harness.clock.move(3600)
    third = await harness.again().dispatch_feed.read(again.cursor, await ship_many(harness, 1, start=3))
    assert [dispatch.order_reference for dispatch in records(third)] == ["900200003"]
    assert third.cursor is not None
    assert len(third.cursor.split(" ")) == 2  # marks older than the overlap are let go


async def test_two_parcels_of_one_order_are_two_dispatches_with_their_own_goods(harness: Harness) -> None:
    order = sales_order()
    answer = (await harness.connector.sales_order_sink.send([order]))[order.key]
    harness.sandbox.ship(answer.external_id, "DPD", "1550123456", {"MUG-1": 2})  # type: ignore[union-attr]  # Done
    first = await harness.connector.dispatch_feed.read(None, ())
    harness.clock.move(60)
    harness.sandbox.ship(answer.external_id, "DPD", "1550123457", {"BOWL-1": 1})  # type: ignore[union-attr]  # Done
    second = await harness.connector.dispatch_feed.read(first.cursor, ())

    assert [dispatch.lines for dispatch in records(first)] == [(ShippedLine(sku="MUG-1", quantity=2),)]
    by_tracking = {dispatch.tracking_number: dispatch for dispatch in records(second)}
    assert by_tracking["1550123457"].lines == (ShippedLine(sku="BOWL-1", quantity=1),)
    assert by_tracking["1550123456"] == records(first)[0]  # the same key and content: nothing new to tell


async def test_other_channels_are_left_alone_and_orders_keyed_by_hand_are_not(harness: Harness) -> None:
    harness.sandbox.sell_elsewhere("MUG-1", 1)
    by_hand = harness.sandbox.key_order_by_hand("900100300", {"MUG-1": 1})
    for sale_id in harness.sandbox.open_orders():
        harness.sandbox.ship(sale_id, "DPD", "1550123456")

    nothing = await harness.connector.dispatch_feed.read(None, ())
    page = await harness.connector.dispatch_feed.read(None, [OpenOrder("k", "900100300", by_hand)])

    assert len(nothing) == 0
    assert [dispatch.order_id for dispatch in records(page)] == [by_hand]


@pytest.mark.parametrize("touches", [True, False])
async def test_a_late_tracking_number_is_seen_even_when_the_sale_does_not_count_as_changed(
    harness: Harness, *, touches: bool
) -> None:
    harness.sandbox.switches.tracking_touches_sale = touches
    opened = await harness.shipped(sales_order(), tracking="")
    first = await harness.connector.dispatch_feed.read(None, [opened])
    assert records(first)[0].tracking_number is None
    harness.clock.move(1200)
    harness.sandbox.add_tracking(opened.external_id, "JD0009")

    second = await harness.connector.dispatch_feed.read(first.cursor, [opened])

    assert [(d.key, d.tracking_number) for d in records(second)] == [(records(first)[0].key, "JD0009")]


async def test_many_orders_without_tracking_are_read_in_turn(harness: Harness) -> None:
    opened = [order._replace(awaits_tracking=True) for order in await ship_many(harness, 12)]
    page = await harness.connector.dispatch_feed.read(None, opened)
    harness.clock.move(1200)
    harness.requests.clear()
    seen = set()
    for _ in range(12):
        harness.clock.move(60)
        page = await harness.connector.dispatch_feed.read(page.cursor, opened)
        seen |= {dispatch.order_id for dispatch in records(page)}
    assert seen == {order.external_id for order in opened}
    assert harness.calls("sale") == 60


async def test_a_long_list_comes_in_pages_that_lose_and_repeat_nothing(harness: Harness) -> None:
    await ship_many(harness, 70)
    harness.requests.clear()
    cursor, found = None, []
    while True:
        page = await harness.again().dispatch_feed.read(cursor, ())
        found += [dispatch.order_reference for dispatch in records(page)]
        cursor = page.cursor
        if not page.more:
            break
    assert found == [f"9002{number:05}" for number in range(70)]
    assert harness.calls("sale") == 70


async def test_a_budget_spent_half_way_keeps_what_was_read_and_goes_on_there(harness: Harness) -> None:
    await ship_many(harness, 5)
    reads = 0
    good = harness.sandbox.app

    async def throttled_at_the_third(scope: Any, receive: Any, deliver: Any) -> None:
        nonlocal reads
        if scope["path"].endswith("/sale") and scope["method"] == "GET":
            reads += 1
            if reads == 3:
                harness.fault("sale", Fault("status", status=429))
        await good(scope, receive, deliver)

    harness.sandbox.app = throttled_at_the_third  # type: ignore[assignment, method-assign]  # a fault at the third read only
    harness.rewire()
    feed = harness.again().dispatch_feed
    first = await feed.read(None, ())
    second = await feed.read(first.cursor, ())

    assert first.more
    assert [d.tracking_number for d in records(first)] == ["JD0000", "JD0001"]
    assert [d.tracking_number for d in records(second)] == ["JD0002", "JD0003", "JD0004"]


async def test_when_nothing_could_be_read_it_raises(harness: Harness) -> None:
    await ship_many(harness, 1)
    harness.fault("sale", Fault("status", status=503))
    with pytest.raises(NotNow):
        await harness.connector.dispatch_feed.read(None, ())
    harness.fault("dispatch", Fault("html", status=200))
    with pytest.raises(Unavailable):
        await harness.connector.dispatch_feed.read(None, ())
    harness.fault("dispatch", Fault("error_in_200", body={"ErrorCode": 400, "Exception": "x"}))
    with pytest.raises(Unavailable):
        await harness.connector.dispatch_feed.read(None, ())


async def test_a_sale_that_cannot_be_read_is_rejected_and_spoils_nobody(harness: Harness) -> None:
    await ship_many(harness, 2)
    harness.fault("sale", Fault("status", status=400, body=[{"ErrorCode": 400, "Exception": "Sale is odd"}]))
    page = await harness.connector.dispatch_feed.read(None, ())
    assert (len(page.rejects), len(page.received)) == (1, 1)
    assert page.rejects[0].hold_type == "malformed_payload"


async def test_parse_gives_what_read_gave_also_from_the_kept_part(harness: Harness) -> None:
    await ship_many(harness, 1)
    feed = harness.connector.dispatch_feed
    [entry] = (await feed.read(None, ())).received
    skeleton, person = split(entry.raw, feed.keeps)
    parsed = feed.parse(skeleton)
    assert not any(word in str(person) for word in PERSONAL)
    assert isinstance(parsed, Received)
    assert parsed.record == entry.record
