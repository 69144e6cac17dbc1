"""How the wire objects are made: an order from what the retailer sends, a product from its facts."""

import copy
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.virtualstock.actions import MOMENT
from sandbox.virtualstock.answers import BLANK, REQUIRED, RefusalError, require, whole
from sandbox.virtualstock.products import Product

VAT_PER_CENT = Decimal(20)
DELIVERY_DAYS = 5
MONEY = ("subtotal", "tax", "total")
ITEM_REQUIRED = ("line_reference", "quantity", "name", "unit_cost_price", "subtotal", "tax", "tax_rate", "total")
ADDRESS_REQUIRED = ("full_name", "line_1", "postal_code", "country")
STRANGER = {
    "country": "GB",
    "line_1": "1 Invented Street",
    "line_2": "",
    "city": "Sampletown",
    "postal_code": "SA1 1AA",
    "state": "",
    "phone": "00000000000",
    "full_name": "Sample Person",
    "email": "sample@example.com",
}


def order_on_the_wire(
    given: Mapping[str, Any], filled: Mapping[str, Any], item_url: Callable[[], str]
) -> dict[str, Any]:
    """Return the order as suppliers see it: what was given wins over what the server fills in."""
    given = copy.deepcopy(dict(given))
    items = given.get("items", [])
    if isinstance(items, list):
        rows = enumerate(items, start=1)
        items = [_item(item, item_url(), number) if isinstance(item, dict) else item for number, item in rows]
    nothing: dict[str, Any] = dict.fromkeys(
        ("purchase_order_reference", "end_user_purchase_order_reference", "additional_order_reference", "comment")
    )
    money = dict.fromkeys(MONEY)
    rest = {"test_flag": False, "currency_code": "GBP", **money, "shipping_address": dict(STRANGER)}
    return {**filled, "status": "ORDER", **nothing, **rest, **given, "items": items}


def _item(given: Mapping[str, Any], url: str, number: int) -> dict[str, Any]:
    part_number = given.get("retailer_sku_reference") or given.get("supplier_sku_reference")
    return {
        "url": url,
        "part_number": part_number,
        "retailer_sku_reference": None,
        "supplier_sku_reference": None,
        "line_reference": str(number),
        "quantity": 1,
        "name": None,
        "description": None,
        "status": "ORDER",
        "unit_cost_price": None,
        "subtotal": None,
        "tax": None,
        "tax_rate": None,
        "total": None,
        "promised_date": None,
        "retailer_additional_reference": None,
        **given,
    }


def purchase(
    basket: Sequence[tuple[Product, int]], now: datetime, customer: Mapping[str, Any], comment: str | None = None
) -> dict[str, Any]:
    """Return the order of one customer, a line a product, in the shape of the retailer's create call.

    `customer` overrides fields of the shipping address. The order's money is null when one of its lines has none.
    """
    promised = (now + timedelta(days=DELIVERY_DAYS)).replace(hour=0, minute=0, second=0).strftime(MOMENT)
    items = [{**_bought(product, quantity), "promised_date": promised} for product, quantity in basket]
    money: dict[str, str | None] = dict.fromkeys(MONEY)
    if all(item["total"] is not None for item in items):
        money = {name: f"{sum(Decimal(item[name]) for item in items):.2f}" for name in MONEY}
    return {"items": items, **money, "comment": comment, "shipping_address": {**STRANGER, **customer}}


def _bought(product: Product, quantity: int) -> dict[str, Any]:
    """Return one line of a purchase; a product without a cost price gives null money."""
    money: dict[str, str | None] = dict.fromkeys(MONEY)
    if product.unit_cost_price is not None:
        subtotal = Decimal(product.unit_cost_price) * quantity
        tax = (subtotal * VAT_PER_CENT / 100).quantize(Decimal("0.01"))
        money = {"subtotal": f"{subtotal:.2f}", "tax": f"{tax:.2f}", "total": f"{subtotal + tax:.2f}"}
    return {
        "part_number": product.part_number,
        "retailer_sku_reference": product.part_number,
        "supplier_sku_reference": product.sku,
        "quantity": quantity,
        "name": product.data.get("customerDesc"),
        "description": product.data.get("customerDesc"),
        "unit_cost_price": product.unit_cost_price,
        "tax_rate": None if product.unit_cost_price is None else f"{VAT_PER_CENT:.2f}",
        **money,
        "retailer_additional_reference": product.data.get("tradedCode"),
    }


def product_data(stock_number: str, sku: str, ean: str, free_stock: int, extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return the retailer's data fields of a product; all are texts."""
    return {
        "prodId": stock_number,
        "modelNo": sku,
        "tradedCode": ean,
        "free_stock": str(free_stock),
        "low_stock": "0",
        "brandName": "Invented Brand",
        "customerDesc": f"Invented product {stock_number}",
        "sellingUOM": "EACH",
        "availability_status": "Available",
        "current_lead_time_to_delivery_in_days": "3",
        "standard_lead_time_to_delivery_in_days": "3",
        "back_in_stock_date": "",
        **extra,
    }


def check_new_order(body: Mapping[str, Any]) -> None:
    """Refuse an order that the retailer may not create: field maps, nested for items and address."""
    require(body, ("supplier", "order_reference", "order_date", "items", "shipping_address"))
    items, address = body["items"], body["shipping_address"]
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise RefusalError(400, {"items": ["Expected a list of items with at least one item."]})
    errors = [_new_item_errors(item) for item in items]
    if any(errors):
        raise RefusalError(400, {"items": errors})
    if not isinstance(address, dict):
        raise RefusalError(400, {"shipping_address": ["Expected a dictionary of fields."]})
    wrong = {name: [REQUIRED] for name in ADDRESS_REQUIRED if address.get(name) is None}
    wrong |= {name: [BLANK] for name in (*ADDRESS_REQUIRED, "state", "email") if address.get(name) == ""}
    if wrong:
        raise RefusalError(400, {"shipping_address": wrong})


def _new_item_errors(item: Mapping[str, Any]) -> dict[str, list[str]]:
    errors = {name: [REQUIRED] for name in ITEM_REQUIRED if item.get(name) is None}
    if not item.get("retailer_sku_reference") and not item.get("supplier_sku_reference"):
        errors["retailer_sku_reference"] = [REQUIRED]
    if "quantity" not in errors and (whole(item["quantity"]) or 0) <= 0:
        errors["quantity"] = ["A valid positive integer is required."]
    return errors


def created_echo(wire: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to a created order: no url, retailer or status on the order, no status on its items."""
    order = {name: value for name, value in wire.items() if name not in {"url", "retailer", "status"}}
    hidden = {"part_number", "status"}
    order["items"] = [{name: v for name, v in item.items() if name not in hidden} for item in wire["items"]]
    return order
