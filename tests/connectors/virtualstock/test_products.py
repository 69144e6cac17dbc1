from datetime import timedelta
from typing import Any

import pytest

from connectors.virtualstock.availability import pages_are_cheaper
from domain.answers import (
    Absent,
    Accepted,
    Contradicted,
    Done,
    Fatal,
    Fewer,
    Found,
    Later,
    NotNow,
    Refused,
    Unavailable,
    Unknown,
)
from domain.budgets import Lane
from domain.records import Carrier, Item, Received, Reject
from sandbox.kit import Fault
from tests.connectors.virtualstock.harness import Harness
from tests.connectors.virtualstock.retailer import ACCOUNT, EAN


async def send(edge: Harness, record: Any) -> Any:
    return (await edge.connector.availability_sink.send([record]))[record.key]


async def find(edge: Harness, record: Any) -> Any:
    return (await edge.connector.availability_sink.find([record]))[record.key]


async def test_the_number_is_set_and_done(edge: Harness) -> None:
    product = edge.list_product()
    answer = await send(edge, edge.availability(7, product))
    assert answer == Done(f"product {product}: The Edge took 7", product)
    assert edge.sandbox.published(ACCOUNT, "RED-M") == 7
    assert edge.calls("PATCH") == 1
    assert edge.calls("GET") == 0


async def test_zero_is_urgent(edge: Harness) -> None:
    product = edge.list_product()
    await send(edge, edge.availability(0, product))
    await send(edge, edge.availability(5, product))
    assert edge.budgets.taken == [Lane.URGENT, Lane.URGENT, Lane.NORMAL]  # the first is the token


async def test_without_an_id_the_product_is_looked_up(edge: Harness) -> None:
    edge.list_product("RED-L", "12345678")  # another listing under the same number
    product = edge.list_product("RED-M", "12345678")
    answer = await send(edge, edge.availability(3))
    assert isinstance(answer, Done)
    assert answer.external_id == product
    assert edge.sandbox.published(ACCOUNT, "RED-L") == 100


async def test_a_product_that_became_the_listing_of_another_sku_proves_nothing(edge: Harness) -> None:
    product = edge.list_product("OTHER", "12345678")
    await send(edge, edge.availability(3, product))
    finding = await find(edge, edge.availability(3, product))
    assert finding == Contradicted(f"product {product} is the listing of OTHER now; run the items loop")


async def test_no_product_is_a_listing_without_an_item(edge: Harness) -> None:
    edge.list_product("OTHER", "12345678")
    for record in (edge.availability(3), edge.availability(3, "999999"), edge.availability(3, "../token")):
        answer = await send(edge, record)
        assert isinstance(answer, Refused)
        assert answer.hold_type == "listing_without_item"
    assert edge.sandbox.published(ACCOUNT, "OTHER") == 100


async def test_two_products_that_fit_are_a_contradiction(edge: Harness) -> None:
    edge.list_product()
    twin = edge.sandbox.add_product(
        ACCOUNT, stock_number="12345678", sku="twin", ean=EAN, extra={"modelNo": "RED-M"}, free_stock=1
    )
    answer = await send(edge, edge.availability(3))
    assert isinstance(answer, Refused)
    assert answer.hold_type == "contradiction"
    assert isinstance(await find(edge, edge.availability(3)), Contradicted)
    assert isinstance(await find(edge, edge.availability(1, twin)), Found)


async def test_publishing_is_later_for_that_product_only(edge: Harness) -> None:
    red, blue = edge.list_product(), edge.list_product("BLUE-M", "87654321")
    edge.sandbox.publishing(ACCOUNT, "RED-M", 60)
    records = [edge.availability(3, red), edge.availability(4, blue, "BLUE-M", "87654321")]
    answers = await edge.connector.availability_sink.send(records)
    assert isinstance(answers["RED-M"], Later)
    assert answers["RED-M"].at == edge.clock.now() + timedelta(minutes=3)
    assert isinstance(answers["BLUE-M"], Done)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(status=500), Unknown),
        (Fault("html", status=200), Unknown),
        (Fault("truncated"), Unknown),
        (Fault("error_in_200", body={"detail": "down"}), Unknown),
        (Fault("error_in_200", body={"supplier_free_stock": 8}), Unknown),
        (Fault("error_in_200", body=["down"]), Unknown),
        (Fault("error_in_200", body={"supplier_free_stock": "7"}), Done),
        (Fault(status=200, body=""), Accepted),
        (Fault(status=204, body=""), Accepted),
        (Fault(status=400, body={"supplier_free_stock": ["A valid integer is required."]}), Refused),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_faults(edge: Harness, fault: Fault, expected: type, when: Any) -> None:
    product = edge.list_product()
    edge.fault("availability", Fault(**{**fault.__dict__, "when": when}))
    record = edge.availability(7, product)
    assert isinstance(await send(edge, record), expected)
    assert isinstance(await find(edge, record), Found if when == "after" else Absent)


async def test_throttled_waits_until_the_vendors_time(edge: Harness) -> None:
    record = edge.availability(7, edge.list_product())
    edge.fault("availability", Fault(status=429, headers={"Retry-After": "9"}))
    with pytest.raises(NotNow) as wait:
        await send(edge, record)
    assert wait.value.at == edge.clock.now() + timedelta(seconds=9)


async def test_a_lower_number_was_sold_down_and_a_higher_one_is_not_ours(edge: Harness) -> None:
    product = edge.list_product(free_stock=0)
    await send(edge, edge.availability(7, product))
    edge.sandbox.buy(ACCOUNT, "RED-M", 3)
    finding = await find(edge, edge.availability(7, product))
    assert finding == Fewer(4, f"product {product} shows 4 of 7")
    assert await find(edge, edge.availability(3, product)) == Absent()


async def test_find_compares_the_shown_number(edge: Harness) -> None:
    product = edge.list_product(free_stock=4)
    assert isinstance(await find(edge, edge.availability(4, product)), Found)
    assert isinstance(await find(edge, edge.availability(4)), Found)
    assert await find(edge, edge.availability(3, product)) == Absent()
    assert await find(edge, edge.availability(5, "999999")) == Absent()
    edge.sandbox.state.supplier(ACCOUNT).products.by_sku("RED-M").data["free_stock"] = 4  # a number this time
    assert isinstance(await find(edge, edge.availability(4, product)), Found)


async def test_a_product_without_the_stock_field_is_a_contradiction(edge: Harness) -> None:
    product = edge.list_product()
    edge.connector = edge.connect(stock_field="supplier_free_stock")
    finding = await find(edge, edge.availability(4, product))
    assert isinstance(finding, Contradicted)
    assert "stock_field" in finding.reason


async def test_many_are_found_in_pages_and_few_of_many_singly(edge: Harness) -> None:
    records = [
        edge.availability(n, edge.list_product(f"SKU-{n}", f"{n:08d}", free_stock=n), f"SKU-{n}", f"{n:08d}")
        for n in range(350)
    ]
    sink = edge.connector.availability_sink
    assert all(isinstance(one, Found) for one in (await sink.find(records)).values())
    assert edge.calls("GET") == 4
    assert all(isinstance(one, Found) for one in (await sink.find(records[:2])).values())
    assert edge.calls("GET") == 4 + 2


def test_pages_against_single_reads() -> None:
    assert pages_are_cheaper(170, 5_000)
    assert not pages_are_cheaper(170, 1_000_000)


async def test_the_listings_are_a_whole_snapshot(edge: Harness) -> None:
    for number in range(120):
        edge.list_product(f"SKU-{number}", f"{number:08d}")
    feed = edge.connector.item_feed
    first = await feed.read(None, ())
    began_at = edge.clock.now()
    assert (len(first.received), first.more, first.complete) == (100, True, False)
    edge.clock.move(30)
    last = await feed.read(first.cursor, ())
    assert (len(last.received), last.more, last.complete) == (20, False, True)
    assert last.began_at == first.began_at == began_at
    assert first.received[3].record == Item(sku="SKU-3", ean=EAN, stock_number="00000003", external_id="617004")
    assert set(edge.budgets.taken[1:]) == {Lane.BULK}


async def test_a_list_that_changes_its_length_is_not_whole(edge: Harness) -> None:
    for number in range(120):
        edge.list_product(f"SKU-{number}", f"{number:08d}")
    first = await edge.connector.item_feed.read(None, ())
    edge.list_product("NEW", "99999999")
    assert not (await edge.connector.item_feed.read(first.cursor, ())).complete


async def test_no_listings_at_all_are_a_whole_snapshot(edge: Harness) -> None:
    page = await edge.connector.item_feed.read(None, ())
    assert (len(page), page.more, page.complete) == (0, False, True)


def test_listings_that_are_odd(edge: Harness) -> None:
    feed = edge.connector.item_feed
    wire = {"url": "https://x.example/api/v4/products/617172/?format=json", "part_number": "12345678"}
    bare = feed.parse({**wire, "data": {"modelNo": None, "tradedCode": "ACME-RED-M"}})
    assert isinstance(bare, Received)
    assert bare.record == Item(sku="", ean=None, stock_number="12345678", external_id="617172")
    assert bare.record.key == "12345678"
    odd: list[Any] = [{**wire, "data": None}, {**wire, "url": "617172", "data": {}}, {"data": {}}, ["x"]]
    for broken in odd:
        assert isinstance(feed.parse(broken), Reject)


async def test_field_names_are_options(edge: Harness) -> None:
    edge.sandbox.add_product(
        ACCOUNT, stock_number="1", sku="x", ean=EAN, extra={"supplier_part_no": "RED-M", "barcode": "5000000000029"}
    )
    feed = edge.connect(sku_field="supplier_part_no", ean_field="barcode").item_feed
    item = (await feed.read(None, ())).received[0].record
    assert (item.sku, item.ean) == ("RED-M", "5000000000029")
    assert feed.keeps["data"] == {"supplier_part_no": True, "barcode": True, "free_stock": True}


async def test_carriers(edge: Harness) -> None:
    edge.sandbox.carriers.append({"id": 1, "slug": None, "name": "Nobody"})
    carriers = await edge.connector.carriers()
    assert Carrier(code="royal-mail", name="Royal Mail") in carriers
    assert "Nobody" not in {carrier.name for carrier in carriers}
    edge.sandbox.faults.append(Fault("error_in_200", path=".*carriers/", body={"results": []}))
    with pytest.raises(Unavailable):
        await edge.connector.carriers()


async def test_check_names_the_retailer(edge: Harness) -> None:
    assert await edge.connector.check() == "The Edge, for Pretend Department Store (13)"
    with pytest.raises(Fatal, match="retailer_id"):
        await edge.connect(retailer_id=14).check()


async def test_check_wants_a_choice_among_several_retailers(edge: Harness) -> None:
    rows = [{"id": 13, "name": "One"}, {"id": 14, "name": "Two"}]
    edge.sandbox.faults.append(Fault("error_in_200", path=".*customers/", body={"count": 2, "results": rows}, times=2))
    with pytest.raises(Fatal, match="retailer_id"):
        await edge.connector.check()
    assert await edge.connect(retailer_id=14).check() == "The Edge, for One (13), Two (14)"


def test_options_are_checked(edge: Harness) -> None:
    with pytest.raises(ValueError, match="no such time zone"):
        edge.connect(time_zone="Europe/Nowhere")
    with pytest.raises(ValueError, match="surprise"):
        edge.connect(surprise=1)
