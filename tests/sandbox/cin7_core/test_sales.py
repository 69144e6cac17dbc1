"""The sale and its order: every accepted step, and every refused one."""

from typing import Any

import pytest

from tests.sandbox.cin7_core.desk import ADDRESS, JUG, MUG, VASE, VAT, Desk

HEADER: dict[str, Any] = {"Customer": "John Lewis Marketplace", "SkipQuote": True, "Location": "Main Warehouse"}


async def test_a_header_alone_is_estimated_and_has_no_lines(desk: Desk) -> None:
    sale = await desk.header()
    assert (sale["Status"], sale["Quote"]["Status"], sale["Order"]["Status"]) == (
        "ESTIMATED",
        "AUTHORISED",
        "NOT AVAILABLE",
    )
    assert (sale["Order"]["Lines"], sale["Order"]["SaleOrderNumber"], sale["Fulfilments"]) == ([], None, [])
    (row,) = (await desk.get("saleList", ExternalID="JL-1-A"))["SaleList"]
    assert (row["Status"], row["OrderStatus"], row["OrderNumber"]) == ("ESTIMATED", "NOT AVAILABLE", None)
    assert await desk.stock(MUG) == (10, 0, 10)


async def test_without_skip_quote_the_order_is_refused(desk: Desk) -> None:
    sale = await desk.header(SkipQuote=False)
    assert sale["Status"] == "DRAFT"
    body = {"SaleID": sale["ID"], "Status": "AUTHORISED", "Lines": [await desk.line()]}
    assert "Quote status is DRAFT" in await desk.refused("POST", "sale/order", body)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Customer": "Nobody"}, "Active customer with name Nobody was not found in Customers reference book"),
        ({"Customer": None}, "CustomerID or Customer is required"),
        ({"Terms": "cash"}, "Active payment term with name cash was not found in Payment Terms reference book"),
        ({"Terms": "60 days"}, "Active payment term with name 60 days was not found in Payment Terms reference book"),
        ({"TaxRule": "20% (VAT on Expenses)"}, "Active sale tax rule with name 20% (VAT on Expenses) was not found"),
        ({"Location": "Moon"}, "Active location with name Moon was not found in Locations reference book"),
        ({"Location": None}, "Location is required"),
        ({"Type": "Service"}, ""),
        ({"TaxCalculation": "None"}, "TaxCalculation must be"),
        ({"SaleOrderDate": "05/01/2026"}, "SaleOrderDate is not a valid date"),
        ({"CustomerReference": 300}, "CustomerReference must be a string"),
        ({"ShippingAddress": {**ADDRESS, "Line1": ""}}, "ShippingAddress: Line1 is required"),
        ({"BillingAddress": {**ADDRESS, "Country": None}}, "BillingAddress: Country is required"),
        ({"BillingAddress": {**ADDRESS, "Postcode": "X" * 21}}, "Postcode exceeds the maximum length of 20"),
        ({"ShippingNotes": "x" * 1025}, "ShippingNotes exceeds the maximum length of 1024"),
        ({"CurrencyRate": "dear"}, "CurrencyRate must be a number"),
    ],
)
async def test_a_header_that_breaks_a_rule_is_refused_and_leaves_nothing(
    desk: Desk, change: dict[str, Any], message: str
) -> None:
    assert message in await desk.refused("POST", "sale", {**HEADER, **change})
    assert (await desk.get("saleList"))["Total"] == 0


async def test_ship_to_other_keeps_the_customers_address_book_clean(desk: Desk) -> None:
    await desk.send("POST", "sale", {**HEADER, "ShippingAddress": {**ADDRESS, "ShipToOther": True}})
    assert (await desk.get("customer", Name="John"))["CustomerList"][0]["Addresses"] == []
    for _ in range(2):
        await desk.send("POST", "sale", {**HEADER, "ShippingAddress": {**ADDRESS, "ShipToOther": False}})
    (kept,) = (await desk.get("customer", Name="John"))["CustomerList"][0]["Addresses"]
    assert kept["Line1"] == ADDRESS["Line1"]


async def test_a_draft_order_keeps_no_stock_and_its_lines_are_replaced(desk: Desk) -> None:
    sale = await desk.order({MUG: 3, JUG: 1}, status="DRAFT")
    assert (sale["Status"], sale["Order"]["SaleOrderNumber"]) == ("ORDERING", "SO-00001")
    assert await desk.stock(MUG) == (10, 0, 10)
    body = {"SaleID": sale["ID"], "Status": "DRAFT", "Lines": [await desk.line(VASE, 2)]}
    order = await desk.send("POST", "sale/order", body)
    assert [(line["SKU"], line["Quantity"]) for line in order["Lines"]] == [(VASE, 2)]
    assert order["SaleOrderNumber"] == "SO-00001"


async def test_an_authorised_order_keeps_stock_and_echoes_its_lines(desk: Desk) -> None:
    sale = await desk.header()
    body = {"SaleID": sale["ID"], "Status": "AUTHORISED", "Memo": "m", "Lines": [await desk.line(JUG, 2)]}
    order = await desk.send("POST", "sale/order", body)
    (line,) = order["Lines"]
    assert line == {
        **body["Lines"][0],
        "AverageCost": 12.25,
        "BackorderQuantity": 0,
        "Backorder": False,
        "DropShip": False,
    }
    assert (order["TotalBeforeTax"], order["Tax"], order["Total"], order["Memo"]) == (49, 9.8, 58.8, "m")
    assert order == await desk.get("sale/order", SaleID=sale["ID"])
    assert (await desk.get("sale", ID=sale["ID"]))["Status"] == "ORDERED"
    assert await desk.stock(JUG) == (4, 2, 2)


async def test_with_inclusive_tax_the_lines_contain_it(desk: Desk) -> None:
    sale = await desk.header(TaxCalculation="Inclusive")
    line = await desk.line(JUG, 2, Price=24.995, Tax=8.33, Total=49.99)
    order = await desk.send("POST", "sale/order", {"SaleID": sale["ID"], "Status": "DRAFT", "Lines": [line]})
    assert (order["TotalBeforeTax"], order["Tax"], order["Total"]) == (41.66, 8.33, 49.99)


@pytest.mark.parametrize("name", ["ProductID", "SKU", "Name", "Quantity", "Price", "Tax", "TaxRule"])
async def test_an_order_line_without_a_required_field_is_refused(desk: Desk, name: str) -> None:
    sale = await desk.header()
    line = await desk.line()
    del line[name]
    message = await desk.refused("POST", "sale/order", {"SaleID": sale["ID"], "Status": "DRAFT", "Lines": [line]})
    assert f"{name} is required" in message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Quantity": 0}, "Quantity must be at least 1"),
        ({"Total": 9.98}, "Total 9.98 does not match"),
        ({"Discount": 10}, "does not match"),
        ({"Discount": 101, "Total": 0}, "Discount must be between 0 and 100"),
        ({"TaxRule": "VAT"}, "Active sale tax rule with name VAT was not found"),
        ({"ProductID": "00000000-0000-4000-8000-000000000009"}, "was not found in Products reference book"),
        ({"SKU": JUG}, "does not have SKU"),
        ({"Price": "ten"}, "Price must be a number"),
        ({"Comment": "c" * 257}, "Comment exceeds"),
    ],
)
async def test_an_order_line_that_breaks_a_rule_is_refused(desk: Desk, change: dict[str, Any], message: str) -> None:
    sale = await desk.header()
    body = {"SaleID": sale["ID"], "Status": "AUTHORISED", "Lines": [await desk.line(**change)]}
    assert message in await desk.refused("POST", "sale/order", body)
    assert (await desk.get("sale", ID=sale["ID"]))["Order"]["Status"] == "NOT AVAILABLE"
    assert await desk.stock(MUG) == (10, 0, 10)


async def test_a_total_within_a_penny_is_accepted(desk: Desk) -> None:
    sale = await desk.header()
    line = await desk.line(MUG, 3, Price=3.3333, Discount=5, Total=9.5)
    await desk.send("POST", "sale/order", {"SaleID": sale["ID"], "Status": "DRAFT", "Lines": [line]})


async def test_an_order_is_refused_in_every_wrong_state(desk: Desk) -> None:
    sale = await desk.order({MUG: 1})
    again = {"SaleID": sale["ID"], "Status": "AUTHORISED", "Lines": [await desk.line()]}
    assert "Order status is AUTHORISED" in await desk.refused("POST", "sale/order", again)
    await desk.send("DELETE", "sale", ID=sale["ID"], Void="true")
    assert "Order status is VOIDED" in await desk.refused("POST", "sale/order", again)
    assert "VOIDED" in await desk.refused("PUT", "sale", {"ID": sale["ID"], "Note": "n"})
    fresh = await desk.header()
    for status in ("VOIDED", "", None):
        body = {"SaleID": fresh["ID"], "Status": status, "Lines": [await desk.line()]}
        assert "Status must be DRAFT or AUTHORISED" in await desk.refused("POST", "sale/order", body)
    empty = {"SaleID": fresh["ID"], "Status": "AUTHORISED", "Lines": []}
    assert "Lines or AdditionalCharges are required" in await desk.refused("POST", "sale/order", empty)
    unknown = {"SaleID": "00000000-0000-4000-8000-000000000009", "Status": "DRAFT"}
    assert "was not found" in await desk.refused("POST", "sale/order", unknown)


async def test_a_charge_must_name_a_service_product(desk: Desk) -> None:
    sale = await desk.header()
    charge = {"Description": "Shipping", "Price": 3.5, "Quantity": 1, "Tax": 0.7, "TaxRule": VAT, "Total": 3.5}
    body = {"SaleID": sale["ID"], "Status": "DRAFT", "Lines": [await desk.line()], "AdditionalCharges": [charge]}
    assert (await desk.send("POST", "sale/order", body))["Total"] == 16.2
    body["AdditionalCharges"] = [{**charge, "Description": "Gift wrap"}]
    assert "Service product with name Gift wrap was not found" in await desk.refused("POST", "sale/order", body)


async def test_a_nested_order_is_made_with_its_sale_or_not_at_all(desk: Desk) -> None:
    order = {"Status": "AUTHORISED", "Lines": [await desk.line(MUG, 2)]}
    sale = await desk.send("POST", "sale", {**HEADER, "Order": order})
    assert (sale["Status"], sale["Order"]["SaleOrderNumber"]) == ("ORDERED", "SO-00001")
    order["Lines"] = [await desk.line(MUG, 2, Total=1)]
    await desk.refused("POST", "sale", {**HEADER, "Order": order})
    assert (await desk.get("saleList"))["Total"] == 1
    assert await desk.stock(MUG) == (10, 2, 8)


async def test_what_is_not_there_becomes_a_back_order_in_silence(desk: Desk) -> None:
    sale = await desk.order({MUG: 12, JUG: 1})
    assert (sale["Status"], sale["Order"]["Status"]) == ("BACKORDERED", "AUTHORISED")
    assert [(line["BackorderQuantity"], line["Backorder"]) for line in sale["Order"]["Lines"]] == [
        (2, True),
        (0, False),
    ]
    assert await desk.stock(MUG) == (10, 10, 0)
    desk.system.receive_stock(MUG, 5)
    assert (await desk.get("sale", ID=sale["ID"]))["Status"] == "ORDERED"
    assert await desk.stock(MUG) == (15, 12, 3)


async def test_void_releases_the_stock_and_its_answer_lacks_the_combined_statuses(desk: Desk) -> None:
    sale = await desk.order({MUG: 4})
    voided = await desk.send("DELETE", "sale", ID=sale["ID"], Void="true")
    assert voided["Status"] == "VOIDED"
    assert set(sale) - set(voided) == {
        "Carrier",
        "FulFilmentStatus",
        "CombinedTrackingNumbers",
        "CombinedPickingStatus",
        "CombinedPackingStatus",
        "CombinedShippingStatus",
        "CombinedInvoiceStatus",
        "CombinedPaymentStatus",
    }
    assert await desk.stock(MUG) == (10, 0, 10)
    (row,) = (await desk.get("saleList", ExternalID="JL-1-A"))["SaleList"]
    assert (row["Status"], row["OrderStatus"], row["CombinedShippingStatus"]) == ("VOIDED", "VOIDED", "VOIDED")
    assert "already VOIDED" in await desk.refused("DELETE", "sale", ID=sale["ID"], Void="true")
    assert desk.system.open_orders() == []


async def test_delete_without_void_only_undoes_the_order(desk: Desk) -> None:
    sale = await desk.order({MUG: 4})
    undone = await desk.send("DELETE", "sale", ID=sale["ID"])
    assert (undone["Status"], undone["Order"]["Status"]) == ("ORDERING", "DRAFT")
    assert await desk.stock(MUG) == (10, 0, 10)
    remaining = {"SaleID": sale["ID"], "Status": "AUTHORISED", "Lines": [await desk.line(MUG, 3)]}
    order = await desk.send("POST", "sale/order", remaining)
    assert order["SaleOrderNumber"] == sale["Order"]["SaleOrderNumber"]
    assert await desk.stock(MUG) == (10, 3, 7)
    header = await desk.header("JL-9-A")
    assert "no order to undo" in await desk.refused("DELETE", "sale", ID=header["ID"])


async def test_a_shipped_sale_can_be_voided_unless_the_switch_forbids_it(desk: Desk) -> None:
    for refuse in (True, False):
        sale = await desk.order({MUG: 2})
        desk.system.ship(sale["ID"], "DPD", "155")
        assert "cannot be undone" in await desk.refused("DELETE", "sale", ID=sale["ID"])
        desk.system.switches.refuse_void_when_shipped = refuse
        answer = await desk.call("DELETE", "sale", ID=sale["ID"], Void="true")
        assert answer.status_code == (400 if refuse else 200)
    assert await desk.stock(MUG) == (6, 0, 6)


@pytest.mark.parametrize("status", [400, 404])
async def test_an_unknown_sale_is_an_error_body(desk: Desk, status: Any) -> None:
    desk.system.switches.unknown_sale_status = status
    answer = await desk.call("GET", "sale", ID="00000000-0000-4000-8000-000000000009")
    assert (answer.status_code, answer.json()[0]["ErrorCode"]) == (status, status)


async def test_only_stock_of_the_sales_own_location_is_kept(desk: Desk) -> None:
    desk.system.add_product(sku="AFAR", ean="5012345678948", quantity=2, location="Showroom")
    sale = await desk.order({"AFAR": 1})
    assert sale["Status"] == "BACKORDERED"
    assert await desk.stock("AFAR") == (2, 0, 2)
    there = await desk.order({"AFAR": 1}, external_id="JL-2-A", Location="Showroom")
    assert there["Status"] == "ORDERED"


async def test_a_draft_order_shows_no_back_order(desk: Desk) -> None:
    sale = await desk.order({MUG: 12}, status="DRAFT")
    assert sale["Order"]["Lines"][0]["BackorderQuantity"] == 0
