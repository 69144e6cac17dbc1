"""Dispatches: shipments as the vendor shows them, with its traps."""

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest

from connectors.roles import OpenOrder
from domain.answers import Unavailable
from domain.records import Dispatch, Page, ShippedLine
from sandbox.deposco import warehouse
from sandbox.kit import Fault
from tests.connectors.deposco.harness import Harness
from tests.connectors.making import order_line, sales_order


def stocked(**settings: object) -> Harness:
    tenant = Harness(**settings)  # type: ignore[arg-type] # options of any kind
    tenant.put_item("MUG-1", 1_000)
    tenant.put_item("BOWL-1", 1_000)
    return tenant


async def walked(tenant: Harness, about: Sequence[OpenOrder], cursor: str | None = None) -> list[Page]:
    pages = [await tenant.connector.dispatch_feed.read(cursor, about)]
    while pages[-1].more:
        pages.append(await tenant.connector.dispatch_feed.read(pages[-1].cursor, about))
    return pages


def dispatches(pages: Sequence[Page]) -> list[Dispatch]:
    return [one.record for page in pages for one in page.received]


async def test_a_shipment_is_a_dispatch_with_its_lines_carrier_and_service() -> None:
    tenant = stocked()
    order = await tenant.shipped(sales_order(), "JD0002", "Royal Mail")
    [dispatch] = dispatches(await walked(tenant, [order]))
    assert (dispatch.order_id, dispatch.order_reference) == (order.external_id, "900100200")
    assert (dispatch.carrier, dispatch.service, dispatch.tracking_number) == ("Royal Mail", "Next Day", "JD0002")
    assert dispatch.shipped_at == tenant.clock.now()
    assert set(dispatch.lines) == {
        ShippedLine(sku="MUG-1", quantity=2, line="5501-A-1"),
        ShippedLine(sku="BOWL-1", quantity=1, line="5501-A-2"),
    }


async def test_a_shipment_of_an_order_that_nobody_told_us_of_is_read_with_its_reference() -> None:
    tenant = stocked()
    await tenant.shipped(sales_order())
    tenant.sandbox.sell_elsewhere("MUG-1", 1)
    [web] = tenant.sandbox.open_orders()
    tenant.sandbox.ship(web, "DPD", "1550")
    [dispatch] = dispatches(await walked(tenant, []))
    assert dispatch.order_reference == "900100200"
    assert tenant.calls("order") == 1


async def test_a_shipment_of_an_order_keyed_by_hand_is_ours_once_it_is_open_here() -> None:
    tenant = stocked()
    keyed = tenant.sandbox.key_order_by_hand("900100200", {"MUG-1": 1})
    tenant.sandbox.ship(keyed, "DPD", "1550")
    assert dispatches(await walked(tenant, [])) == []
    [dispatch] = dispatches(await walked(tenant, [OpenOrder("k", "900100200", keyed)]))
    assert dispatch.order_reference == "900100200"


async def test_lines_beyond_the_tenth_are_read_from_their_own_list() -> None:
    tenant = stocked()
    order = sales_order(lines=tuple(order_line(f"L{number}", "MUG-1", 1) for number in range(12)))
    opened = await tenant.shipped(order)
    [dispatch] = dispatches(await walked(tenant, [opened]))
    assert {line.line for line in dispatch.lines} == {f"L{number}" for number in range(12)}
    assert tenant.calls("shipment_lines") == 1


async def test_a_label_that_nobody_used_is_no_dispatch_and_no_hold() -> None:
    tenant = stocked()
    opened = await tenant.created(sales_order())
    order = tenant.sandbox.tenant.order(int(opened.external_id))
    label = warehouse.print_label(tenant.sandbox.tenant, order, "DPD", "1549")
    label.status, label.shipped_at = "Shipped", tenant.clock.now()
    pages = await walked(tenant, [opened])
    assert (dispatches(pages), [one.reason for page in pages for one in page.rejects]) == ([], [])


async def test_a_shipment_rolled_back_is_held() -> None:
    tenant = stocked()
    opened = await tenant.shipped(sales_order())
    pages = await walked(tenant, [opened])
    tenant.clock.move(60)
    warehouse.roll_back(tenant.sandbox.tenant, tenant.sandbox.tenant.order(int(opened.external_id)))
    [reject] = [one for page in await walked(tenant, [opened], pages[-1].cursor) for one in page.rejects]
    assert reject.hold_type == "dispatch_does_not_fit"
    assert reject.key == dispatches(pages)[0].key


async def test_a_late_number_comes_with_the_change_of_its_shipment() -> None:
    tenant = stocked()
    opened = await tenant.shipped(sales_order(), tracking="")
    pages = await walked(tenant, [opened])
    assert dispatches(pages)[0].tracking_number is None
    tenant.clock.move(600)
    tenant.sandbox.add_tracking(opened.external_id, "JD0009")
    [late] = dispatches(await walked(tenant, [opened], pages[-1].cursor))
    assert (late.key, late.tracking_number) == (dispatches(pages)[0].key, "JD0009")


async def test_a_late_number_that_is_no_change_is_found_in_turn() -> None:
    tenant = stocked()
    tenant.sandbox.switches.tracking_is_a_change = False
    opened = [await tenant.shipped(sales_order(f"55{n:02d}-A", f"9001002{n:02d}"), tracking="") for n in range(12)]
    pages = await walked(tenant, opened)
    tenant.clock.move(600)
    for order in opened:
        tenant.sandbox.add_tracking(order.external_id, f"JD{order.key}")
    found: set[str] = set()
    for _ in range(3):
        pages = await walked(tenant, opened, pages[-1].cursor)
        found |= {one.tracking_number or "" for one in dispatches(pages)}
        tenant.clock.move(60)
    assert found == {f"JD{order.key}" for order in opened}


async def test_a_number_of_the_parcel_serves_where_the_shipment_has_none() -> None:
    tenant = stocked()
    opened = await tenant.shipped(sales_order())
    [one] = (await walked(tenant, [opened]))[0].received
    parcels = {
        "data": [{"status": "Rolled Back", "trackingNumber": "OLD"}, {"status": "Shipped", "trackingNumber": "NEW"}]
    }
    again = tenant.connector.dispatch_feed.parse({**one.raw, "trackingNumber": " ", "shippedContainers": parcels})
    assert again.record.tracking_number == "NEW"  # type: ignore[union-attr] # a Reject has none and fails


async def test_a_shipment_of_several_orders_is_held() -> None:
    tenant = stocked()
    opened = await tenant.shipped(sales_order())
    [one] = (await walked(tenant, [opened]))[0].received
    headers = {"data": one.raw["orderHeaders"]["data"] * 2}
    again = tenant.connector.dispatch_feed.parse({**one.raw, "orderHeaders": headers})
    assert "orderHeaders" not in str(vars(again) if hasattr(again, "__dict__") else again)
    assert again.hold_type == "malformed_payload"  # type: ignore[union-attr] # a Received has none and fails


async def test_an_ignored_filter_brings_nothing_old_again_and_the_walk_ends() -> None:
    tenant = stocked()
    old = [await tenant.shipped(sales_order(f"54{n:02d}-A", f"8001002{n:02d}")) for n in range(45)]
    first = await walked(tenant, old)
    assert len(dispatches(first)) == 45
    tenant.clock.move(40 * 86_400)
    first = await walked(tenant, old, first[-1].cursor)
    tenant.clock.move(3_600)
    opened = await tenant.shipped(sales_order())
    tenant.sandbox.switches.ignored = frozenset({"updatedAfter"})
    tenant.requests.clear()
    pages = await walked(tenant, [opened], first[-1].cursor)
    assert [dispatch.order_reference for dispatch in dispatches(pages)] == ["900100200"]
    assert tenant.calls("dispatch") == 1  # all that follow were made before the look-back


async def test_a_walk_that_breaks_off_goes_on_where_it_was() -> None:
    tenant = stocked()
    opened = [await tenant.shipped(sales_order(f"55{n:02d}-A", f"9001002{n:02d}")) for n in range(30)]
    first = await tenant.connector.dispatch_feed.read(None, opened)
    tenant.fault("dispatch", Fault(status=500))
    with pytest.raises(Unavailable):
        await tenant.connector.dispatch_feed.read(first.cursor, opened)
    tenant.connector = tenant.again()
    rest = await walked(tenant, opened, first.cursor)
    assert len({one.key for one in dispatches([first, *rest])}) == 30


async def test_a_shipment_of_another_business_unit_is_not_ours_though_the_filter_is_ignored() -> None:
    tenant = stocked()
    opened = await tenant.shipped(sales_order())
    tenant.sandbox.tenant.order(int(opened.external_id)).unit = "OTHER"
    tenant.sandbox.switches.ignored = frozenset({"businessUnit"})
    pages = await walked(tenant, [opened])
    assert (dispatches(pages), [one for page in pages for one in page.rejects]) == ([], [])


async def test_a_walk_that_stood_still_for_long_begins_anew_and_gives_what_it_owes() -> None:
    tenant = stocked()
    opened = [await tenant.shipped(sales_order(f"55{n:02d}-A", f"9001002{n:02d}")) for n in range(30)]
    first = await tenant.connector.dispatch_feed.read(None, opened)
    tenant.clock.move(2 * 3_600)
    tenant.requests.clear()
    rest = await walked(tenant, opened, first.cursor)
    assert "searchId" not in tenant.requests[-2].url.params  # the vendor may have forgotten the search
    assert {one.key for one in dispatches([first, *rest])} == {one.key for one in dispatches(rest)}
    assert len(dispatches(rest)) == 30


async def test_what_was_just_read_costs_no_second_page_each_minute() -> None:
    tenant = stocked()
    opened = [await tenant.shipped(sales_order(f"55{n:02d}-A", f"9001002{n:02d}")) for n in range(30)]
    pages = await walked(tenant, opened)
    assert len(pages) == 2
    tenant.clock.move(60)
    pages = await walked(tenant, opened, pages[-1].cursor)
    calls = tenant.calls("dispatch")
    for _ in range(2):
        tenant.clock.move(60)
        pages = await walked(tenant, opened, pages[-1].cursor)
        assert dispatches(pages) == []
    assert tenant.calls("dispatch") == calls + 2


async def test_a_shipment_that_shows_four_minutes_late_is_given_and_given_once() -> None:
    tenant = stocked()
    opened = [await tenant.shipped(sales_order("55-A", "900100200"))]
    pages, given = await walked(tenant, opened), list[Dispatch]()
    tenant.clock.move(60)
    pages = await walked(tenant, opened, pages[-1].cursor)  # of what it changed, the vendor's clock proves nothing new
    tenant.clock.move(180)
    opened.append(await tenant.shipped(sales_order("56-A", "900100201")))
    late = tenant.sandbox.tenant.order(int(opened[1].external_id))
    for shipment in tenant.sandbox.tenant.shipments.values():
        if shipment.order is late:
            shipment.updated_at -= timedelta(minutes=4)
    for _ in range(12):
        pages = await walked(tenant, opened, pages[-1].cursor)
        given += dispatches(pages)
        tenant.clock.move(60)
    assert [one.order_reference for one in given] == ["900100201"]


async def test_a_cursor_of_an_earlier_version_is_walked_from_the_start_of_its_window() -> None:
    tenant = stocked()
    opened = [await tenant.shipped(sales_order())]
    began_at = tenant.clock.now()
    tenant.clock.move(120)
    former = {
        "since": began_at.isoformat(),
        "began_at": began_at.isoformat(),
        "search_id": "",
        "read": [],
        "near_end": [],
    }
    assert len(dispatches(await walked(tenant, opened, json.dumps(former)))) == 1
