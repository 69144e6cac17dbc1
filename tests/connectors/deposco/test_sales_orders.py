"""Sales orders: what is sent, what counts as done, and what only this vendor does."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.deposco.settings import Service
from domain.answers import Absent, Contradicted, Done, Found, Later, Refused, Unknown
from domain.records import LineStatus, SalesOrder
from sandbox.deposco import warehouse
from sandbox.kit import Fault
from tests.connectors.deposco.harness import Harness
from tests.connectors.making import order_line, sales_order


def stocked(**settings: Any) -> Harness:
    tenant = Harness(**settings)
    tenant.put_item("MUG-1", 100)
    tenant.put_item("BOWL-1", 100)
    return tenant


async def send(tenant: Harness, order: SalesOrder) -> Any:
    return (await tenant.connector.sales_order_sink.send([order]))[order.key]


async def find(tenant: Harness, order: SalesOrder) -> Any:
    return (await tenant.connector.sales_order_sink.find([order]))[order.key]


async def test_an_order_carries_our_number_the_reference_and_its_service() -> None:
    tenant = stocked(
        facility="MK1",
        services={"Express": Service(carrier="DPD", service="Next Day", method="12:00")},
        default_service=Service(carrier="Royal Mail", service="Tracked 48"),
    )
    assert isinstance(await send(tenant, sales_order(delivery_service="Express", gift_message="Cheers")), Done)
    assert isinstance(await send(tenant, sales_order("5502-A", "900100201")), Done)
    express, other = tenant.sent("sales_order")
    assert (express["number"], express["customerOrderNumber"]) == ("JL-5501-A", "900100200")
    assert (express["shipVendor"], express["shipVia"], express["shipMethod"]) == ("DPD", "Next Day", "12:00")
    assert (other["shipVendor"], other["shipVia"]) == ("Royal Mail", "Tracked 48")
    assert express["shipFromFacility"] == {"businessKey": {"number": "MK1"}}
    assert express["shipToContact"] == {
        "firstName": "Wilhelmina",
        "lastName": "Personal",
        "phone": "07700900999",
        "email": "wilhelmina@personal.example",
    }
    assert express["notes"] == [{"title": "Gift message", "body": "Cheers"}]
    [line, _] = express["orderLines"]["data"]
    assert (line["customerLineNumber"], line["orderPackQuantity"], line["unitPrice"]) == ("5501-A-1", 2, 10)
    assert line["pack"]["businessKey"] == {"item.number": "MUG-1", "quantity": 1, "item.businessUnit.code": "JLUK"}


async def test_without_a_service_nothing_is_sent() -> None:
    tenant = stocked(default_service=None)
    answer = await send(tenant, sales_order(delivery_service="By Drone"))
    assert isinstance(answer, Refused)
    assert answer.hold_type == "unknown_value"
    assert "By Drone" in answer.reason
    assert tenant.calls("sales_order") == 0


async def test_sending_twice_is_one_order_and_no_customer_order_is_ever_written() -> None:
    tenant = stocked()
    order = sales_order()
    first, second = await send(tenant, order), await send(tenant, order)
    assert isinstance(first, Done)
    assert second == replace(first, evidence=second.evidence)
    assert tenant.count() == {"5501-A": 1}
    assert tenant.calls("customer_order") == 0
    assert tenant.sandbox.tenant.customer_orders == {}


async def test_an_order_of_more_than_ten_lines_is_done_only_when_all_of_them_are_repeated() -> None:
    tenant = stocked()
    order = sales_order(lines=tuple(order_line(f"L{number}", "MUG-1", 1) for number in range(12)))
    assert isinstance(await send(tenant, order), Done)
    assert tenant.calls("order_lines") == 1
    assert isinstance(await find(tenant, order), Found)
    [kept] = tenant.sandbox.tenant.orders.values()
    kept.lines.pop()  # one that the ten rows inside the order may not show
    assert isinstance(await find(tenant, order), Contradicted)


async def test_lines_that_cannot_be_read_leave_the_outcome_unknown() -> None:
    tenant = stocked()
    order = sales_order(lines=tuple(order_line(f"L{number}", "MUG-1", 1) for number in range(12)))
    tenant.fault("order_lines", Fault(status=500))
    assert isinstance(await send(tenant, order), Unknown)
    assert tenant.count() == {"5501-A": 1}


async def test_an_order_in_the_warehouses_hands_is_looked_up_and_not_called_refused() -> None:
    tenant = stocked()
    order = sales_order()
    done = await send(tenant, order)
    warehouse.start_picking(tenant.sandbox.tenant, tenant.sandbox.tenant.order(int(done.external_id)))
    again = await send(tenant, order)
    assert isinstance(again, Done)
    assert again.external_id == done.external_id


async def test_an_order_cancelled_there_is_never_made_again() -> None:
    tenant = stocked()
    order = sales_order()
    done = await send(tenant, order)
    warehouse.cancel(tenant.sandbox.tenant, tenant.sandbox.tenant.order(int(done.external_id)))
    found = await find(tenant, order)
    assert isinstance(found, Contradicted)
    assert "cancelled in Deposco" in found.reason
    assert await send(tenant, order) == Refused(found.reason, found.hold_type)


async def test_an_unknown_item_is_named_and_case_matters() -> None:
    tenant = stocked()
    lines = (order_line("1", "mug-1", 1), order_line("2", "BOWL-1", 1), order_line("3", " MUG-1", 1))
    answer = await send(tenant, sales_order(lines=lines))
    assert isinstance(answer, Refused)
    assert answer.hold_type == "unknown_sku"
    assert "mug-1,  MUG-1" in answer.reason
    assert tenant.count() == {}


async def test_a_concurrent_change_is_sent_again_a_little_later() -> None:
    tenant = stocked()
    tenant.fault("sales_order", Fault(status=409, body={"errors": [{"errorMessage": "The resource was updated"}]}))
    answer = await send(tenant, sales_order())
    assert isinstance(answer, Later)
    assert timedelta() < answer.at - tenant.clock.now() <= timedelta(seconds=30)


async def test_a_length_is_told_in_the_vendors_words_and_any_other_words_are_not() -> None:
    tenant = stocked()
    told = "shipToContact.lastName size must be between 0 and 30"
    tenant.fault("sales_order", Fault(status=400, body={"errors": [{"errorMessage": told}]}))
    assert await send(tenant, sales_order()) == Refused(f"Deposco refuses it: {told}.", "address")
    tenant.fault("sales_order", Fault(status=400, body={"errors": [{"errorMessage": "Wilhelmina is not welcome"}]}))
    answer = await send(tenant, sales_order())
    assert isinstance(answer, Refused)
    assert "Wilhelmina" not in answer.reason
    assert "evidence-" in answer.reason


@pytest.mark.parametrize(
    ("name", "contact"),
    [
        ("Asha Example", ("Asha", "Example")),
        ("Cher", ("", "Cher")),
        ("Maximiliana Alexandrina Featherstonehaugh", ("Maximiliana Alexandrina", "Featherstonehaugh")),
        ("Jo Antidisestablishmentarian van den Berg", ("Jo Antidisestablishmentarian", "van den Berg")),
    ],
)
async def test_a_name_is_split_so_that_nothing_is_cut(name: str, contact: tuple[str, str]) -> None:
    tenant = stocked()
    order = sales_order()
    order = order.model_copy(update={"ship_to": order.ship_to.model_copy(update={"name": name})})
    assert isinstance(await send(tenant, order), Done)
    [sent] = tenant.sent("sales_order")
    first, last = sent["shipToContact"]["firstName"], sent["shipToContact"]["lastName"]
    assert f"{first} {last}".strip() == name
    assert (first, last) == contact or max(len(first), len(last)) <= 30


async def test_a_name_that_fits_nowhere_is_held() -> None:
    tenant = stocked()
    order = sales_order()
    order = order.model_copy(update={"ship_to": order.ship_to.model_copy(update={"name": "A" * 31})})
    assert (await send(tenant, order)).hold_type == "address"
    assert tenant.calls("sales_order") == 0


async def test_only_the_lines_still_wanted_are_sent_and_either_sum_is_the_order() -> None:
    tenant = stocked()
    lines = (order_line("1", "MUG-1", 2), order_line("2", "BOWL-1", 1, status=LineStatus.CANCELLED))
    assert isinstance(await send(tenant, sales_order(lines=lines)), Done)
    [sent] = tenant.sent("sales_order")
    assert [line["lineNumber"] for line in sent["orderLines"]["data"]] == ["1"]
    whole = (lines[0], lines[1].model_copy(update={"status": LineStatus.OPEN}))
    assert isinstance(await find(tenant, sales_order(lines=whole)), Contradicted)


async def test_back_order_is_a_contradiction_of_its_own_kind() -> None:
    tenant = stocked()
    order = sales_order(lines=(order_line("1", "MUG-1", 101),))
    await send(tenant, order)
    found = await find(tenant, order)
    assert isinstance(found, Contradicted)
    assert found.hold_type == "backordered"


async def test_an_order_keyed_by_hand_is_found_by_the_customer_order_number() -> None:
    tenant = stocked()
    order = sales_order()
    keyed = tenant.sandbox.key_order_by_hand(order.reference, {"MUG-1": 2, "BOWL-1": 1})
    found = await find(tenant, order)
    assert isinstance(found, Found)
    assert found.external_id == keyed
    tenant.sandbox.tenant.order(int(keyed)).status = "Hold"
    assert isinstance(await find(tenant, order), Contradicted)


async def test_an_order_keyed_by_hand_beside_ours_is_two() -> None:
    tenant = stocked()
    order, other = sales_order(), sales_order("5502-A", "900100201")
    await send(tenant, order)
    tenant.sandbox.key_order_by_hand(order.reference, {"MUG-1": 2, "BOWL-1": 1})
    found = await tenant.connector.sales_order_sink.find([order, other])
    assert isinstance(found[order.key], Contradicted)
    assert found[other.key] == Absent()


async def test_an_undocumented_status_is_held() -> None:
    tenant = stocked()
    order = sales_order()
    done = await send(tenant, order)
    tenant.sandbox.tenant.order(int(done.external_id)).status = "Melting"
    found = await find(tenant, order)
    assert isinstance(found, Contradicted)
    assert found.hold_type == "unknown_value"
    assert "Melting" not in found.reason


@pytest.mark.parametrize("ignored", [frozenset({"number"}), frozenset({"number", "createdAfter"})])
async def test_ignored_filters_are_noticed_by_what_comes_back(ignored: frozenset[str]) -> None:
    tenant = stocked()
    orders = [sales_order(f"55{number:02d}-A", f"9001002{number:02d}") for number in range(60)]
    for order in orders[:-1]:
        await send(tenant, order)
    tenant.sandbox.switches.ignored = ignored
    for order in (orders[0], orders[30]):
        found = await find(tenant, order)
        assert isinstance(found, Found)
        assert order.key in found.evidence
    assert await find(tenant, orders[-1]) == Absent()


async def test_a_search_among_old_orders_ends_where_the_dates_show_that_the_filter_is_ignored() -> None:
    tenant = stocked()
    for number in range(80):
        await send(tenant, sales_order(f"54{number:02d}-A", f"8001002{number:02d}"))
    tenant.clock.move(3 * 86_400)
    tenant.sandbox.switches.ignored = frozenset({"number", "createdAfter"})
    tenant.requests.clear()
    order = sales_order(placed_at=tenant.clock.now())
    assert await find(tenant, order) == Absent()
    assert tenant.calls("find_sales_order") == 2


async def test_few_calls_find_one_and_many() -> None:
    tenant = stocked()
    orders = [sales_order(f"55{number:02d}-A", f"9001002{number:02d}") for number in range(30)]
    for order in orders:
        await send(tenant, order)
    tenant.requests.clear()
    await find(tenant, orders[7])
    assert tenant.calls("find_sales_order") == 1
    found = await tenant.connector.sales_order_sink.find(orders)
    assert all(isinstance(one, Found) for one in found.values())
    assert tenant.calls("find_sales_order") == 3  # two pages of 20


async def test_an_order_of_another_business_unit_under_our_number_is_not_ours() -> None:
    tenant = stocked()
    order = sales_order()
    done = await send(tenant, order)
    tenant.sandbox.tenant.order(int(done.external_id)).unit = "OTHER"
    assert await find(tenant, order) == Absent()
    tenant.sandbox.switches.ignored = frozenset({"businessUnit"})
    assert await find(tenant, order) == Absent()
