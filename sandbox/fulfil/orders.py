"""`create_order`: what a channel may send, and the sale that comes of it; once for each channel identifier."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.fulfil.books import CANCEL, Channel, Sale, SaleLine
from sandbox.fulfil.tenant import Tenant
from sandbox.fulfil.wire import Crash, Record, Refused, amount

REQUIRED = (
    "channel_identifier",
    "reference",
    "confirmed_at",
    "customer",
    "billing_address",
    "shipping_address",
    "sale_lines",
    "amount",
)
CHOICES = {
    "status": ({"pending", "completed", "cancelled"}, "pending"),
    "financial_status": ({"paid", "unpaid", "refunded"}, "paid"),
    "fulfillment_status": ({"unshipped", "partial", "shipped"}, "unshipped"),
}
TAXES = {"UK Standard VAT": Decimal("0.20"), "UK Reduced VAT": Decimal("0.05")}
CURRENCIES, TERMS, GATEWAYS = {"GBP"}, {"NET 30", "Marketplace"}, {"john_lewis"}
STRATEGIES = {"ship", "pick_up", "dropship", "backorder", "make_on_order"}
PENNY = Decimal("0.01")


def create_order(tenant: Tenant, arguments: Any) -> Sale:
    """Return the sale of this channel identifier: the one that exists, unchanged, or a new one."""
    if not isinstance(arguments, list) or len(arguments) != 2 or not isinstance(arguments[1], dict):
        raise Crash("create_order takes a channel and an order")
    channel_id, order = arguments
    channel = tenant.channels.get(channel_id)
    if channel is None or channel.kind == "by_hand":
        raise Refused.by_rule(f"Channel {channel_id} does not exist, or you may not create in it")
    identifier = order.get("channel_identifier")
    known = [sale for sale in _sales_named(tenant, identifier) if sale.channel is channel]
    if known:
        return known[0]
    _check(order)
    sale = _sale_of(tenant, channel, order)
    tenant.add_sale(sale)
    return sale


def _sales_named(tenant: Tenant, identifier: Any) -> list[Sale]:
    model = tenant.models.named("sale.sale")
    return [model.rows[each] for each in model.indexes.get("channel_identifier", {}).get(identifier, {})]


def _check(order: Record) -> None:
    for name in REQUIRED:
        if order.get(name) in (None, "", [], {}):
            raise Refused.by_rule(f"{name} is required")
    for name, (allowed, default) in CHOICES.items():
        if order.get(name, default) not in allowed:
            raise Refused.by_rule(f"The value of {name} is not allowed")
    for name, known, default in (("currency_code", CURRENCIES, "USD"), ("payment_term", TERMS, "NET 30")):
        if order.get(name, default) not in known:
            raise Refused.by_rule(f"{order.get(name, default)} was not found ({name})")
    if datetime.fromisoformat(str(order["confirmed_at"])).tzinfo is None:
        raise Refused.by_rule("confirmed_at needs an offset")
    _check_people(order)
    _check_money(order)


def _check_people(order: Record) -> None:
    for name in ("billing_address", "shipping_address"):
        if len(str(order[name].get("country_code") or "")) != 2:
            raise Refused.by_rule(f"{name}: country_code must have two letters")
    if any(len(contact) != 2 for contact in order["customer"].get("contacts", [])):
        raise Refused.by_rule("customer: a contact is a type and a value")
    for payment in order.get("payments", []):
        if payment.get("method") not in GATEWAYS:
            raise Refused.by_rule(f"Payment gateway {payment.get('method')} was not found")


def _check_money(order: Record) -> None:
    total = Decimal(0)
    for line in [*order["sale_lines"], *order.get("shipping_lines", [])]:
        net = amount(line.get("amount"))
        if "unit_price" in line and abs(amount(line["unit_price"]) * line["quantity"] - net) >= PENNY:
            raise Refused.by_rule("The amount of a line is not its price times its quantity")
        for tax in line.get("tax_lines", []):
            if tax.get("name") not in TAXES or amount(tax.get("rate")) != TAXES[tax["name"]]:
                raise Refused.by_rule(f"Tax {tax.get('name')} is not mapped in this channel")
            net += amount(tax.get("amount"))
        total += net
    if total != amount(order["amount"]):
        raise Refused.by_rule("The amount does not equal the total of the order")


def _sale_of(tenant: Tenant, channel: Channel, order: Record) -> Sale:
    sale = Sale(
        tenant.new_id(),
        channel,
        str(order["channel_identifier"]),
        str(order["reference"]),
        tenant.clock.now(),
        order,
    )
    for given in order["sale_lines"]:
        product = tenant.products.get(given.get("sku"))
        if product is None or not product.active:
            if tenant.switches.unknown_sku == "refuse":
                raise Refused.by_rule("A product was not found")
            sale.has_exception = True
            continue
        quantity = given.get("quantity")
        if type(quantity) is not int or quantity < 1:
            raise Refused.by_rule("quantity must be a whole number of 1 or more")
        if given.get("fulfil_strategy", "ship") not in STRATEGIES:
            raise Refused.by_rule("The value of fulfil_strategy is not allowed")
        line = SaleLine(tenant.new_id(), sale.id, product, quantity, amount(given["unit_price"]))
        line.channel_identifier, line.warehouse = given.get("channel_identifier"), given.get("warehouse")
        line.metadata = given.get("metadata") or {}
        sale.lines.append(line)
    if order.get("status") == "cancelled":
        sale.state = CANCEL
    return sale
