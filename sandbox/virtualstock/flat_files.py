"""The vendor's flat files: five parts with a count at the end, and plain inventory rows."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.virtualstock.orders import Line, Order

ORDER_COLUMNS = {
    "order_number": "order_reference",
    "po_enduser": "end_user_purchase_order_reference",
    "retailer_ref": "additional_order_reference",
    "comments": "comment",
}
REQUIRED = {
    "order.ack": ({"order_number", "supplier_ref", "test_flag"}, {"line_ref", "part_number", "quantity"}),
    "cancel.ack": ({"order_number", "supplier_ref", "test_flag"}, {"line_ref", "part_number", "quantity"}),
    "dispatch.txt": (
        {"order_number", "supplier_ref"},
        {"line_ref", "part_number", "quantity", "dispatch_date", "carrier", "tracking_number"},
    ),
}


class BadFileError(Exception):
    """A file that the vendor does not take; the text is what it says of it."""


def written(header: Mapping[str, str], rows: Sequence[Mapping[str, str]]) -> str:
    """Write the five parts."""
    lines = [
        list(header),
        list(header.values()),
        list(rows[0]) if rows else ["line_ref"],
        *(list(row.values()) for row in rows),
    ]
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows([*lines, [str(len(lines))]])
    return out.getvalue()


def order_file(order: Order) -> str:
    """Return an order as its file."""
    wire, address = order.wire, order.wire.get("shipping_address")
    address = address if isinstance(address, dict) else {}
    header = {name: _text(wire.get(field)) for name, field in ORDER_COLUMNS.items()} | {
        "order_date": _text(wire.get("order_date"))[:10],
        "shipping_title": "",
        "shipping_full_name": _text(address.get("full_name")),
        "shipping_address_1": _text(address.get("line_1")),
        "shipping_address_2": _text(address.get("line_2")),
        "shipping_address_3": _text(address.get("city")),
        "shipping_postcode": _text(address.get("postal_code")),
        "shipping_country": _text(address.get("country")),
        "shipping_phone": _text(address.get("phone")),
        "shipping_email": _text(address.get("email")),
        "expected_delivery_date": "",
    }
    return written(header, [_order_row(line) for line in order.lines])


def _order_row(line: Line) -> dict[str, str]:
    item = line.item
    return {
        "line_ref": line.reference,
        "part_number": line.part_number,
        "quantity": _text(item.get("quantity")),
        "description": _text(item.get("description")),
        "additional_ref": _text(item.get("retailer_additional_reference")),
        "promised_date": _text(item.get("promised_date")),
    }


def cancel_file(order: Order, lines: Sequence[Line]) -> str:
    """Return a request to cancel lines of an order as its file."""
    rows = [
        {"line_ref": one.reference, "part_number": one.part_number, "quantity": str(one.outstanding)} for one in lines
    ]
    return written({"order_number": order.reference}, rows)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def read(content: bytes, kind: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Read a file of five parts as strictly as the vendor does; raise `BadFileError`."""
    if kind not in REQUIRED:
        raise BadFileError("Unknown kind of file")
    try:
        lines = [row for row in csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True) if row]
    except (UnicodeDecodeError, csv.Error):
        raise BadFileError("File cannot be parsed") from None
    if len(lines) < 5 or len(lines[-1]) != 1 or lines[-1][0] != str(len(lines) - 1):
        raise BadFileError("Checksum does not match the number of lines")
    names, columns = lines[0], lines[2]
    if any(len(row) != len(columns) for row in lines[3:-1]) or len(names) != len(lines[1]):
        raise BadFileError("Unexpected number of columns")
    wanted, wanted_of_rows = REQUIRED[kind]
    if missing := sorted((wanted - set(names)) | (wanted_of_rows - set(columns))):
        raise BadFileError(f"Missing column {missing[0]}")
    return dict(zip(names, lines[1], strict=True)), [dict(zip(columns, row, strict=True)) for row in lines[3:-1]]


def inventory_rows(content: bytes) -> list[dict[str, str]]:
    """Return the rows of a stock file as far as they are there: a file is taken as it lies."""
    rows = [row for row in csv.reader(io.StringIO(content.decode("utf-8", "replace"), newline="")) if row]
    return [dict(zip(rows[0], row, strict=False)) for row in rows[1:]] if rows else []
