"""The lists: `/saleList` with its filters, `/product`, `/ref/productavailability` and the small books."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from itertools import takewhile

from sandbox.cin7_core.company import Company
from sandbox.cin7_core.pages import list_row
from sandbox.cin7_core.sale import AUTHORISED, Sale
from sandbox.cin7_core.wire import Call, Record

Test = Callable[[Sale], bool]

STATUS_FILTERS: dict[str, Callable[[Sale], str]] = {
    "Status": lambda sale: sale.status,
    "QuoteStatus": lambda sale: sale.quote_status,
    "OrderStatus": lambda sale: sale.order_status,
    "CombinedPickStatus": lambda sale: sale.picking_status,
    "CombinedPackStatus": lambda sale: sale.packing_status,
    "CombinedShippingStatus": lambda sale: sale.shipping_status,
    "CombinedInvoiceStatus": lambda sale: sale.combined(0, "INVOICED"),
    "CreditNoteStatus": lambda _: "NOT AVAILABLE",
}


def sale_list(company: Company, call: Call) -> Record:
    """Return a page of sales that pass every filter, in the order of their creation."""
    tests = list(_tests(company, call))
    passed = [sale for sale in _candidates(company, call) if all(test(sale) for test in tests)]
    passed.sort(key=lambda sale: sale.sequence)
    head, page = call.page(passed)
    rows = [
        list_row(sale, company.books.location(sale.header["Location"]).id, company.switches.tracking_separator)
        for sale in page
    ]
    return {**head, "SaleList": rows}


def _candidates(company: Company, call: Call) -> Iterable[Sale]:
    """Return the sales that one indexed filter leaves over: the cheap way to most questions."""
    external_id, needle, since = call.text("ExternalID"), call.text("Search").lower(), call.moment("UpdatedSince")
    if external_id and not company.switches.external_id_contains:
        return company.by_external_id.get(external_id, {}).values()
    if since is not None:
        return takewhile(lambda sale: sale.modified_at > since, reversed(company.latest_last.values()))
    if needle:
        return [company.sales[sale_id] for sale_id, text in company.search_texts.items() if needle in text]
    return company.sales.values()


def _tests(company: Company, call: Call) -> Iterator[Test]:
    """Yield what each sale must pass, every filter of the query once."""
    visible_until = company.now() - timedelta(seconds=company.switches.visible_after_seconds)
    yield lambda sale: sale.created_at <= visible_until
    for name, status in STATUS_FILTERS.items():
        if wanted := call.text(name):
            yield lambda sale, status=status, wanted=wanted: status(sale) == wanted  # type: ignore[misc] # bound now, not at the call
    if needle := call.text("Search").lower():
        yield lambda sale: needle in company.search_texts[sale.id]
    if external_id := call.text("ExternalID"):
        yield lambda sale: external_id in (sale.header["ExternalID"] or "")
    if location_id := call.text("OrderLocationID").lower():
        yield lambda sale: company.books.location(sale.header["Location"]).id == location_id
    if call.flag("ReadyForShipping"):
        yield _is_ready_for_shipping
    yield from _time_tests(call)


def _time_tests(call: Call) -> Iterator[Test]:
    created, updated, until = call.moment("CreatedSince"), call.moment("UpdatedSince"), call.moment("UpdatedUntil")
    if created is not None:
        yield lambda sale: sale.created_at > created
    if updated is not None:
        yield lambda sale: sale.modified_at > updated
    if until is not None:
        yield lambda sale: sale.modified_at <= until
    if ship_by := call.moment("ShipBy"):
        last_day = f"{ship_by:%Y-%m-%d}"
        yield lambda sale: (sale.header["ShipBy"] or "9999")[:10] <= last_day and sale.shipping_status != "SHIPPED"


def _is_ready_for_shipping(sale: Sale) -> bool:
    return any(task.pack_status == AUTHORISED and task.ship_status != AUTHORISED for task in sale.fulfilments)


def products(company: Company, call: Call) -> Record:
    """Return a page of products; `Sku` and `Name` need only be contained."""
    sku, name, since = call.text("Sku").lower(), call.text("Name").lower(), call.moment("ModifiedSince")
    product_id = call.text("ID")
    found = company.stock.by_id(product_id) if product_id else list(company.stock.products.values())
    if sku or name or since is not None:
        found = [
            product
            for product in found
            if sku in product.sku.lower()
            and name in product.name.lower()
            and (since is None or product.modified_at > since)
        ]
    head, page = call.page(found)
    return {**head, "Products": [product.wire() for product in page]}


def availability(company: Company, call: Call) -> Record:
    """Return a page of stock rows, one for each product, location and bin; no row where nothing was ever booked."""
    sku, name, product_id = call.text("Sku").lower(), call.text("Name").lower(), call.text("ID").lower()
    location, batch = call.text("Location"), call.text("Batch")
    rows = company.stock.rows
    if sku or name or product_id or location or batch:
        rows = [
            (product, row)
            for product, row in rows
            if sku in product.sku.lower()
            and name in product.name.lower()
            and product_id in {"", product.id}
            and location in {"", row.location}
            and not batch  # nothing here is kept in batches
        ]
    head, page = call.page(rows)
    return {**head, "ProductAvailabilityList": [product.availability(row) for product, row in page]}


def locations(company: Company, call: Call) -> Record:
    """Return the locations whose name starts as asked for; none is deprecated."""
    rows = [location.wire() for location in company.books.locations.values() if not call.flag("Deprecated")]
    name, location_id = call.text("Name").lower(), call.text("ID").lower()
    rows = [row for row in rows if row["Name"].lower().startswith(name) and location_id in {"", row["ID"]}]
    head, page = call.page(rows)
    return {**head, "LocationList": list(page)}


def book(
    list_name: str, rows: Callable[[Company], list[Record]], filters: dict[str, str]
) -> Callable[[Company, Call], Record]:
    """Make the reader of a small book; `filters` maps query names to the fields that must contain the value."""

    def read(company: Company, call: Call) -> Record:
        wanted = {column: call.text(name).lower() for name, column in filters.items() if call.text(name)}
        found = [
            row for row in rows(company) if all(part in str(row[column]).lower() for column, part in wanted.items())
        ]
        head, page = call.page(found)
        return {**head, list_name: list(page)}

    return read


carriers = book(
    "CarrierList", lambda company: company.books.carriers, {"CarrierID": "CarrierID", "Description": "Description"}
)
taxes = book(
    "TaxRuleList",
    lambda company: company.books.taxes,
    {name: name for name in ("ID", "Name", "IsActive", "IsTaxForSale", "IsTaxForPurchase", "Account")},
)
terms = book(
    "PaymentTermList",
    lambda company: company.books.terms,
    {name: name for name in ("ID", "Name", "Method", "IsActive", "IsDefault")},
)


def customers(company: Company, call: Call) -> Record:
    """Return the customers whose name contains what is asked for; deprecated ones only on demand."""
    name, customer_id, since = call.text("Name").lower(), call.text("ID").lower(), call.moment("ModifiedSince")
    rows = [
        customer.wire()
        for customer in company.books.customers.values()
        if name in customer.name.lower()
        and customer_id in {"", customer.id}
        and (since is None or customer.modified_at > since)
        and (customer.fields["Status"] == "Active" or call.flag("IncludeDeprecated"))
    ]
    head, page = call.page(rows)
    return {**head, "CustomerList": list(page)}
