"""Shipments out: asked for by open order, without the moves of picking, in both spellings of a day."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.fulfil.dispatches import dispatch_of
from connectors.reading import Unreadable
from connectors.roles import FeedShape, OpenOrder
from domain.answers import Unavailable
from domain.records import Dispatch, Page, Reject, ShippedLine
from sandbox.kit import Fault
from tests.connectors.fulfil.harness import Harness, stocked
from tests.connectors.making import only_dispatch, order_line, sales_order

RAW: dict[str, Any] = {
    "id": 881,
    "state": "done",
    "effective_date": {"__class__": "date", "year": 2026, "month": 3, "day": 2},
    "tracking_number_blurb": {"title": "JD1", "subtitle": [["Carrier", "Royal Mail"], ["link", "Track", "https://t"]]},
    "carrier.rec_name": "RM account 7",
    "carrier_service.rec_name": None,
    "sale": {"id": 1203, "reference": "900100200"},
    "lines": [{"product.code": "MUG-1", "quantity": 2.0, "state": "done"}],
}


@pytest.fixture
def harness() -> Harness:
    return stocked()


async def read(harness: Harness, *about: OpenOrder, cursor: str | None = None) -> Page:
    return await harness.connector.dispatch_feed.read(cursor, about)


async def test_a_shipment_becomes_a_dispatch_and_nothing_of_it_counts_twice(harness: Harness) -> None:
    order = await harness.shipped(sales_order(), carrier="Royal Mail|Tracked 24")
    page = await read(harness, order)
    [shipment] = harness.tenant.sales[int(order.external_id)].shipments
    assert len(shipment.moves) == 4, "two of picking, two that leave"
    assert only_dispatch(page) == Dispatch(
        key=str(shipment.id),
        order_id=order.external_id,
        order_reference="900100200",
        carrier="Royal Mail",
        service="Tracked 24",
        tracking_number="JD0002",
        shipped_at=datetime(2026, 3, 2, tzinfo=UTC),
        lines=(ShippedLine(sku="MUG-1", quantity=2), ShippedLine(sku="BOWL-1", quantity=1)),
    )
    assert harness.connector.dispatch_feed.shape is FeedShape.QUEUE
    assert (page.more, page.cursor, page.began_at) == (False, None, harness.clock.now())


async def test_a_tenant_whose_moves_are_only_those_that_leave_reads_the_same(harness: Harness) -> None:
    order = await harness.shipped(sales_order())
    harness.sandbox.switches.inner_moves = False
    assert [line.quantity for line in only_dispatch(await read(harness, order)).lines] == [2, 1]


async def test_what_has_not_left_is_no_dispatch(harness: Harness) -> None:
    order = await harness.created(sales_order())
    for _ in range(2):
        assert len(await read(harness, order)) == 0
        [shipment] = harness.tenant.sales[int(order.external_id)].shipments
        if shipment.state == "assigned":
            harness.tenant.pack(shipment)
    assert harness.calls("stock.move", "search_read") == 0


async def test_a_late_tracking_number_is_seen(harness: Harness) -> None:
    order = await harness.shipped(sales_order(), tracking="")
    before = only_dispatch(await read(harness, order))
    assert (before.tracking_number, before.carrier) == (None, "Royal Mail")
    harness.sandbox.add_tracking(order.external_id, "LATE-77")
    after = only_dispatch(await read(harness, order))
    assert (after.tracking_number, after.key, after.shipped_at) == ("LATE-77", before.key, before.shipped_at)


async def test_parts_of_an_order_are_dispatches_of_their_own(harness: Harness) -> None:
    order = await harness.created(sales_order())
    harness.sandbox.ship(order.external_id, "Evri", "E-1", {"MUG-1": 1})
    assert [line.quantity for line in only_dispatch(await read(harness, order)).lines] == [1]
    harness.sandbox.ship(order.external_id, "Evri", "E-2")
    found = [each.record for each in (await read(harness, order)).received]
    assert [each.tracking_number for each in found] == ["E-1", "E-2"]
    units = [(line.sku, line.quantity) for each in found for line in each.lines]
    assert units == [("MUG-1", 1), ("MUG-1", 1), ("BOWL-1", 1)]


async def test_a_page_of_orders_costs_three_calls(harness: Harness) -> None:
    harness.tenant.products["MUG-1"].history.clear()
    harness.sandbox.receive_stock("MUG-1", 500)
    lines = (order_line("L1", "MUG-1", 1),)
    numbers = range(251)
    orders = [await harness.shipped(sales_order(f"{each}-A", f"9{each:05d}", lines=lines)) for each in numbers]
    harness.requests.clear()
    page = await read(harness, *orders)
    assert (len(page.received), page.more, len(harness.requests)) == (250, True, 3)
    assert len((await read(harness, *orders, cursor=page.cursor)).received) == 1


async def test_orders_without_an_id_of_fulfils_are_not_asked_for(harness: Harness) -> None:
    assert len(await read(harness, OpenOrder("k", "r", ""), OpenOrder("k2", "r2", "٣"))) == 0
    assert not harness.requests


async def test_the_customer_order_number_is_the_one_on_the_sale_there(harness: Harness) -> None:
    order = await harness.shipped(sales_order())
    asked = order._replace(reference="what we believe")
    assert only_dispatch(await read(harness, asked)).order_reference == "900100200"


@pytest.mark.parametrize(
    "effective_date",
    [
        {"__class__": "date", "iso_string": "2026-06-05"},
        {"__class__": "date", "year": 2026, "month": 6, "day": 5},
    ],
)
def test_a_day_is_read_in_both_spellings_and_stays_that_day_in_summer(effective_date: Any) -> None:
    shipped_at = dispatch_of({**RAW, "effective_date": effective_date}).shipped_at
    assert shipped_at == datetime(2026, 6, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("blurb", "carrier", "number"),
    [
        (RAW["tracking_number_blurb"], "Royal Mail", "JD1"),
        ({"title": "N/A", "subtitle": []}, "RM account 7", None),
        ({"title": " ", "subtitle": [["Carrier"]]}, "RM account 7", None),
        (None, "RM account 7", None),
        ({"title": "JD1", "subtitle": [["Carrier", "trade", "DPD"]]}, "DPD", "JD1"),
        ({"title": "JD1", "subtitle": [["Carrier", None]]}, "RM account 7", "JD1"),
    ],
)
def test_the_blurb_gives_number_and_carrier_or_the_shipment_does(blurb: Any, carrier: str, number: str | None) -> None:
    record = dispatch_of({**RAW, "tracking_number_blurb": blurb})
    assert (record.carrier, record.tracking_number) == (carrier, number)


@pytest.mark.parametrize(
    ("changes", "hold_type"),
    [
        ({"state": "shipped"}, "unknown_value"),
        ({"lines": [{"product.code": "MUG-1", "quantity": 1, "state": "gone"}]}, "unknown_value"),
        ({"lines": [{"product.code": "MUG-1", "quantity": 1, "state": "cancel"}]}, "malformed_payload"),
        ({"lines": [{"product.code": "MUG-1", "quantity": 1.5, "state": "done"}]}, "malformed_payload"),
        ({"lines": [{"product.code": "MUG-1", "quantity": -1, "state": "done"}]}, "malformed_payload"),
        ({"lines": []}, "malformed_payload"),
        ({"effective_date": None}, "malformed_payload"),
        ({"effective_date": "2026-03-02"}, "malformed_payload"),
        ({"effective_date": {"__class__": "datetime", "iso_string": "2026-03-02"}}, "malformed_payload"),
        ({"effective_date": {"__class__": "date", "year": 2026, "month": True, "day": 2}}, "malformed_payload"),
        ({"sale": None}, "malformed_payload"),
    ],
    ids=str,
)
def test_a_shipment_that_cannot_be_read_says_why(changes: dict[str, Any], hold_type: str) -> None:
    with pytest.raises(Unreadable) as fault:
        dispatch_of({**deepcopy(RAW), **changes})
    assert fault.value.hold_type == hold_type


def test_a_typed_decimal_is_a_quantity_too() -> None:
    line = {"product.code": "MUG-1", "quantity": {"__class__": "Decimal", "decimal": "3"}, "state": "done"}
    assert dispatch_of({**RAW, "lines": [line]}).lines == (ShippedLine(sku="MUG-1", quantity=3),)


async def test_an_undocumented_state_is_kept_and_held(harness: Harness) -> None:
    order = await harness.shipped(sales_order())
    harness.tenant.sales[int(order.external_id)].shipments[0].state = "teleported"
    [reject] = (await read(harness, order)).rejects
    assert (reject.hold_type, "teleported" in reject.reason) == ("unknown_value", False)
    assert isinstance(harness.connector.dispatch_feed.parse(reject.raw), Reject)


async def test_a_helping_list_that_cannot_be_read_is_the_systems_trouble(harness: Harness) -> None:
    order = await harness.shipped(sales_order())
    for path, body in (
        ("sale.sale", [{"id": 1, "reference": "r"}]),
        ("sale.sale", ["text"]),
        ("stock.move", [None]),
        ("stock.move", {"__class__": "AsyncResult"}),
    ):
        fault = Fault("error_in_200", "PUT", f"/api/v2/model/{path}/search_read".replace(".", r"\."), body=body)
        harness.sandbox.faults.append(fault)
        with pytest.raises(Unavailable):
            await read(harness, order)
    assert len((await read(harness, order)).received) == 1
