"""Shipments out: asked for by open order, joined with the order's lines, mapped the same ever after."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.magento.dispatches import Dispatches, dispatch
from connectors.roles import FeedShape, OpenOrder
from domain.answers import Fatal, NotNow, Unavailable
from domain.records import Dispatch, Page, Reject, ShippedLine
from sandbox.kit import Fault
from tests.connectors.magento.harness import Harness
from tests.connectors.making import only_dispatch, order_line, sales_order


@pytest.fixture
def harness() -> Harness:
    made = Harness()
    made.put_item("MUG-1", 100)
    made.put_item("BOWL-1", 100, ean=None)
    return made


async def read(harness: Harness, *about: OpenOrder, cursor: str | None = None) -> Page:
    return await harness.connector.dispatch_feed.read(cursor, about)


async def test_a_shipment_becomes_a_dispatch_with_the_lines_of_its_order(harness: Harness) -> None:
    order = await harness.shipped(sales_order())
    page = await read(harness, order)
    assert only_dispatch(page) == Dispatch(
        key="1",
        order_id=order.external_id,
        order_reference="900100200",
        carrier="Royal Mail",
        service="",
        tracking_number="JD0002",
        shipped_at=harness.clock.now(),
        lines=(
            ShippedLine(sku="MUG-1", quantity=2, line="5501-A-1"),
            ShippedLine(sku="BOWL-1", quantity=1, line="5501-A-2"),
        ),
    )
    assert harness.connector.dispatch_feed.shape is FeedShape.QUEUE
    assert (page.more, page.cursor, page.began_at) == (False, None, harness.clock.now())


async def test_a_carrier_code_names_the_carrier_and_the_title_its_service(harness: Harness) -> None:
    order = await harness.shipped(sales_order(), carrier="dpd:DPD Next Day")
    record = only_dispatch(await read(harness, order))
    assert (record.carrier, record.service) == ("dpd", "DPD Next Day")


async def test_a_late_tracking_number_is_seen_though_no_timestamp_moves(harness: Harness) -> None:
    order = await harness.shipped(sales_order(), tracking="")
    before = only_dispatch(await read(harness, order))
    assert (before.tracking_number, before.carrier) == (None, "")
    harness.clock.move(600)
    harness.sandbox.add_tracking(order.external_id, "LATE-77")
    after = only_dispatch(await read(harness, order))
    assert (after.tracking_number, after.key, after.shipped_at) == ("LATE-77", before.key, before.shipped_at)


async def test_two_shipments_of_an_order_are_two_dispatches(harness: Harness) -> None:
    answer = (await harness.connector.sales_order_sink.send([sales_order()]))["5501-A"]
    order_id = answer.external_id  # type: ignore[union-attr] # a create that is not done has none, and fails here
    harness.sandbox.ship(order_id, "Evri", "E-0001", {"MUG-1": 1})
    harness.sandbox.ship(order_id, "Evri", "E-0002")
    page = await read(harness, OpenOrder("5501-A", "900100200", order_id))
    found = [each.record for each in page.received]
    assert [(each.key, each.tracking_number) for each in found] == [("1", "E-0001"), ("2", "E-0002")]
    assert [line.quantity for each in found for line in each.lines] == [1, 1, 1]


async def test_two_hundred_orders_are_one_call_and_one_more_when_something_was_shipped(harness: Harness) -> None:
    open_orders = []
    for number in range(250):
        record = sales_order(f"{number}-A", f"9{number}", lines=(order_line("L1", "MUG-1", 1),))
        answer = (await harness.connector.sales_order_sink.send([record]))[record.key]
        open_orders.append(OpenOrder(record.key, record.reference, answer.external_id))  # type: ignore[union-attr] # as above
    harness.sandbox.ship(open_orders[249].external_id, "Evri", "E-0249")
    for expected_order_reads in (1, 1):  # the second poll knows the lines of the shipped order
        page, found, pages = None, [], 0
        while page is None or page.more:
            page = await read(harness, *open_orders, cursor=None if page is None else page.cursor)
            found += [each.record for each in page.received]
            pages += 1
        assert (pages, [each.order_reference for each in found]) == (2, ["9249"])
        assert harness.calls("find_sales_order") == expected_order_reads
    assert harness.calls("dispatch") == 4


async def test_without_open_orders_nobody_is_called(harness: Harness) -> None:
    page = await read(harness)
    assert (len(page), page.more) == (0, False)
    page = await read(harness, OpenOrder("k", "900", ""), OpenOrder("k2", "901", "not-an-id"))
    assert (len(page), harness.requests) == (0, [])


async def test_shipments_beyond_a_page_are_read_on() -> None:
    harness = Harness(page_size=2)
    harness.put_item("MUG-1", 100)
    orders = []
    for number in range(5):
        record = sales_order(f"{number}-A", f"9{number}", lines=(order_line("L1", "MUG-1", 1),))
        orders.append(await harness.shipped(record, f"E-000{number}"))
    page = await read(harness, *orders)
    assert [each.record.tracking_number for each in page.received] == [f"E-000{number}" for number in range(5)]


async def test_an_order_that_was_never_shipped_gives_nothing(harness: Harness) -> None:
    answer = (await harness.connector.sales_order_sink.send([sales_order()]))["5501-A"]
    page = await read(harness, OpenOrder("5501-A", "900100200", answer.external_id))  # type: ignore[union-attr] # as above
    assert len(page) == 0
    assert harness.calls("find_sales_order") == 0


# ---- originals -----------------------------------------------------------------------------------


async def test_an_original_maps_again_alone_and_from_its_kept_part(harness: Harness) -> None:
    order = await harness.shipped(sales_order())
    received = (await read(harness, order)).received[0]
    feed = harness.connector.dispatch_feed
    again, kept = feed.parse(received.raw), feed.parse(kept_part(received.raw, feed.keeps))
    assert not isinstance(again, Reject)
    assert not isinstance(kept, Reject)
    assert again.record == received.record == kept.record


def kept_part(value: Any, keeps: Any) -> Any:
    if keeps is True:
        return value
    if isinstance(value, list):
        return [kept_part(each, keeps) for each in value]
    return {name: kept_part(value[name], keeps[name]) for name in value if name in keeps}


WIRE = {
    "entity_id": 31,
    "increment_id": "000000031",
    "order_id": 12,
    "created_at": "2026-11-19 16:05:09",
    "order_reference": "900100200",
    "items": [{"entity_id": 1, "order_item_id": 10, "sku": "MUG-1", "qty": 2, "ext_order_item_id": "A-1"}],
    "tracks": [
        {"entity_id": 8, "track_number": "SECOND-1", "title": "DPD", "carrier_code": "dpd"},
        {"entity_id": 7, "track_number": "FIRST-1", "title": "Parcelforce 24", "carrier_code": "custom"},
    ],
}


def test_of_several_tracks_the_first_counts() -> None:
    record = dispatch(WIRE)
    assert (record.tracking_number, record.carrier, record.service) == ("FIRST-1", "Parcelforce 24", "")
    assert record.shipped_at == datetime(2026, 11, 19, 16, 5, 9, tzinfo=UTC)


def test_a_track_without_a_number_gives_way_to_one_that_has_it() -> None:
    wire = deepcopy(WIRE)
    wire["tracks"][1]["track_number"] = ""  # type: ignore[index] # a sample of mixed shape
    assert dispatch(wire).tracking_number == "SECOND-1"


def test_a_variant_below_its_configurable_counts_once() -> None:
    wire = deepcopy(WIRE)
    wire["items"].append({"order_item_id": 11, "sku": "MUG-1", "qty": 2, "parent_item_id": 10})  # type: ignore[attr-defined] # as above
    assert [(line.sku, line.quantity) for line in dispatch(wire).lines] == [("MUG-1", 2)]


def test_an_order_keyed_by_hand_has_no_line_ids() -> None:
    wire = deepcopy(WIRE)
    del wire["items"][0]["ext_order_item_id"]  # type: ignore[index] # as above
    assert dispatch(wire).lines[0].line is None


@pytest.mark.parametrize(
    "broken",
    [
        {"items": []},
        {"items": None},
        {"items": [{"sku": "MUG-1", "qty": 1.5}]},
        {"items": [{"sku": "MUG-1", "qty": 0}]},
        {"items": [{"sku": "MUG-1", "qty": "many"}]},
        {"items": [{"qty": 1}]},
        {"items": ["MUG-1"]},
        {"created_at": "yesterday"},
        {"created_at": None},
        {"entity_id": None},
        {"order_id": None},
        {"tracks": "TRK"},
        {"tracks": [{"track_number": 5, "entity_id": 1}]},
    ],
    ids=str,
)
async def test_a_shipment_that_cannot_be_read_is_rejected_and_spoils_no_other(
    harness: Harness, broken: dict[str, Any]
) -> None:
    order = await harness.shipped(sales_order())
    good = {**WIRE, "entity_id": 32, "order_id": int(order.external_id)}
    bad = {**WIRE, "order_id": int(order.external_id), **broken}
    body = {"items": [bad, good], "total_count": 2}
    harness.fault("dispatch", Fault(kind="error_in_200", body=body))
    page = await read(harness, order)
    assert [each.record.key for each in page.received] == ["32"]
    assert [(reject.key, reject.hold_type) for reject in page.rejects] == [
        ("31" if bad["entity_id"] else "", "malformed_payload")
    ]
    assert "MUG-1" not in page.rejects[0].reason


async def test_a_shipment_of_an_order_that_was_not_asked_for_is_not_joined_to_another(harness: Harness) -> None:
    order = await harness.shipped(sales_order())
    stray = {name: value for name, value in WIRE.items() if name != "order_reference"} | {"order_id": 777}
    harness.fault("dispatch", Fault(kind="error_in_200", body={"items": [stray], "total_count": 1}))
    page = await read(harness, order)
    assert (page.received, [reject.key for reject in page.rejects]) == ([], ["31"])


async def test_trouble_is_raised_about_the_shop(harness: Harness) -> None:
    order = await harness.shipped(sales_order())
    for kind in ("html", "truncated", "status"):
        harness.fault("dispatch", Fault(kind=kind, status=500, body={"message": "x"}))
        with pytest.raises(Unavailable):
            await read(harness, order)
    harness.fault("dispatch", Fault(kind="error_in_200", body={"items": "many"}))
    with pytest.raises(Unavailable, match="no list"):
        await read(harness, order)
    harness.sandbox.denied_resources.add("Magento_Sales::shipment")
    with pytest.raises(Fatal, match="Magento_Sales::shipment"):
        await read(harness, order)
    harness.budgets.spent_until = harness.clock.now().replace(hour=23)
    with pytest.raises(NotNow):
        await read(harness, order)


def test_parse_survives_what_is_not_an_object() -> None:
    assert isinstance(Dispatches.parse(Dispatches.__new__(Dispatches), ["x"]), Reject)  # what is hostile is a list
