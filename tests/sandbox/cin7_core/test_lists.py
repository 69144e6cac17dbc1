"""The lists: paging, filters, times, and the field names of the vendor's reference (copied by hand)."""

import re
from typing import Any

import pytest

from tests.sandbox.cin7_core.desk import JUG, MUG, VASE, Desk

SALE_LIST_ROW = """SaleID OrderNumber Status OrderDate InvoiceDate Customer CustomerID InvoiceNumber CustomerReference
InvoiceAmount PaidAmount InvoiceDueDate ShipBy BaseCurrency CustomerCurrency CreditNoteNumber Updated QuoteStatus
OrderStatus CombinedPickingStatus CombinedPackingStatus CombinedShippingStatus FulFilmentStatus CombinedInvoiceStatus
CreditNoteStatus CombinedPaymentStatus Type CombinedTrackingNumbers SourceChannel ExternalID OrderLocationID"""

SALE = """ID Customer CustomerID Contact Phone Email DefaultAccount SkipQuote BillingAddress ShippingAddress
ShippingNotes BaseCurrency CustomerCurrency CurrencyRate TaxRule TaxCalculation Terms PriceTier ShipBy Location
SaleOrderDate LastModifiedOn Note CustomerReference ExternalID SourceChannel COGSAmount Status Type ServiceOnly Carrier
SalesRepresentative CombinedPickingStatus CombinedPackingStatus CombinedShippingStatus CombinedInvoiceStatus
CombinedPaymentStatus FulFilmentStatus CombinedTrackingNumbers AdditionalAttributes Quote Order Fulfilments Invoices
CreditNotes ManualJournals Attachments InventoryMovements Transactions"""

AVAILABILITY_ROW = """ID SKU Name Barcode Location Bin Batch ExpiryDate OnHand Allocated Available OnOrder StockOnHand
InTransit NextDeliveryDate"""

PRODUCT = """ID SKU Name Category Brand Type CostingMethod DropShipMode DefaultLocation Length Width Height Weight UOM
WeightUnits DimensionsUnits Barcode MinimumBeforeReorder ReorderQuantity PriceTier1 PriceTier2 PriceTier3 PriceTier4
PriceTier5 PriceTier6 PriceTier7 PriceTier8 PriceTier9 PriceTier10 PriceTiers AverageCost ShortDescription InternalNote
Description AdditionalAttribute1 AdditionalAttribute2 AdditionalAttribute3 AdditionalAttribute4 AdditionalAttribute5
AdditionalAttribute6 AdditionalAttribute7 AdditionalAttribute8 AdditionalAttribute9 AdditionalAttribute10 AttributeSet
Tags Status StockLocator COGSAccount RevenueAccount ExpenseAccount InventoryAccount PurchaseTaxRule SaleTaxRule Sellable
PickZones HSCode CountryOfOrigin CountryOfOriginCode LastModifiedOn BillOfMaterial AutoAssembly Suppliers ReorderLevels
Attachments Movements CustomPrices"""


async def test_every_record_has_exactly_the_fields_of_the_reference(desk: Desk) -> None:
    sale = await desk.order({MUG: 1})
    assert set(sale) == set(SALE.split())
    assert set((await desk.get("saleList"))["SaleList"][0]) == set(SALE_LIST_ROW.split())
    assert set((await desk.get("product"))["Products"][0]) == set(PRODUCT.split())
    rows = (await desk.get("ref/productavailability"))["ProductAvailabilityList"]
    assert set(rows[0]) == set(AVAILABILITY_ROW.split())


async def test_the_reference_books_answer_under_their_list_names(desk: Desk) -> None:
    me = await desk.get("me")
    assert (me["Currency"], me["TimeZone"]) == ("GBP", "Europe/London")
    assert [row["Description"] for row in (await desk.get("ref/carrier", Description="roy"))["CarrierList"]] == [
        "Royal Mail"
    ]
    taxes = (await desk.get("ref/tax", IsTaxForSale="true"))["TaxRuleList"]
    assert [tax["Name"] for tax in taxes] == ["20% (VAT on Income)", "Zero Rated Income"]
    terms = {term["Name"]: term["IsActive"] for term in (await desk.get("ref/paymentterm"))["PaymentTermList"]}
    assert terms["30 days"] is True
    assert terms["60 days"] is False
    places = (await desk.get("ref/location", Name="main"))["LocationList"]
    assert [(place["Name"], [bin_["Name"] for bin_ in place["Bins"]]) for place in places] == [
        ("Main Warehouse", ["Bin 1"])
    ]


async def test_a_customer_is_created_once_with_its_required_fields(desk: Desk) -> None:
    body: dict[str, Any] = {
        "Name": "Another Shop",
        "Status": "Active",
        "Currency": "GBP",
        "PaymentTerm": "30 days",
        "AccountReceivable": "610",
        "RevenueAccount": "200",
        "TaxRule": "20% (VAT on Income)",
    }
    for name in body:
        assert name in await desk.refused("POST", "customer", {**body, name: None})
    created = (await desk.send("POST", "customer", body))["CustomerList"][0]
    found = (await desk.get("customer", Name="another"))["CustomerList"]
    assert [customer["ID"] for customer in found] == [created["ID"]]
    assert "already exists" in await desk.refused("POST", "customer", body)


async def test_pages_hold_100_rows_unless_asked_and_1000_at_most(desk: Desk) -> None:
    for number in range(1200):
        desk.system.add_product(sku=f"BULK-{number:04d}", ean=f"{number:013d}", quantity=1)
    first = await desk.get("ref/productavailability")
    assert (len(first["ProductAvailabilityList"]), first["Page"], first["Total"]) == (100, 1, 1204)
    large = await desk.get("ref/productavailability", Limit=5000)
    assert len(large["ProductAvailabilityList"]) == 1000
    last = await desk.get("ref/productavailability", Limit=1000, Page=2)
    assert (len(last["ProductAvailabilityList"]), last["Page"]) == (204, 2)
    beyond = await desk.get("product", Page=99)
    assert (beyond["Products"], beyond["Total"]) == ([], 1203)
    assert "Limit" in await desk.refused("GET", "product", Limit=0)
    assert "Page" in await desk.refused("GET", "product", Page="two")


async def test_stock_rows_must_be_summed_over_bins(desk: Desk) -> None:
    rows = (await desk.get("ref/productavailability", Sku=VASE))["ProductAvailabilityList"]
    assert [(row["Location"], row["Bin"], row["OnHand"]) for row in rows] == [
        ("Main Warehouse", None, 4),
        ("Main Warehouse", "Bin 1", 3),
    ]
    await desk.order({VASE: 5})
    assert await desk.stock(VASE) == (7, 5, 2)
    assert [
        row["Allocated"] for row in (await desk.get("ref/productavailability", Sku=VASE))["ProductAvailabilityList"]
    ] == [4, 1]


async def test_stock_on_hand_is_money_and_no_stock_record_means_no_row(desk: Desk) -> None:
    desk.system.add_product(sku="NEW", ean="5012345678931", quantity=0)
    desk.system.add_product(sku="AFAR", ean="5012345678948", quantity=2, location="Showroom")
    rows = (await desk.get("ref/productavailability"))["ProductAvailabilityList"]
    assert {row["SKU"] for row in rows} == {MUG, JUG, VASE, "AFAR"}
    assert next(row for row in rows if row["SKU"] == JUG)["StockOnHand"] == 49
    afar = (await desk.get("ref/productavailability", Location="Showroom"))["ProductAvailabilityList"]
    assert [row["SKU"] for row in afar] == ["AFAR"]
    desk.system.receive_stock("NEW", 3)
    assert await desk.stock("NEW") == (3, 0, 3)


async def test_sku_and_name_filters_match_any_part(desk: Desk) -> None:
    desk.system.add_product(sku="MUG-BLUE-LARGE", ean="5012345678955", quantity=1)
    for query in ({"Sku": "mug-blue"}, {"Name": "duct MUG-BLUE"}):
        assert [row["SKU"] for row in (await desk.get("product", **query))["Products"]] == [MUG, "MUG-BLUE-LARGE"]
    product_id = (await desk.products())[JUG]["ID"]
    assert [row["SKU"] for row in (await desk.get("product", ID=product_id))["Products"]] == [JUG]
    assert [row["SKU"] for row in (await desk.get("product", Sku="null"))["Products"]][:1] == [MUG]


async def test_modified_since_leaves_out_what_did_not_change(desk: Desk) -> None:
    desk.clock.move(60)
    desk.system.add_product(sku="LATE", ean="5012345678962", quantity=1)
    found = (await desk.get("product", ModifiedSince="2026-03-02T09:00:30"))["Products"]
    assert [row["SKU"] for row in found] == ["LATE"]


async def test_search_matches_any_part_of_number_status_customer_and_reference(desk: Desk) -> None:
    await desk.order({MUG: 1}, external_id="JL-300-A")
    await desk.header("JL-3001-A")
    for needle, found in (("300", 2), ("3001", 1), ("so-0000", 1), ("ordered", 1), ("john lewis", 2), ("JL-", 0)):
        assert (await desk.get("saleList", Search=needle))["Total"] == found, needle


async def test_external_id_is_exact_by_default_contained_by_switch_and_never_unique(desk: Desk) -> None:
    for external_id in ("JL-30-A", "JL-30-A", "JL-30-AB"):
        await desk.header(external_id)
    assert (await desk.get("saleList", ExternalID="JL-30-A"))["Total"] == 2
    assert (await desk.get("saleList", ExternalID="JL-30"))["Total"] == 0
    desk.system.switches.external_id_contains = True
    assert (await desk.get("saleList", ExternalID="JL-30"))["Total"] == 3


async def test_a_changed_external_id_is_found_under_the_new_one_only(desk: Desk) -> None:
    sale = await desk.header("JL-1-A")
    await desk.send("PUT", "sale", {"ID": sale["ID"], "ExternalID": "JL-2-A"})
    assert (await desk.get("saleList", ExternalID="JL-1-A"))["Total"] == 0
    assert (await desk.get("saleList", ExternalID="JL-2-A"))["Total"] == 1


async def test_updated_since_is_strict_and_follows_every_change(desk: Desk) -> None:
    old, new = await desk.header("JL-1-A"), None
    desk.clock.move(60)
    new = await desk.header("JL-2-A")
    assert (await desk.get("saleList", UpdatedSince="2026-03-02T09:00:59.999"))["SaleList"][0]["SaleID"] == new["ID"]
    assert (await desk.get("saleList", UpdatedSince="2026-03-02T09:01:00.0000000Z"))["Total"] == 0
    both = {"ExternalID": "JL-2-A", "UpdatedSince": "2026-03-02T09:01:00"}
    assert (await desk.get("saleList", **both))["Total"] == 0
    desk.clock.move(60)
    await desk.send("PUT", "sale", {"ID": old["ID"], "Note": "changed"})
    changed = (await desk.get("saleList", UpdatedSince="2026-03-02T09:01:00"))["SaleList"]
    assert [row["SaleID"] for row in changed] == [old["ID"]]
    until = (await desk.get("saleList", UpdatedUntil="2026-03-02T09:01:00"))["SaleList"]
    assert [row["SaleID"] for row in until] == [new["ID"]]
    assert "UpdatedSince" in await desk.refused("GET", "saleList", UpdatedSince="yesterday")


async def test_a_new_sale_may_be_hidden_from_the_list_for_a_while(desk: Desk) -> None:
    desk.system.switches.visible_after_seconds = 30
    sale = await desk.header("JL-1-A")
    assert (await desk.get("saleList", ExternalID="JL-1-A"))["Total"] == 0
    assert (await desk.get("sale", ID=sale["ID"]))["ExternalID"] == "JL-1-A"
    desk.clock.move(30)
    assert (await desk.get("saleList", ExternalID="JL-1-A"))["Total"] == 1


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"OrderStatus": "AUTHORISED"}, ["1", "3"]),
        ({"Status": "ESTIMATED"}, ["2"]),
        ({"CombinedShippingStatus": "SHIPPED"}, ["3"]),
        ({"CombinedPickStatus": "NOT PICKED"}, ["1"]),
        ({"CombinedPackStatus": "PACKED"}, ["3"]),
        ({"ShipBy": "2026-03-04T00:00:00"}, ["1"]),
        ({"CreatedSince": "2026-03-02T09:00:00"}, ["2", "3"]),
    ],
)
async def test_each_filter_of_the_sale_list(desk: Desk, query: dict[str, str], found: list[str]) -> None:
    await desk.order({MUG: 1}, external_id="JL-1-A", ShipBy="2026-03-04T00:00:00")
    desk.clock.move(1)
    await desk.header("JL-2-A", ShipBy="2026-03-05T00:00:00")
    shipped = await desk.order({MUG: 1}, external_id="JL-3-A", ShipBy="2026-03-03T00:00:00")
    desk.system.ship(shipped["ID"], "DPD", "155")
    rows = (await desk.get("saleList", **query))["SaleList"]
    assert [row["CustomerReference"] for row in rows] == found


async def test_times_come_with_and_without_z_and_with_seven_digits(desk: Desk) -> None:
    desk.clock.move(0.123456)
    for number in range(3):
        await desk.header(f"JL-{number}-A")
    updated = [row["Updated"] for row in (await desk.get("saleList"))["SaleList"]]
    assert updated == ["2026-03-02T09:00:00.123", "2026-03-02T09:00:00.123Z", "2026-03-02T09:00:00.1234560Z"]
    sale = await desk.get("sale", ID=(await desk.get("saleList"))["SaleList"][0]["SaleID"])
    assert re.fullmatch(r"2026-03-02T09:00:00\.123Z", sale["LastModifiedOn"])
    assert sale["SaleOrderDate"] == "2026-03-02T00:00:00"


async def test_addresses_may_be_null(desk: Desk) -> None:
    sale = await desk.header()
    assert (sale["BillingAddress"], sale["ShippingAddress"]["City"]) == (None, "Leeds")
    desk.system.switches.null_addresses = True
    assert (await desk.get("sale", ID=sale["ID"]))["ShippingAddress"] is None
