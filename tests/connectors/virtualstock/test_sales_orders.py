from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.virtualstock.lists import Rows
from connectors.virtualstock.sales_orders import Place
from domain.answers import Fatal, NotNow, Unavailable
from domain.records import LineStatus, Page, Received, Reject
from sandbox.kit import Fault
from tests.connectors.virtualstock.harness import Harness
from tests.connectors.virtualstock.retailer import ACCOUNT

PERSON = {
    "full_name": "Quintessa Marrowby",
    "line_1": "7 Nowhere Mews",
    "line_2": "",
    "city": "Sampletown",
    "state": "Sampleshire",
    "postal_code": "SA1 1AA",
    "country": "United Kingdom",
    "phone": "07700900123",
    "email": "q.marrowby@example.com",
}
WIRE: dict[str, Any] = {
    "url": "https://www.sandbox.the-edge.io/restapi/v4/orders/300001/?format=json",
    "retailer": "https://www.sandbox.the-edge.io/restapi/v4/customers/13/",
    "order_reference": "SBX-100001",
    "order_date": "2026-07-04T09:15:00",
    "status": "ORDER",
    "comment": "Happy birthday",
    "test_flag": True,
    "items": [
        {
            "url": "https://www.sandbox.the-edge.io/restapi/v4/items/400001/",
            "part_number": "12345678",
            "supplier_sku_reference": "ACME-RED-M",
            "line_reference": "007",
            "quantity": 2,
            "name": "Sample product",
            "status": "ORDER",
            "unit_cost_price": "20.00",
            "subtotal": "40.00",
            "tax": "8.00",
            "tax_rate": "20.00",
            "total": "48.00",
            "promised_date": "2026-07-10T00:00:00",
            "retailer_additional_reference": "5000000000012",
        },
        {
            "part_number": "12345679",
            "supplier_sku_reference": None,
            "line_reference": "008",
            "quantity": "1",
            "status": "BACKORDER",
            "unit_cost_price": None,
            "promised_date": "2026-07-08T00:00:00",
            "retailer_additional_reference": None,
        },
    ],
    "currency_code": "GBP",
    "shipping_address": PERSON,
    "delivery_service_code": "express",
}


def london() -> Any:
    return Harness(time_zone="Europe/London").connector.sales_order_feed


def kept(raw: Any, keeps: Mapping[str, Any]) -> Any:
    if isinstance(raw, list):
        return [kept(part, keeps) for part in raw]
    return {name: raw[name] if rule is True else kept(raw[name], rule) for name, rule in keeps.items() if name in raw}


def test_an_order_is_mapped_field_by_field() -> None:
    received = london().parse(WIRE)
    assert isinstance(received, Received)
    order = received.record
    assert (order.key, order.reference, order.external_id) == ("SBX-100001", "SBX-100001", "300001")
    assert order.placed_at == datetime(2026, 7, 4, 8, 15, tzinfo=UTC)  # British Summer Time
    assert order.dispatch_by_at == datetime(2026, 7, 7, 23, 0, tzinfo=UTC)  # the earlier promise
    assert order.test
    assert (order.gift_message, order.delivery_service) == ("Happy birthday", "express")
    assert order.ship_to.country == "GB"
    assert order.ship_to.street == ("7 Nowhere Mews",)
    first, second = order.lines
    assert (first.line, first.sku, first.ean, first.stock_number) == ("007", "ACME-RED-M", "5000000000012", "12345678")
    assert (first.unit_price_net, first.tax_rate, first.tax) == (Decimal("20.00"), Decimal("20.00"), Decimal("8.00"))
    assert first.total_gross == Decimal("48.00")
    assert (second.sku, second.ean, second.quantity, second.unit_price_net) == (None, None, 1, None)
    assert (first.status, second.status) == (LineStatus.OPEN, LineStatus.BACKORDERED)


def test_what_is_kept_holds_no_person_and_still_maps() -> None:
    feed = london()
    skeleton = kept(WIRE, feed.keeps)
    assert not any(value and value in str(skeleton) for value in [*PERSON.values(), "Happy birthday"])
    received = feed.parse(skeleton)
    assert isinstance(received, Received)
    assert received.record.ship_to.name == ""
    assert [line.line for line in received.record.lines] == ["007", "008"]


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("ORDER", "open"),
        ("ORDER_ACK", "accepted"),
        ("BACKORDER", "backordered"),
        ("CANCEL", "cancel_requested"),
        ("CANCEL_ACK", "cancelled"),
        ("DISPATCH", "dispatched"),
        ("RMA", "returned"),
        ("RMA_COLLECTION_BOOKED", "returned"),
    ],
)
def test_line_states(key: str, status: str) -> None:
    received = london().parse({**WIRE, "items": [{**WIRE["items"][0], "status": key}]})
    assert received.record.lines[0].status == status


@pytest.mark.parametrize(
    ("country", "shown"),
    [
        ("GB", "GB"),
        ("UK", "GB"),
        ("England", "GB"),
        ("great britain", "GB"),
        ("Jersey", "JE"),
        ("Ruritania", "Ruritania"),
        (None, ""),
    ],
)
def test_countries(country: str | None, shown: str) -> None:
    received = london().parse({**WIRE, "shipping_address": {**PERSON, "country": country}})
    assert received.record.ship_to.country == shown


def line(**changed: Any) -> dict[str, Any]:
    return {"items": [{**WIRE["items"][0], **changed}]}


@pytest.mark.parametrize(
    ("changed", "hold_type"),
    [
        (line(status="MISLAID"), "unknown_value"),
        (line(status=None), "malformed_payload"),
        (line(quantity="two"), "malformed_payload"),
        (line(quantity=True), "malformed_payload"),
        (line(quantity=None), "malformed_payload"),
        (line(line_reference=None), "malformed_payload"),
        (line(unit_cost_price="a lot"), "malformed_payload"),
        (line(unit_cost_price="NaN"), "malformed_payload"),
        (line(promised_date="soon"), "malformed_payload"),
        ({"items": [WIRE["items"][0], WIRE["items"][0]]}, "malformed_payload"),
        ({"items": []}, "malformed_payload"),
        ({"items": None}, "malformed_payload"),
        ({"items": ["7 Nowhere Mews"]}, "malformed_payload"),
        ({"url": "https://www.sandbox.the-edge.io/restapi/v4/orders/../token"}, "malformed_payload"),
        ({"url": None}, "malformed_payload"),
        ({"order_date": None}, "malformed_payload"),
        ({"currency_code": None}, "malformed_payload"),
        ({"order_reference": None}, "malformed_payload"),
        ({"shipping_address": "7 Nowhere Mews"}, "malformed_payload"),
        ({"shipping_address": {**PERSON, "full_name": ["Quintessa Marrowby"]}}, "malformed_payload"),
        ({"test_flag": "maybe"}, "malformed_payload"),
    ],
)
def test_what_cannot_be_read_is_rejected_without_its_values(changed: dict[str, Any], hold_type: str) -> None:
    reject = london().parse({**WIRE, **changed})
    assert isinstance(reject, Reject)
    assert reject.hold_type == hold_type
    assert not any(value and value in reject.reason for value in [*PERSON.values(), "MISLAID", "a lot"])


def test_a_row_that_is_no_object_is_rejected_under_a_stable_key() -> None:
    one, other = london().parse(["x"]), london().parse(["x"])
    assert isinstance(one, Reject)
    assert one.key == other.key


async def test_cancellations_come_before_orders(edge: Harness) -> None:
    fresh = edge.place_order()
    unwanted = edge.place_order()
    edge.cancel(unwanted)
    orders = await edge.read_orders()
    assert [(order.reference, order.lines[0].status) for order in orders] == [
        (unwanted, LineStatus.CANCEL_REQUESTED),
        (fresh, LineStatus.OPEN),
    ]


async def test_an_empty_queue_costs_two_calls(edge: Harness) -> None:
    assert await edge.read_orders() == []
    assert edge.calls("orders/") == 2


async def test_one_malformed_order_spoils_nobody(edge: Harness) -> None:
    good = edge.place_order()
    edge.sandbox.place_raw(ACCOUNT, {**WIRE, "status": "ORDER", "items": None})
    page = await edge.connector.sales_order_feed.read("ORDER:0::0:", ())
    assert [one.record.reference for one in page.received] == [good]
    assert [reject.key for reject in page.rejects] == ["SBX-100001"]


async def test_pages_are_read_by_our_own_offset(edge: Harness) -> None:
    references = {edge.place_order() for _ in range(230)}
    orders = await edge.read_orders()
    assert len(orders) == 230
    assert {order.reference for order in orders} == references
    assert edge.calls("GET /restapi/v4/orders/") == 1 + 3


@pytest.mark.parametrize("gone", [1, 40, 100, 150])
async def test_rows_that_leave_while_we_page_lose_nothing(edge: Harness, gone: int) -> None:
    references = [edge.place_order() for _ in range(250)]
    feed = edge.connector.sales_order_feed
    first = await feed.read("ORDER:0::0:", ())
    for reference in references[:gone]:
        edge.acknowledge_elsewhere(reference)
    seen = {one.record.reference for one in first.received}
    page: Page = first
    while page.more:
        page = await feed.read(page.cursor, ())
        seen |= {one.record.reference for one in page.received}
    assert seen >= set(references[gone:])


@pytest.mark.parametrize("share", [1.0, 0.4, 0.01])
@pytest.mark.parametrize("number", [101, 130, 200, 250, 301])
async def test_a_page_that_repeats_or_overlaps_the_one_before_hides_no_order(
    edge: Harness, number: int, share: float
) -> None:
    references = [edge.place_order() for _ in range(number)]
    edge.sandbox.repeat_page(ACCOUNT, share)
    assert {order.reference for order in await edge.read_orders()} == set(references)
    again = await edge.read_orders()
    assert [order.reference for order in again] == references, "and the next walk reads each once"


async def test_a_page_that_is_repeated_again_and_again_is_the_systems_trouble(edge: Harness) -> None:
    references = [edge.place_order() for _ in range(130)]
    for _ in range(3):
        edge.sandbox.repeat_page(ACCOUNT)
    with pytest.raises(Unavailable, match="again and again"):
        await edge.read_orders()
    assert {order.reference for order in await edge.read_orders()} == set(references)


async def test_rows_that_move_down_while_we_page_are_no_repeat() -> None:
    page = Rows(102, [{"url": "https://edge.example/orders/7/"}])
    assert not Place("ORDER", 101, 102, last="7").repeats(page, ["7"])
    assert Place("ORDER", 100, 102, last="7").repeats(page, ["7"])


async def test_a_page_shorter_than_asked_for_is_read_on_behind_its_last_row() -> None:
    assert Place("ORDER", 100, 300).following(300, 50) == Place("ORDER", 150, 300)
    assert Place("CANCEL", 0, None).following(50, 50) == Place("ORDER", before=50)
    assert Place("ORDER", 0, None).following(0, 0) is None


async def test_a_second_retailer_is_rejected_until_one_is_chosen(edge: Harness) -> None:
    edge.place_order()
    other = {**WIRE, "retailer": "https://www.sandbox.the-edge.io/restapi/v4/customers/14/"}
    edge.sandbox.place_raw(ACCOUNT, {**other, "url": "https://elsewhere.example/restapi/v4/orders/999999/"})
    page = await edge.connector.sales_order_feed.read("ORDER:0::0:", ())
    assert len(page.received) == 1
    assert "retailer_id" in page.rejects[0].reason
    chosen = edge.connect(retailer_id=13).sales_order_feed
    assert isinstance(chosen.parse(other), Reject)
    assert isinstance(chosen.parse(WIRE), Received)


async def test_retailer_filter_is_sent(edge: Harness) -> None:
    edge.place_order()
    assert len((await edge.connect(retailer_id=13).sales_order_feed.read("ORDER:0::0:", ())).received) == 1
    assert len((await edge.connect(retailer_id=14).sales_order_feed.read("ORDER:0::0:", ())).received) == 0


async def test_read_and_parse_agree(edge: Harness) -> None:
    edge.place_order(1, 2)
    page = await edge.connector.sales_order_feed.read("ORDER:0::0:", ())
    again = edge.connector.sales_order_feed.parse(page.received[0].raw)
    assert isinstance(again, Received)
    assert again.record == page.received[0].record


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (Fault(status=500), Unavailable),
        (Fault("html", status=500), Unavailable),
        (Fault("html", status=200), Unavailable),
        (Fault("truncated"), Unavailable),
        (Fault("error_in_200", body={"detail": "down"}), Unavailable),
        (Fault("error_in_200", body={"count": 3, "next": None, "previous": None, "results": []}), Unavailable),
        (Fault(status=429, body={"detail": "Request was throttled."}, headers={"Retry-After": "20"}), NotNow),
        (Fault(status=404, body={"detail": "Not found."}), Fatal),
        (Fault(status=403, body={"detail": "no"}), Fatal),
    ],
)
async def test_trouble_speaks_of_the_system(edge: Harness, fault: Fault, raised: type[Exception]) -> None:
    edge.place_order(shipping_address=PERSON)
    edge.fault("sales_orders", fault)
    with pytest.raises(raised) as trouble:
        await edge.connector.sales_order_feed.read(None, ())
    assert not any(value and value in str(trouble.value) for value in PERSON.values())


async def test_the_total_is_told_when_both_queues_are_counted(edge: Harness) -> None:
    for _ in range(3):
        edge.cancel(edge.place_order())
    for _ in range(130):
        edge.place_order()
    feed = edge.connector.sales_order_feed
    pages = [await feed.read(None, ())]
    while pages[-1].more:
        pages.append(await feed.read(pages[-1].cursor, ()))
    assert [(len(page), page.total) for page in pages] == [(3, None), (100, 133), (30, 133)]
