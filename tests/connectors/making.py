"""What the tests of several systems make: orders and their people, with words in each field that a test can look for."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from connectors.roles import Feed
from domain.counts import StockPage
from domain.records import Address, Dispatch, OrderLine, Page, SalesOrder
from tests.doubles import ManualClock

PERSON = {
    "full_name": "Wilhelmina Personal",
    "line_1": "7 Private Road",
    "line_2": "Secret Cottage",
    "city": "Hushford",
    "state": "Quietshire",
    "postal_code": "HU5 4HH",
    "phone": "07700900999",
}
"""Who orders, as the pretend marketplaces want it told."""

GIFT = "With whispered love"

PERSONAL = ("Wilhelmina", "Private Road", "Secret Cottage", "Hushford", "HU5 4HH", "07700900999", "personal.example")


async def scan(feed: Feed, cursor: str | None = None) -> list[Page]:
    """Read a feed until it has no more."""
    pages = [await feed.read(cursor, ())]
    while pages[-1].more:
        pages.append(await feed.read(pages[-1].cursor, ()))
    return pages


def records(pages: Iterable[Page]) -> list[Any]:
    """Return every record of some pages, counts included."""
    return [
        record
        for page in pages
        for record in (page.counts.levels() if isinstance(page, StockPage) else (one.record for one in page.received))
    ]


def only_dispatch(page: Page) -> Dispatch:
    """Return the one record of a page of dispatches."""
    assert (len(page.received), page.rejects) == (1, [])
    record = page.received[0].record
    assert isinstance(record, Dispatch)
    return record


def sales_order(key: str = "5501-A", reference: str = "900100200", **changes: Any) -> SalesOrder:
    """Return an order of two lines, all personal fields filled with words that a test can look for."""
    lines = changes.pop("lines", None) or (order_line(f"{key}-1", "MUG-1", 2), order_line(f"{key}-2", "BOWL-1", 1))
    to = Address(
        name="Wilhelmina Personal",
        street=("7 Private Road", "Secret Cottage"),
        city="Hushford",
        postcode="HU5 4HH",
        country="GB",
        phone="07700900999",
        email="wilhelmina@personal.example",
    )
    placed_at = ManualClock().now() - timedelta(hours=1)
    values = {"key": key, "reference": reference, "external_id": key, "placed_at": placed_at, "ship_to": to} | changes
    return SalesOrder(lines=lines, **values)


def order_line(line: str, sku: str | None, quantity: int, **changes: Any) -> OrderLine:
    """Return a line at 10.00 net and 12.00 gross each."""
    money = {"unit_price_net": Decimal("10.00"), "tax_rate": Decimal(20), "total_gross": Decimal("12.00") * quantity}
    return OrderLine(line=line, sku=sku, ean=None, stock_number=None, quantity=quantity, **{**money, **changes})
