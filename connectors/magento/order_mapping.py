"""A sales order as the shop's order body."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.magento.settings import MagentoOptions
from connectors.roles import OrderLimits
from domain.answers import Refused
from domain.limits import is_beyond_basic_plane, lost_in_address
from domain.records import LineStatus, OrderLine, SalesOrder

# Street lines share one varchar(255), joined by a line break; sales_order.customer_firstname is varchar(128).
LIMITS = OrderLimits(
    street_lines=2,
    street_line_length=127,
    name_length=128,
    city_length=255,
    postcode_length=255,
    gift_message_length=10_000,
    reference_length=32,
    beyond_basic_plane=False,  # its tables keep three bytes a character
)
_NUMBER = re.compile(r"[A-Za-z0-9_-]{1,50}")  # sales_order.increment_id is varchar(50)
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,32}")  # ext_order_id is cut at 32 without a word
_LONGEST_NAME = 255  # sales_order_item.name
_PENNY_FRACTION = Decimal("0.0001")
_ZERO = Decimal(0)
_RATES = ("base_to_order_rate", "base_to_global_rate", "store_to_base_rate", "store_to_order_rate")
_CURRENCIES = ("base_currency_code", "order_currency_code", "global_currency_code", "store_currency_code")


def order_number(order: SalesOrder, options: MagentoOptions) -> str:
    """Return the `increment_id` under which this order stands in the shop: unique there, so created once."""
    return options.increment_prefix + order.key


def open_lines(order: SalesOrder) -> list[OrderLine]:
    """Return the lines that belong in the shop: all that were not cancelled before."""
    return [line for line in order.lines if line.status is not LineStatus.CANCELLED]


def order_fault(order: SalesOrder, options: MagentoOptions) -> Refused | None:
    """Return why this order cannot be written at all, or None."""
    number = order_number(order, options)
    if not _NUMBER.fullmatch(number):
        return Refused(
            f"The order number {number[:60]!a} must be 1 to 50 letters, digits, - or _: shorten increment_prefix, "
            "or key this order by hand."
        )
    if not _REFERENCE.fullmatch(order.reference):
        return Refused(
            "The Customer Order Number must be 1 to 32 letters, digits, - or _ (the shop cuts ext_order_id at 32 "
            "without a word): key this order by hand."
        )
    if not open_lines(order):
        return Refused("The order has no line to create.")
    return None


def loss(order: SalesOrder) -> Refused | None:
    """Return what the shop would lose of this order, or None. The gate holds it before; what stands there already is found."""
    if lost := lost_in_address(order):
        return Refused(f"The shop would lose a character of its {lost}: key this order by hand.", "address")
    if is_beyond_basic_plane(order.gift_message):
        return Refused("The shop would lose a character of its gift message.", "gift_message")
    return None


def order_body(order: SalesOrder, product_ids: Mapping[str, int], options: MagentoOptions) -> dict[str, Any]:
    """Return the body of the create call; every SKU must be in `product_ids`."""
    lines = open_lines(order)
    money = [row_money(line) for line in lines]
    net, tax = sum((m.net for m in money), _ZERO), sum((m.tax for m in money), _ZERO)
    first, last = _first_and_last(order.ship_to.name)
    entity = {
        "increment_id": order_number(order, options),
        "ext_order_id": order.reference,
        "store_id": options.store_id,
        "state": options.order_state,
        "status": options.order_status,
        **dict.fromkeys(_CURRENCIES, order.currency),
        **dict.fromkeys(_RATES, 1),
        "customer_email": _email(order, options),
        "customer_firstname": first,
        "customer_lastname": last,
        "customer_is_guest": 1,
        "customer_group_id": options.customer_group_id,
        "is_virtual": 0,
        **_with_base({"subtotal": net, "subtotal_incl_tax": net + tax, "tax_amount": tax, "grand_total": net + tax}),
        **_with_base({"shipping_amount": 0, "shipping_incl_tax": 0}),
        "total_qty_ordered": sum(line.quantity for line in lines),
        "total_item_count": len(lines),
        "shipping_description": " - ".join(filter(None, (options.shipping_description, order.delivery_service))),
        "items": [_item(line, row, product_ids, options.store_id) for line, row in zip(lines, money, strict=True)],
        "billing_address": {"address_type": "billing", **_address(order, options)},
        "payment": _payment(order, net + tax, options),
        "status_histories": _comments(order, options),
        "extension_attributes": {"shipping_assignments": [{"shipping": _shipping(order, options)}]},
    }
    return {"entity": entity}


@dataclass(frozen=True)
class RowMoney:
    """The money of one order line, for its whole quantity. What the marketplace did not send is zero."""

    net: Decimal
    tax: Decimal
    rate: Decimal

    @property
    def gross(self) -> Decimal:
        """Return what the customer paid for the line."""
        return self.net + self.tax


def row_money(line: OrderLine) -> RowMoney:
    """Return the line's money from what the marketplace sent; nothing is charged that it did not name."""
    rate = line.tax_rate or _ZERO
    if line.unit_price_net is not None:
        net = line.unit_price_net * line.quantity
        if line.total_gross is not None:
            return RowMoney(net, line.total_gross - net, rate)
        return RowMoney(net, line.tax if line.tax is not None else _rounded(net * rate / 100), rate)
    if line.total_gross is not None:
        tax = line.tax if line.tax is not None else _rounded(line.total_gross * rate / (100 + rate))
        return RowMoney(line.total_gross - tax, tax, rate)
    return RowMoney(_ZERO, _ZERO, _ZERO)


def _item(line: OrderLine, money: RowMoney, product_ids: Mapping[str, int], store_id: int) -> dict[str, Any]:
    sku, quantity = line.sku or "", max(line.quantity, 1)
    price, price_gross = _rounded(money.net / quantity), _rounded(money.gross / quantity)
    return {
        "sku": sku,
        "product_id": product_ids[sku],
        "product_type": "simple",
        "name": _product_name(line) or sku,
        "store_id": store_id,
        "is_virtual": 0,
        "qty_ordered": line.quantity,
        "ext_order_item_id": line.line,
        "tax_percent": money.rate,
        **_with_base({"price": price, "original_price": price, "price_incl_tax": price_gross}),
        **_with_base({"row_total": money.net, "row_total_incl_tax": money.gross, "tax_amount": money.tax}),
    }


def _product_name(line: OrderLine) -> str:
    """Return the listing's title, or nothing where the shop would store another one than this."""
    return "" if len(line.name) > _LONGEST_NAME or is_beyond_basic_plane(line.name) else line.name


def _address(order: SalesOrder, options: MagentoOptions) -> dict[str, Any]:
    to = order.ship_to
    first, last = _first_and_last(to.name)
    return {
        "firstname": first,
        "lastname": last,
        "street": list(to.street),
        "city": to.city,
        "region": to.region,
        "postcode": to.postcode,
        "country_id": to.country,
        "telephone": to.phone or options.fallback_phone,
        "email": _email(order, options),
    }


def _payment(order: SalesOrder, amount: Decimal, options: MagentoOptions) -> dict[str, Any]:
    return {
        "method": options.payment_method,
        "po_number": order.reference,
        **_with_base({"amount_ordered": amount}),
        "additional_information": [f"John Lewis order {order.reference}"],
    }


def _shipping(order: SalesOrder, options: MagentoOptions) -> dict[str, Any]:
    return {
        "method": options.shipping_method,
        "address": {"address_type": "shipping", **_address(order, options)},
        "total": _with_base({"shipping_amount": 0}),
    }


def _comments(order: SalesOrder, options: MagentoOptions) -> list[dict[str, Any]]:
    texts = [f"Imported from John Lewis, order {order.reference}."]
    if order.dispatch_by_at is not None:
        texts.append(f"Dispatch by {order.dispatch_by_at:%Y-%m-%d %H:%M} UTC.")
    if order.gift_message:
        texts.append(f"Gift message: {order.gift_message}")
    shown = {"is_customer_notified": 0, "is_visible_on_front": 0, "status": options.order_status}
    return [{"comment": text, **shown} for text in texts]


def _email(order: SalesOrder, options: MagentoOptions) -> str:
    if order.ship_to.email or not options.fallback_email_domain:
        return order.ship_to.email
    return f"{order.reference}@{options.fallback_email_domain}".lower()


def _first_and_last(name: str) -> tuple[str, str]:
    first, _, last = name.strip().rpartition(" ")
    return first.strip(), last


def _with_base(amounts: Mapping[str, Any]) -> dict[str, Any]:
    return {**amounts, **{f"base_{name}": amount for name, amount in amounts.items()}}


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_PENNY_FRACTION, ROUND_HALF_UP)
