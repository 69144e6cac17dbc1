"""A sales order as a web order of the hub; lines of one SKU become one line."""

import re
import uuid
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.ordering import open_lines
from connectors.roles import OrderLimits
from connectors.seko.settings import SekoOptions
from domain.answers import Refused
from domain.records import Address, OrderLine, SalesOrder

LIMITS = OrderLimits(
    street_lines=4,
    street_line_length=100,
    name_length=50,  # first and last name hold 50 each: so no part of a name is ever cut
    city_length=50,
    postcode_length=20,
    gift_message_length=500,
    reference_length=50,
)
_NAMESPACE = uuid.UUID("6d2f1c1e-2f0b-5c38-9d53-8f4f6a1f5e0c")
_NUMBER = re.compile(r"[A-Za-z0-9_.-]{1,50}")
_LONGEST = {"phone": 20, "email": 150, "region": 50}
_LONGEST_CODE = 100
_FOUR_PLACES = Decimal("0.0001")
_PENNY = Decimal("0.01")


@dataclass(frozen=True)
class MergedLine:
    """One line of the hub: a SKU with all its units. `parts` says how many of them belong to which order line."""

    number: int
    sku: str
    ean: str
    parts: dict[str, int]
    price_net: Decimal | None
    tax: Decimal | None

    @property
    def quantity(self) -> int:
        """Return the units of all parts."""
        return sum(self.parts.values())


def order_number(order: SalesOrder, options: SekoOptions) -> str:
    """Return the `SalesOrderNumber` of this order: unique at SEKO, so created once."""
    return options.order_prefix + order.key


def order_guid(order: SalesOrder, options: SekoOptions) -> str:
    """Return the GUID under which this order is looked up: made of its number alone, so any process knows it."""
    return str(uuid.uuid5(_NAMESPACE, order_number(order, options)))


def merged_lines(order: SalesOrder) -> list[MergedLine]:
    """Return the lines to create: SEKO refuses a SKU that stands on two lines."""
    by_sku: dict[str, list[OrderLine]] = {}
    for line in open_lines(order):
        by_sku.setdefault(line.sku or "", []).append(line)
    return [_merged(number, sku, lines) for number, (sku, lines) in enumerate(by_sku.items(), 1)]


def order_fault(order: SalesOrder, options: SekoOptions) -> Refused | None:
    """Return why this order cannot be written at all, or None."""
    number, lines, to = order_number(order, options), merged_lines(order), order.ship_to
    if not _NUMBER.fullmatch(number):
        return Refused(
            f"The order number {number[:60]!a} must be 1 to 50 letters, digits, -, _ or .: shorten order_prefix."
        )
    if not lines:
        return Refused("The order has no line to create.")
    if any(not 1 <= len(line.sku) <= _LONGEST_CODE for line in lines):
        return Refused("A line has no SKU, or one of more than 100 characters.", "sku_form")
    if too_long := [name for name, longest in _LONGEST.items() if len(getattr(to, name)) > longest]:
        return Refused(f"Too long for SEKO: {', '.join(too_long)} of the address.", "address")
    if not 1 <= len(to.street) <= LIMITS.street_lines or not (to.city and to.country):
        return Refused("SEKO wants a city, a country and 1 to 4 street lines.", "address")
    return None


def order_body(order: SalesOrder, options: SekoOptions) -> dict[str, Any]:
    """Return the body of `websubmit`. What the marketplace does not send is left out."""
    lines = merged_lines(order)
    head = {
        "SalesOrderNumber": order_number(order, options),
        "SalesOrderReference": order.reference,
        "SalesOrderDate": f"{order.placed_at:%Y-%m-%dT%H:%M:%S}.000Z",
        "OrderType": "Retail",
        "CurrencyCode": order.currency,
        **_totals(lines),
        "CourierName": options.courier_name,
        "CourierService": options.courier_service,
        "OnHold": False,
        "DoNotPushToDC": False,
        "GiftWrap": False,
        "GiftMessage": order.gift_message,
        "GUID": order_guid(order, options),
    }
    return {
        "WebSalesOrder": {name: value for name, value in head.items() if value != ""},
        "SalesOrderHeader": {"DCCode": options.dc} if options.dc else {},
        "DeliveryDetails": _address(order.ship_to),
        "List": {"SalesOrderLineItem": [_line(line, order, options) for line in lines]},
    }


def _merged(number: int, sku: str, lines: list[OrderLine]) -> MergedLine:
    quantity = sum(line.quantity for line in lines)
    nets = [_net(line) for line in lines]
    taxes = [line.tax for line in lines]
    return MergedLine(
        number,
        sku,
        next((line.ean for line in lines if line.ean), ""),
        {line.line: line.quantity for line in lines},
        _each([net for net in nets if net is not None], quantity) if None not in nets else None,
        _each([tax for tax in taxes if tax is not None], quantity) if None not in taxes else None,
    )


def _net(line: OrderLine) -> Decimal | None:
    return None if line.unit_price_net is None else line.unit_price_net * line.quantity


def _each(amounts: list[Decimal], quantity: int) -> Decimal | None:
    if quantity < 1:
        return None
    return (sum(amounts, Decimal(0)) / quantity).quantize(_FOUR_PLACES, ROUND_HALF_UP)


def _totals(lines: list[MergedLine]) -> dict[str, Decimal]:
    totals = {}
    for name, each in (("SubTotal", "price_net"), ("TaxTotal", "tax")):
        amounts = [(getattr(line, each), line.quantity) for line in lines]
        if all(amount is not None for amount, _ in amounts):
            total = sum((amount * quantity for amount, quantity in amounts), Decimal(0))
            totals[name] = total.quantize(_PENNY, ROUND_HALF_UP)
    return totals


def _line(line: MergedLine, order: SalesOrder, options: SekoOptions) -> dict[str, Any]:
    parts = ",".join(line.parts)
    fields = {
        "LineNumber": line.number,
        "ProductCode": line.sku,
        "EAN": line.ean,
        "Quantity": line.quantity,
        "UnitPrice": line.price_net,
        "VAT": line.tax,
        "CurrencyCode": order.currency,
        "Channel": options.channel,
        "ExternalDocumentNo": parts if len(parts) <= _LONGEST_CODE else "",
    }
    return {name: value for name, value in fields.items() if value not in {"", None}}


def _address(to: Address) -> dict[str, str]:
    first, _, last = to.name.strip().rpartition(" ")
    streets = {f"Line{number}": line for number, line in enumerate(to.street, 1)}
    fields = {
        "FirstName": first,
        "LastName": last,
        **streets,
        "City": to.city,
        "County": to.region,
        "PostcodeZip": to.postcode,
        "CountryCode": to.country,
        "PhoneNumber": to.phone,
        "EmailAddress": to.email,
    }
    return {name: value for name, value in fields.items() if value}
