"""A sales order as the order that `create_order` takes."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.fulfil.settings import FulfilOptions
from connectors.fulfil.wire import typed
from connectors.ordering import Unsendable, net_price, open_lines
from connectors.roles import OrderLimits
from domain.records import Address, OrderLine, SalesOrder

LIMITS = OrderLimits(street_lines=2, street_line_length=255, name_length=255, city_length=255)
_PENNY, _FOUR_PLACES = Decimal("0.01"), Decimal("0.0001")


def order_of(order: SalesOrder, options: FulfilOptions) -> dict[str, Any]:
    """Return the order for `create_order`. Raises `Unsendable`.

    Neither warehouse nor strategy nor date is set: how an order is fulfilled is Fulfil's own business.
    The Customer Order Number stands on the order, on each of its lines, on the payment, and in the
    instructions, which Fulfil copies to each shipment.
    """
    if not order.reference:
        raise Unsendable("The order has no Customer Order Number.", "refused")
    lines = [_line(line, order, options) for line in open_lines(order)]
    if not lines:
        raise Unsendable("Every line of the order is cancelled; there is nothing to create.", "refused")
    total = sum((net + tax for _, net, tax in lines), Decimal(0))
    address = _address(order.ship_to)
    return {
        "channel_identifier": order.key,
        "reference": order.reference,
        "confirmed_at": order.placed_at.isoformat(),
        "customer": {"name": order.ship_to.name, "contacts": list(_contacts(order.ship_to))},
        "billing_address": address,
        "shipping_address": address,
        "sale_lines": [body for body, _, _ in lines],
        "shipping_lines": [],
        "payments": _payments(order, total, options),
        "amount": typed(total),
        "currency_code": order.currency,
        **({"payment_term": options.payment_term} if options.payment_term else {}),
        "status": "pending",
        "financial_status": "paid",
        "fulfillment_status": "unshipped",
        "shipping_instructions": " - ".join(filter(None, (_title(order), order.delivery_service))),
        **({"gift_message": order.gift_message} if order.gift_message else {}),
    }


def _line(line: OrderLine, order: SalesOrder, options: FulfilOptions) -> tuple[dict[str, Any], Decimal, Decimal]:
    rate = options.tax_percent if line.tax_rate is None else line.tax_rate
    price = net_price(line, rate, options.price_when_unsent, "Fulfil").quantize(_FOUR_PLACES, ROUND_HALF_UP)
    net = (price * line.quantity).quantize(_PENNY, ROUND_HALF_UP)
    tax = line.tax if line.tax is not None else (net * rate / 100).quantize(_PENNY, ROUND_HALF_UP)
    body = {
        "channel_identifier": line.line,
        "sku": line.sku,
        "quantity": line.quantity,
        "unit_price": typed(price),
        "amount": typed(net),
        "metadata": {"customer_order_number": order.reference, "marketplace_line": line.line},
        "tax_lines": _taxes(line, rate, tax, options),
    }
    return body, net, tax


def _taxes(line: OrderLine, rate: Decimal, tax: Decimal, options: FulfilOptions) -> list[dict[str, Any]]:
    if not rate and not tax:
        return []
    name = options.tax_name if rate == options.tax_percent else options.other_tax_names.get(rate)
    if name is None:
        raise Unsendable(
            f"Line {line.line} is taxed at {rate} %, for which the installation names no tax mapping: "
            "add it to other_tax_names.",
            "unknown_value",
        )
    return [{"name": name, "rate": rate / 100, "amount": typed(tax)}]


def _payments(order: SalesOrder, total: Decimal, options: FulfilOptions) -> list[dict[str, Any]]:
    if options.payment_gateway is None:
        return []
    payment = {"amount": typed(total), "provider_reference": order.reference, "method": options.payment_gateway}
    return [{**payment, "state": "success"}]


def _address(to: Address) -> dict[str, Any]:
    if not to.street or len(to.street) > LIMITS.street_lines:
        raise Unsendable(f"The address has {len(to.street)} street lines; Fulfil takes 1 or 2.", "address")
    return {
        "name": to.name,
        "address1": to.street[0],
        "address2": to.street[1] if len(to.street) > 1 else "",
        "city": to.city,
        "zip": to.postcode,
        "subdivision_code": to.region,
        "country_code": to.country,
        "email": to.email,
        "phone": to.phone,
    }


def _contacts(to: Address) -> Iterator[list[str]]:
    for kind, value in (("email", to.email), ("phone", to.phone)):
        if value:
            yield [kind, value]


def _title(order: SalesOrder) -> str:
    return f"John Lewis order {order.reference}"
