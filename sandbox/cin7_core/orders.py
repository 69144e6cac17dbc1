"""What `/sale` and `/sale/order` accept: the header, the order lines, and the refusals."""

from decimal import Decimal
from typing import Any

from sandbox.cin7_core import fulfilments
from sandbox.cin7_core.books import Customer
from sandbox.cin7_core.company import Company
from sandbox.cin7_core.sale import ADVANCED, AUTHORISED, DRAFT, NOT_AVAILABLE, SIMPLE, VOIDED, Charge, OrderLine, Sale
from sandbox.cin7_core.wire import (
    Record,
    Refused,
    lines_of,
    number_of,
    read_moment,
    required,
    text_of,
    units_of,
    wire_number,
)

LINE_REQUIRED = ("ProductID", "SKU", "Name", "Quantity", "Price", "Tax", "TaxRule")
CHARGE_REQUIRED = ("Description", "Price", "Quantity", "Tax", "TaxRule")
PLAIN_TEXTS = {"Contact": 512, "Phone": 50, "Email": 256, "DefaultAccount": 50, "ShippingNotes": 1024, "Note": None}
MORE_TEXTS = {"CustomerReference": 256, "ExternalID": 256, "Carrier": 256, "SalesRepresentative": 256, "PriceTier": 50}
ADDRESS_TEXTS = {"Line1": 256, "Line2": 256, "City": 256, "State": 256, "Postcode": 20, "Country": 256}
SHIPPING_TEXTS = {"Company": 128, "Contact": 512}


def create_sale(company: Company, body: Record) -> Sale:
    """Make the sale of a `POST /sale`; with a nested `Order`, both or neither."""
    customer = company.books.active_customer(body)
    kind = text_of(body, "SaleType") or text_of(body, "Type") or SIMPLE
    if kind.removesuffix(" Sale") not in {"Simple", "Advanced"}:
        raise Refused(f"Sale: Type must be {SIMPLE} or {ADVANCED}, not {kind}")
    sale = company.open_sale("integration", customer, _header(company, customer, body))
    sale.type = ADVANCED if kind.startswith("Advanced") else SIMPLE
    if body.get("Order"):
        set_order(company, sale, body["Order"])
    company.register(sale)
    _keep_new_address(company, sale, body)
    return sale


def update_sale(company: Company, body: Record) -> Sale:
    """Change the header fields that a `PUT /sale` names; the others stay."""
    sale = company.sale(text_of(body, "ID"))
    if sale.order_status == VOIDED:
        raise Refused(f"Sale {sale.order_number or sale.id} is VOIDED and cannot be changed")
    former = sale.header["ExternalID"]
    sale.header = _header(company, sale.customer, {**sale.header, **body})
    company.index_external_id(sale, former)
    company.touch(sale)
    return sale


def place_order(company: Company, body: Record) -> Sale:
    """Set the order of a `POST /sale/order`; the lines sent replace the lines there."""
    sale = company.sale(text_of(body, "SaleID"))
    set_order(company, sale, body)
    return sale


def set_order(company: Company, sale: Sale, body: Any) -> None:
    """Give the sale these order lines, as a draft or authorised; refuse before anything has changed."""
    if not isinstance(body, dict):
        raise Refused("Order must be an object")
    if sale.order_status not in {DRAFT, NOT_AVAILABLE}:
        raise Refused(f"Order status is {sale.order_status}, must be DRAFT or NOT AVAILABLE")
    if sale.quote_status != AUTHORISED:
        raise Refused(f"Quote status is {sale.quote_status}, must be AUTHORISED")
    status = text_of(body, "Status")
    if status not in {DRAFT, AUTHORISED}:
        raise Refused(f"Order: Status must be DRAFT or AUTHORISED, not {status or 'empty'}")
    mode = text_of(body, "AutoPickPackShipMode") or "NOPICK"
    if mode not in fulfilments.AUTOMATIC_STEPS:
        raise Refused(f"AutoPickPackShipMode {mode} is not known")
    memo = text_of(body, "Memo", 1024)
    lines = [_order_line(company, line) for line in lines_of(body)]
    charges = [_charge(company, charge) for charge in lines_of(body, "AdditionalCharges")]
    if status == AUTHORISED and not lines and not charges:
        raise Refused("Order: Lines or AdditionalCharges are required")
    sale.lines, sale.charges, sale.memo, sale.auto_mode = lines, charges, memo, mode
    company.number(sale)
    sale.order_status = DRAFT
    if status == AUTHORISED:
        company.authorise(sale)
        if sale.type == SIMPLE and not sale.is_backordered:
            fulfilments.run_automatic_steps(company, sale, mode)
    company.touch(sale)


def blank_header(company: Company, customer: Customer, reference: str) -> Record:
    """Return the header that a person or another channel would make."""
    body = {"SkipQuote": True, "Location": customer.fields["Location"], "CustomerReference": reference}
    return _header(company, customer, body)


def _header(company: Company, customer: Customer, body: Record) -> Record:
    fields = customer.fields
    required(body, ("Location",), "Sale")
    calculation = text_of(body, "TaxCalculation") or ("Inclusive" if body.get("TaxInclusive") is True else "Exclusive")
    if calculation not in {"Inclusive", "Exclusive"}:
        raise Refused("TaxCalculation must be Inclusive or Exclusive")
    header: Record = {name: text_of(body, name, longest) for name, longest in (PLAIN_TEXTS | MORE_TEXTS).items()}
    header |= {
        "SkipQuote": body.get("SkipQuote") is True,
        "BillingAddress": _address(body, "BillingAddress", ADDRESS_TEXTS),
        "ShippingAddress": _address(body, "ShippingAddress", ADDRESS_TEXTS | SHIPPING_TEXTS),
        "CurrencyRate": wire_number(number_of(body, "CurrencyRate", "1")),
        "TaxRule": text_of(body, "TaxRule", 50) or fields["TaxRule"],
        "TaxCalculation": calculation,
        "Terms": text_of(body, "Terms") or fields["PaymentTerm"],
        "PriceTier": header["PriceTier"] or fields["PriceTier"],
        "ShipBy": _date(body, "ShipBy"),
        "Location": company.books.location(text_of(body, "Location")).name,
        "SaleOrderDate": _date(body, "SaleOrderDate") or f"{company.now():%Y-%m-%d}T00:00:00",
        "AdditionalAttributes": _attributes(body),
    }
    company.books.active_term(header["Terms"])
    company.books.sale_tax_rule(header["TaxRule"])
    return header


def _attributes(body: Record) -> Record:
    given = body.get("AdditionalAttributes") or {}
    if not isinstance(given, dict):
        raise Refused("AdditionalAttributes must be an object")
    names = [f"AdditionalAttribute{number}" for number in range(1, 11)]
    return {name: text_of(given, name, 256) for name in names}


def _date(body: Record, name: str) -> str | None:
    text = text_of(body, name)
    return f"{read_moment(text, name):%Y-%m-%d}T00:00:00" if text else None


def _address(body: Record, name: str, texts: dict[str, int]) -> Record | None:
    given = body.get(name)
    if given is None:
        return None
    if not isinstance(given, dict):
        raise Refused(f"{name} must be an address object")
    required(given, ("Line1", "Country"), name)
    address: Record = {key: text_of(given, key, longest) for key, longest in texts.items()}
    area = (address["City"], address["State"], address["Postcode"], address["Country"])
    address["DisplayAddressLine1"] = " ".join(part for part in (address["Line1"], address["Line2"]) if part)
    address["DisplayAddressLine2"] = " ".join(part for part in area if part)
    if "Contact" in texts:
        address["ShipToOther"] = given.get("ShipToOther") is True
    return address


def _keep_new_address(company: Company, sale: Sale, body: Record) -> None:
    """Without `ShipToOther`, an unknown first line becomes an address of the customer, for good."""
    address = sale.header["ShippingAddress"]
    if address is None or address["ShipToOther"]:
        return
    known = sale.customer.fields["Addresses"]
    if all(entry.get("Line1") != address["Line1"] for entry in known):
        kept = {key: address[key] for key in ADDRESS_TEXTS}
        known.append({"ID": company.new_id(), **kept, "Type": "Shipping", "DefaultForType": False})
        sale.customer.modified_at = company.now()


def _order_line(company: Company, line: Record) -> OrderLine:
    what = f"Order line {line.get('SKU') or ''}".strip()
    required(line, LINE_REQUIRED, what)
    made = OrderLine(
        product=company.stock.product_of(line),
        name=text_of(line, "Name", 1024),
        quantity=units_of(line, what),
        price=number_of(line, "Price"),
        tax=number_of(line, "Tax"),
        tax_rule=text_of(line, "TaxRule", 50),
        discount=number_of(line, "Discount"),
        comment=text_of(line, "Comment", 256),
        drop_ship=False,  # counts only for products whose drop-ship mode is optional, and none here is
    )
    _check_amounts(company, made, line, what)
    return made


def _charge(company: Company, charge: Record) -> Charge:
    what = "Additional charge"
    required(charge, CHARGE_REQUIRED, what)
    made = Charge(
        description=text_of(charge, "Description", 256),
        price=number_of(charge, "Price"),
        quantity=number_of(charge, "Quantity"),
        tax=number_of(charge, "Tax"),
        tax_rule=text_of(charge, "TaxRule", 50),
        discount=number_of(charge, "Discount"),
        comment=text_of(charge, "Comment", 1024),
    )
    if made.description not in company.books.service_products:
        raise Refused(f"Service product with name {made.description} was not found in Products reference book")
    _check_amounts(company, made, charge, what)
    return made


def _check_amounts(company: Company, made: OrderLine | Charge, given: Record, what: str) -> None:
    company.books.sale_tax_rule(made.tax_rule)
    if not 0 <= made.discount <= 100:
        raise Refused(f"{what}: Discount must be between 0 and 100")
    total = number_of(given, "Total", str(made.total))
    if abs(total - made.total) > company.switches.total_tolerance:
        expected = made.total.quantize(Decimal("0.0001"))
        raise Refused(f"{what}: Total {total} does not match Quantity x Price less Discount, which is {expected}")
