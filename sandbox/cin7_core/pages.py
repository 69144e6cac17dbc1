"""A sale as the vendor's JSON: list row, full sale, order, fulfilment and its three parts."""

from decimal import Decimal
from urllib.parse import quote

from sandbox.cin7_core.books import CURRENCY
from sandbox.cin7_core.sale import (
    AUTHORISED,
    NOT_AVAILABLE,
    VOIDED,
    Charge,
    Fulfilment,
    Goods,
    OrderLine,
    Parcel,
    Sale,
)
from sandbox.cin7_core.wire import Record, wire_number, write_moment

LEFT_OUT_BY_DELETE = frozenset(
    {
        "Carrier",
        "FulFilmentStatus",
        "CombinedTrackingNumbers",
        "CombinedPickingStatus",
        "CombinedPackingStatus",
        "CombinedShippingStatus",
        "CombinedInvoiceStatus",
        "CombinedPaymentStatus",
    }
)


def combined_statuses(sale: Sale, separator: str) -> Record:
    """Return the combined statuses that list row and full sale share."""
    tracking = [parcel.tracking for parcel in sale.parcels if parcel.tracking]
    return {
        "CombinedPickingStatus": sale.picking_status,
        "CombinedPackingStatus": sale.packing_status,
        "CombinedShippingStatus": sale.shipping_status,
        "FulFilmentStatus": sale.fulfilment_status,
        "CombinedInvoiceStatus": sale.combined(0, "INVOICED"),
        "CombinedPaymentStatus": VOIDED if sale.order_status == VOIDED else "UNPAID",
        "CombinedTrackingNumbers": separator.join(tracking),
    }


def list_row(sale: Sale, location_id: str, separator: str) -> Record:
    """Return the row of `/saleList`."""
    header = sale.header
    return {
        "SaleID": sale.id,
        "OrderNumber": sale.order_number,
        "Status": sale.status,
        "OrderDate": header["SaleOrderDate"],
        "InvoiceDate": None,
        "Customer": sale.customer.name,
        "CustomerID": sale.customer.id,
        "InvoiceNumber": None,
        "CustomerReference": header["CustomerReference"],
        "InvoiceAmount": 0,
        "PaidAmount": 0,
        "InvoiceDueDate": None,
        "ShipBy": header["ShipBy"],
        "BaseCurrency": CURRENCY,
        "CustomerCurrency": sale.customer.fields["Currency"],
        "CreditNoteNumber": None,
        "Updated": write_moment(sale.modified_at, sale.sequence),
        "QuoteStatus": sale.quote_status,
        "OrderStatus": sale.order_status,
        "CreditNoteStatus": NOT_AVAILABLE,
        **combined_statuses(sale, separator),
        "Type": sale.type,
        "SourceChannel": source_channel(sale),
        "ExternalID": header["ExternalID"] or None,
        "OrderLocationID": location_id,
    }


def sale_page(sale: Sale, separator: str, *, null_addresses: bool) -> Record:
    """Return the full sale of `GET /sale`."""
    page = {
        **sale.header,
        "ExternalID": sale.header["ExternalID"] or None,
        "ID": sale.id,
        "Customer": sale.customer.name,
        "CustomerID": sale.customer.id,
        "BaseCurrency": CURRENCY,
        "CustomerCurrency": sale.customer.fields["Currency"],
        "LastModifiedOn": write_moment(sale.modified_at, sale.sequence + 1),
        "SourceChannel": source_channel(sale),
        "COGSAmount": 0,
        "Status": sale.status,
        "Type": sale.type,
        "ServiceOnly": False,
        **combined_statuses(sale, separator),
        "Quote": {
            "Status": sale.quote_status,
            "Memo": "",
            "Prepayments": [],
            "Lines": [],
            "AdditionalCharges": [],
            **dict.fromkeys(("TotalBeforeTax", "Tax", "Total"), 0),
        },
        "Order": order_part(sale),
        "Fulfilments": [fulfilment_page(sale, task, null_addresses=null_addresses) for task in sale.fulfilments],
        "Invoices": [],
        "CreditNotes": [],
        "ManualJournals": {"Status": NOT_AVAILABLE, "Lines": []},
        "Attachments": [],
        "InventoryMovements": [],
        "Transactions": [],
    }
    if null_addresses:
        page["BillingAddress"] = page["ShippingAddress"] = None
    return page


def source_channel(sale: Sale) -> str:
    """Return the channel that the vendor's own connectors write; API and hand leave it empty."""
    return "Website" if sale.channel == "web" else ""


def order_part(sale: Sale) -> Record:
    """Return the order as it stands inside the sale."""
    items: list[OrderLine | Charge] = [*sale.lines, *sale.charges]
    goods, tax = sum((item.total for item in items), Decimal(0)), sum((item.tax for item in items), Decimal(0))
    inclusive = sale.header["TaxCalculation"] == "Inclusive"
    before, total = (goods - tax, goods) if inclusive else (goods, goods + tax)
    return {
        "SaleOrderNumber": sale.order_number,
        "Memo": sale.memo,
        "Status": sale.order_status,
        "Lines": [_order_line(sale, line) for line in sale.lines],
        "AdditionalCharges": [_charge(charge) for charge in sale.charges],
        "TotalBeforeTax": wire_number(before),
        "Tax": wire_number(tax),
        "Total": wire_number(total),
    }


def order_page(sale: Sale) -> Record:
    """Return the answer of `/sale/order`."""
    return {"SaleID": sale.id, "AutoPickPackShipMode": sale.auto_mode, **order_part(sale)}


def fulfilments_page(sale: Sale, *, null_addresses: bool) -> Record:
    """Return the answer of `/sale/fulfilment`: all tasks of the sale."""
    tasks = [fulfilment_page(sale, task, null_addresses=null_addresses) for task in sale.fulfilments]
    return {"SaleID": sale.id, "Fulfilments": tasks}


def fulfilment_page(sale: Sale, task: Fulfilment, *, null_addresses: bool) -> Record:
    """Return one task with its three parts."""
    return {
        "TaskID": task.task_id,
        "FulfillmentNumber": task.number,
        "LinkedInvoiceNumber": None,
        "FulFilmentStatus": task.status,
        "Pick": pick_part(task),
        "Pack": pack_part(task),
        "Ship": ship_part(sale, task, null_addresses=null_addresses),
    }


def pick_part(task: Fulfilment) -> Record:
    """Return the pick; `/sale/fulfilment/pick` adds the TaskID."""
    return {"Status": task.pick_status, "Lines": [_goods(goods) for goods in task.picked]}


def pack_part(task: Fulfilment) -> Record:
    """Return the pack: the lines of a pick with the box that holds them."""
    lines = [{**_goods(goods), "Box": goods.box, "WarrantyRegistrationNumber": None} for goods in task.packed]
    return {"Status": task.pack_status, "Lines": lines}


def ship_part(sale: Sale, task: Fulfilment, *, null_addresses: bool) -> Record:
    """Return the shipment; what was sent as `Box` comes back as `Boxes`."""
    return {
        "Status": task.ship_status,
        "RequireBy": task.require_by,
        "ShippingAddress": None if null_addresses else sale.header["ShippingAddress"],
        "ShippingNotes": task.shipping_notes,
        "Lines": [_parcel(parcel) for parcel in task.parcels],
    }


def _order_line(sale: Sale, line: OrderLine) -> Record:
    short = line.short if sale.order_status == AUTHORISED else 0
    return {
        "ProductID": line.product.id,
        "SKU": line.product.sku,
        "Name": line.name,
        "Quantity": line.quantity,
        "Price": wire_number(line.price),
        "Discount": wire_number(line.discount),
        "Tax": wire_number(line.tax),
        "TaxRule": line.tax_rule,
        "Comment": line.comment,
        "DropShip": line.drop_ship,
        "Total": wire_number(line.total),
        "AverageCost": wire_number(line.product.average_cost),
        "BackorderQuantity": short,
        "Backorder": short > 0,
    }


def _charge(charge: Charge) -> Record:
    return {
        "Description": charge.description,
        "Price": wire_number(charge.price),
        "Quantity": wire_number(charge.quantity),
        "Discount": wire_number(charge.discount),
        "Tax": wire_number(charge.tax),
        "TaxRule": charge.tax_rule,
        "Comment": charge.comment,
        "Total": wire_number(charge.total),
    }


def _goods(goods: Goods) -> Record:
    return {
        "ProductID": goods.product.id,
        "SKU": goods.product.sku,
        "Name": goods.product.name,
        "Location": goods.location.name,
        "LocationID": goods.location.id,
        "Quantity": goods.quantity,
        "BatchSN": None,
        "ExpiryDate": None,
        "NonInventory": False,
    }


def _parcel(parcel: Parcel) -> Record:
    tracking = parcel.tracking
    return {
        "ID": parcel.id,
        "ShipmentDate": parcel.shipment_date,
        "Carrier": parcel.carrier,
        "Boxes": parcel.box,
        "TrackingNumber": tracking,
        "TrackingURL": f"https://carrier.example/track/{quote(tracking)}" if tracking else "",
        "IsShipped": parcel.shipped_at is not None,
    }
