"""Sales orders: record to wire, and what a sale that the vendor shows says about the record."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError

from connectors.cin7_core.mapping import ProductRow, Wire
from connectors.cin7_core.settings import Cin7CoreOptions
from connectors.ordering import Unsendable, net_price, open_lines
from connectors.reading import faults
from domain.answers import Absent, Contradicted, Finding, Found, Partial
from domain.records import Address, OrderLine, SalesOrder

VOIDED, NOT_AVAILABLE, DRAFT, AUTHORISED = "VOIDED", "NOT AVAILABLE", "DRAFT", "AUTHORISED"
BACKORDERED = "BACKORDERED"
_OPEN = frozenset({NOT_AVAILABLE, DRAFT})
_TAKEN = frozenset({AUTHORISED, "FULFILLED"})
_COUNTRIES = {  # names, because whether codes are read is unknown
    "GB": "United Kingdom",
    "IE": "Ireland",
    "JE": "Jersey",
    "GG": "Guernsey",
    "IM": "Isle of Man",
}
_FOUR_PLACES = Decimal("0.0001")
_STREET_LINES = 2


class SaleLine(Wire):
    """One line of a sale's order."""

    sku: str | None = Field(default=None, alias="SKU")
    quantity: Decimal = Decimal(0)
    backorder_quantity: Decimal | None = None


class OrderPart(Wire):
    """The order inside a sale."""

    sale_order_number: str | None = None
    status: str
    lines: tuple[SaleLine, ...] | None = None

    @property
    def units(self) -> Counter[str]:
        """Return the units by SKU."""
        return _counted((line.sku or "", line.quantity) for line in self.lines or ())

    @property
    def short(self) -> Counter[str]:
        """Return the units on back-order by SKU."""
        return _counted((line.sku or "", line.backorder_quantity or Decimal(0)) for line in self.lines or ())


class SalePage(Wire):
    """A sale: of its header only what names the order."""

    id: str = Field(alias="ID", min_length=1)
    status: str | None = None
    customer_reference: str | None = None
    external_id: str | None = Field(default=None, alias="ExternalID")
    order: OrderPart

    @property
    def shown(self) -> str:
        """Return how a person finds the sale."""
        return f"sale {self.order.sale_order_number or self.id}"


def header_of(order: SalesOrder, options: Cin7CoreOptions) -> dict[str, Any]:
    """Return the body of `POST /sale`. Raises `Unsendable`."""
    zone = ZoneInfo(options.time_zone)
    return {
        "Customer": options.customer,
        "Contact": order.ship_to.name,
        "Phone": order.ship_to.phone,
        "Email": order.ship_to.email,
        "SkipQuote": True,
        "Type": options.sale_type,
        "Location": options.location,
        "TaxRule": options.tax_rule,
        "TaxCalculation": "Exclusive",
        **({"Terms": options.terms} if options.terms else {}),
        **({"PriceTier": options.price_tier} if options.price_tier else {}),
        "SaleOrderDate": _day(order.placed_at, zone),
        **({"ShipBy": _day(order.dispatch_by_at, zone)} if order.dispatch_by_at else {}),
        "CustomerReference": order.reference,
        "ExternalID": external_id_of(order, options),
        "Note": order.delivery_service,
        "ShippingNotes": order.gift_message,
        "ShippingAddress": _address(order.ship_to),
    }


def external_id_of(order: SalesOrder, options: Cin7CoreOptions) -> str:
    """Return the mark under which this order is found again."""
    return options.external_id_prefix + order.key


def order_of(
    order: SalesOrder, sale_id: str, products: Mapping[str, ProductRow], options: Cin7CoreOptions
) -> dict[str, Any]:
    """Return the body of `POST /sale/order`, authorised, prices without tax. Raises `Unsendable`."""
    lines = [_line(line, products[line.sku or ""], options) for line in open_lines(order)]
    net, tax = sum((line["Total"] for line in lines), Decimal(0)), sum((line["Tax"] for line in lines), Decimal(0))
    return {
        "SaleID": sale_id,
        "Status": AUTHORISED,
        "Memo": "",
        "AutoPickPackShipMode": "NOPICK",
        "Lines": lines,
        "AdditionalCharges": [],
        "TotalBeforeTax": net,
        "Tax": tax,
        "Total": net + tax,
    }


def sale_of(page: Any) -> SalePage:
    """Read what a sale says of its order. Raises `ValueError` naming the fields at fault."""
    try:
        return SalePage.model_validate(page)
    except ValidationError as trouble:
        raise ValueError(faults(trouble)) from None


def finding_of(sale: SalePage, order: SalesOrder, *, by_hand: bool) -> Finding:
    """Judge whether a sale is this order: same reference, same units of every SKU, authorised, all allocated.

    A voided sale counts as absent. A back-ordered one is `Contradicted`, because its promise to
    the customer cannot be kept yet; it becomes `Found` by itself once stock is allocated.
    """
    part = sale.order
    if VOIDED in {sale.status, part.status}:
        return Absent()
    if fault := _contradiction(sale, order):
        return Contradicted(fault)
    if part.status in _TAKEN and part.short:
        reason = f"{sale.shown} exists and is authorised, but on back-order: {_text(part.short)}."
        return Contradicted(reason, "backordered")
    if part.status not in _OPEN:
        return Found(f"{sale.shown}, {part.status}", sale.id)
    if by_hand:
        return Contradicted(f"{sale.shown} was keyed by hand and is not authorised; authorise it or void it.")
    return Partial("its authorisation" if part.lines else "its lines")


def _contradiction(sale: SalePage, order: SalesOrder) -> str | None:
    part = sale.order
    if sale.customer_reference != order.reference:
        return f"{sale.shown} carries our ExternalID and another CustomerReference."
    if part.units not in _acceptable(order) and (part.lines or part.status not in _OPEN):
        return f"{sale.shown} holds {_text(part.units)}; the order wants {_text(_acceptable(order)[0])}."
    if part.status not in _OPEN | _TAKEN:
        return f"{sale.shown} has order status {part.status[:40]!r}, which does not go to the warehouse."
    return None


def _acceptable(order: SalesOrder) -> Sequence[Counter[str]]:
    """Return what a true sale may hold: the lines open now, or (cancelled since) all of them."""
    return [
        _counted((line.sku or "", Decimal(line.quantity)) for line in lines)
        for lines in (open_lines(order), order.lines)
    ]


def _counted(pairs: Any) -> Counter[str]:
    counted: Counter[str] = Counter()
    for sku, quantity in pairs:
        if quantity:
            counted[sku] += quantity
    return counted


def _text(units: Counter[str]) -> str:
    return ", ".join(f"{quantity} x {sku}" for sku, quantity in sorted(units.items())) or "nothing"


def _line(line: OrderLine, product: ProductRow, options: Cin7CoreOptions) -> dict[str, Any]:
    rate = options.tax_percent if line.tax_rate is None else line.tax_rate
    rule = options.tax_rule if rate == options.tax_percent else options.other_tax_rules.get(rate)
    if rule is None:
        raise Unsendable(
            f"Line {line.line} is taxed at {rate} %, for which the installation names no tax rule: "
            "add it to other_tax_rules.",
            "unknown_value",
        )
    price = net_price(line, rate, options.price_when_unsent, "Cin7 Core").quantize(_FOUR_PLACES, ROUND_HALF_UP)
    total = price * line.quantity
    tax = line.tax if line.tax is not None else (total * rate / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return {
        "ProductID": product.id,
        "SKU": product.sku,
        "Name": product.name or line.name or product.sku,
        "Quantity": line.quantity,
        "Price": price,
        "Discount": 0,
        "Tax": tax,
        "TaxRule": rule,
        "DropShip": False,
        "Comment": line.line,
        "Total": total,
    }


def _address(to: Address) -> dict[str, Any]:
    if to.country not in _COUNTRIES:
        raise Unsendable("The address names a country that is not in the connector's list.", "address")
    if not to.street or len(to.street) > _STREET_LINES:
        raise Unsendable(f"The address has {len(to.street)} street lines; Cin7 Core takes 1 or 2.", "address")
    return {
        "Line1": to.street[0],
        "Line2": to.street[1] if len(to.street) > 1 else "",
        "City": to.city,
        "State": to.region,
        "Postcode": to.postcode,
        "Country": _COUNTRIES[to.country],
        "Contact": to.name,
        "ShipToOther": True,  # False would add the shopper to the customer's address book for good
    }


def _day(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d}T00:00:00"
