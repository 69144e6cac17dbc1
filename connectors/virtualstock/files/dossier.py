"""An order as its files tell it. Its original is a dossier: each of its files so far, in any order of coming. Pure.

An order file gives the order, a cancel file a request to cancel lines of it. They come apart, also the
wrong way round, twice, or under another name; so the record is made of all of them together.
"""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from connectors.reading import Unreadable
from connectors.virtualstock.files.layout import BadFile, FlatFile, kind_of, read_flat, text_of
from connectors.virtualstock.mapping import country_code, moment, nameless_key, whole
from domain.records import Address, LineStatus, OrderLine, Received, Reject, SalesOrder

_KEPT_OF_A_HEADER = ("order_number", "order_date", "retailer_ref", "test_flag", "expected_delivery_date", "currency")
_KEPT_OF_A_ROW = ("line_ref", "part_number", "quantity", "description", "additional_ref", "promised_date")
DOSSIER_KEEPS: Mapping[str, Any] = {
    "order_number": True,
    "files": {
        "name": True,
        "kind": True,
        "fault": True,
        "header": dict.fromkeys(_KEPT_OF_A_HEADER, True),
        "rows": dict.fromkeys(_KEPT_OF_A_ROW, True),
    },
}
"""The fields without personal data: not the address, not the customer's reference, not the comments (gift text)."""

MOST_FILES = 40


def dossier_of(name: str, content: bytes) -> dict[str, Any]:
    """Return the dossier that one file begins; what cannot be read is in it as text, with the reason."""
    entry: dict[str, Any] = {"name": name, "kind": kind_of(name) or "unknown"}
    number = ""
    try:
        text = text_of(content)
    except BadFile as fault:
        text, entry["fault"] = content.decode("latin-1"), str(fault)
    if "fault" not in entry:
        try:
            flat = read_flat(text)
            entry |= {"header": dict(flat.header), "rows": [dict(row) for row in flat.rows]}
            number = flat.header.get("order_number", "").strip()
        except BadFile as fault:
            entry["fault"] = str(fault)
            number = _number_in(text)
    if "fault" in entry:
        entry["text"] = text
    return {"order_number": number, "files": [entry]}


def _number_in(text: str) -> str:
    """Return the order number of a file that is cut off behind its header, so that its repeat finds it."""
    lines = text.splitlines()[:2]
    try:
        return read_flat("\n".join([*lines, *lines, '"4"'])).header.get("order_number", "").strip()
    except BadFile:
        return ""


def joined(former: Any, latter: Any) -> Any:
    """Return one dossier of two of the same order: every file once, in the order of their names.

    What came later under one name replaces what came before, but no request to cancel is ever forgotten.
    """
    if not _is_dossier(former) or not _is_dossier(latter):
        return latter
    files = {
        (str(one.get("name")), str(one.get("rows")) if one.get("kind") == "cancel" else ""): one
        for one in (*former["files"], *latter["files"])
    }
    return {**latter, "files": [files[key] for key in sorted(files)][-MOST_FILES:]}


def _is_dossier(raw: Any) -> bool:
    return (
        isinstance(raw, dict) and isinstance(raw.get("files"), list) and all(isinstance(f, dict) for f in raw["files"])
    )


def read_dossier(raw: Any, zone: ZoneInfo, town_column: str, *, test: bool) -> Received | Reject:
    """Map a dossier. Its newest order file counts, and every cancel file; one that cannot be read holds the order."""
    if not _is_dossier(raw):
        return Reject(nameless_key(raw), raw, "An original is not a list of files.")
    number = raw.get("order_number")
    key = number if isinstance(number, str) and number else nameless_key(raw)
    try:
        return Received(_order(raw, key, zone, town_column, test=test), raw)
    except Unreadable as fault:
        return Reject(key, raw, fault.reason, fault.hold_type, sold=_sold(raw, key, zone, town_column))


def _sold(raw: Mapping[str, Any], key: str, zone: ZoneInfo, town_column: str) -> SalesOrder | None:
    """Return the order without its requests to cancel, which may be what cannot be read."""
    try:
        files = [one for one in raw["files"] if one.get("kind") == "order"]
        return _order({"files": files}, key, zone, town_column, test=False)
    except Unreadable:
        return None


def _order(raw: Mapping[str, Any], key: str, zone: ZoneInfo, town_column: str, *, test: bool) -> SalesOrder:
    newest: dict[str, dict[str, Any]] = {}
    for one in sorted(raw["files"], key=lambda one: str(one.get("name"))):
        kind = one.get("kind")
        if not isinstance(kind, str) or kind not in {"order", "cancel"}:
            raise Unreadable("A file is of no kind that is known.", "unknown_value")
        newest[kind] = one
    for one in newest.values():
        if one.get("fault"):
            raise Unreadable(f"File {one['kind']}: {one['fault']} Ask Virtualstock to send it again.")
    if "order" not in newest:
        raise Unreadable("A cancellation came, and its order has not come yet.")
    flat = _flat(newest["order"])
    if flat.header.get("order_number", "").strip() != key:
        raise Unreadable("A file of the order names another order.")
    asked = _cancelled([_flat(one) for one in raw["files"] if one.get("kind") == "cancel" and not one.get("fault")])
    lines = tuple(_line(row, asked) for row in flat.rows)
    if len({line.line for line in lines}) < len(lines):
        raise Unreadable("Two lines of the order have the same line_ref.")
    if strangers := set(asked) - {line.line for line in lines}:
        raise Unreadable(f"A cancellation names {len(strangers)} lines that the order does not have.", "contradiction")
    promised = [moment(row["promised_date"], zone, "promised_date") for row in flat.rows if row.get("promised_date")]
    return SalesOrder(
        key=key,
        reference=key,
        external_id="",  # files name an order by its number only
        placed_at=moment(flat.header.get("order_date"), zone, "order_date"),
        dispatch_by_at=min(promised, default=None),
        lines=lines,
        ship_to=_address(flat.header, town_column),
        gift_message=flat.header.get("comments", ""),
        test=test or flat.header.get("test_flag", "").lower() in {"y", "yes", "true", "1"},
    )


def _flat(entry: Mapping[str, Any]) -> FlatFile:
    header, rows = entry.get("header"), entry.get("rows")
    if not isinstance(header, dict) or not isinstance(rows, list) or not rows:
        raise Unreadable("A file of the order has no header or no lines.")
    if not all(isinstance(row, dict) for row in rows):
        raise Unreadable("A line of the order is not a row.")
    if not all(isinstance(value, str) for row in (header, *rows) for value in row.values()):
        raise Unreadable("A field of the order is not a text.")
    return FlatFile(header, tuple(rows))


def _cancelled(files: list[FlatFile]) -> dict[str, int]:
    return {_text(row, "line_ref"): whole(row.get("quantity")) for file in files for row in file.rows}


def _line(row: Mapping[str, str], asked: Mapping[str, int]) -> OrderLine:
    name, quantity = _text(row, "line_ref"), whole(row.get("quantity"))
    if name in asked and asked[name] != quantity:
        raise Unreadable("A cancellation asks for a part of a line; only whole lines can be cancelled.", "quantity")
    return OrderLine(
        line=name,
        sku=None,
        ean=row.get("additional_ref") or None,
        stock_number=row.get("part_number") or None,
        quantity=quantity,
        name=row.get("description", ""),
        status=LineStatus.CANCEL_REQUESTED if name in asked else LineStatus.OPEN,
    )


def _address(header: Mapping[str, str], town_column: str) -> Address:
    parts = {
        name: header.get(name, "").strip()
        for name in ("shipping_address_1", "shipping_address_2", "shipping_address_3")
    }
    town = parts.pop(town_column)
    street = (parts.pop("shipping_address_1"), *([] if town_column == "shipping_address_2" else parts.values()))
    names = (header.get("shipping_title", "").strip(), header.get("shipping_full_name", "").strip())
    return Address(
        name=" ".join(part for part in names if part),
        street=tuple(part for part in street if part),
        city=town,
        region=parts["shipping_address_3"] if town_column == "shipping_address_2" else "",
        postcode=header.get("shipping_postcode", ""),
        country=country_code(header.get("shipping_country", "")),
        phone=header.get("shipping_phone", ""),
        email=header.get("shipping_email", ""),
    )


def _text(row: Mapping[str, str], name: str) -> str:
    value = row.get(name, "")
    if not value:
        raise Unreadable(f"{name} is missing.")
    return value
