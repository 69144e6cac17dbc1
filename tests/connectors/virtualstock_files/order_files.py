"""Files of orders and cancellations as the vendor writes them."""

from typing import Any

from connectors.virtualstock.files.layout import written_flat
from domain.records import Received, Reject
from tests.connectors.virtualstock_files.harness import Harness

HEADER = {
    "order_number": "SBX-100001",
    "order_date": "2026-03-02",
    "po_enduser": "50000001",
    "comments": "",
    "shipping_title": "Ms",
    "shipping_full_name": "Sample Person",
    "shipping_address_1": "1 Sample Street",
    "shipping_address_2": "Flat 2",
    "shipping_address_3": "Sampletown",
    "shipping_postcode": "SA1 1AA",
    "shipping_country": "United Kingdom",
    "shipping_phone": "",
    "shipping_email": "",
}


ROW = {
    "line_ref": "1",
    "part_number": "12345678",
    "quantity": "2",
    "description": "Sample product",
    "additional_ref": "5000000000012",
    "promised_date": "2026-03-10T00:00:00",
}


def order_text(rows: int = 1, **header: str) -> str:
    lines = [ROW | {"line_ref": str(number)} for number in range(1, rows + 1)]
    return written_flat(HEADER | header, lines).decode()


def cancel_text(*refs: str, number: str = "SBX-100001", quantity: str = "2") -> str:
    rows = [{"line_ref": ref, "part_number": "12345678", "quantity": quantity} for ref in refs]
    return written_flat({"order_number": number}, rows).decode()


async def the_one(edge: Harness) -> Any:
    [one] = await outcomes(edge)
    return one


async def outcomes(edge: Harness) -> list[Received | Reject]:
    read: list[Received | Reject] = []
    for page in await edge.read_pages(edge.connect()):
        read += [*page.received, *page.rejects]
    return read
