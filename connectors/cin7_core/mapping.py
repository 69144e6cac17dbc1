"""Wire to record for products and stock rows, and the readings that every mapping here shares."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal

from connectors.reading import LARGEST_QUANTITY, Unreadable, faults
from domain.payloads import split
from domain.records import Deducts, Item, StockLevel

PRODUCT_KEEPS: dict[str, Any] = dict.fromkeys(("ID", "SKU", "Name", "Barcode", "Type", "Status", "Sellable"), True)
STOCK_KEEPS: dict[str, Any] = {
    "SKU": True,
    "Location": True,
    "Rows": dict.fromkeys(("Bin", "Batch", "ExpiryDate", "OnHand", "Allocated", "Available"), True),
}

_HARMLESS = re.compile(  # [reference, error bodies]: names of the seller's own reference books
    r"(Active )?[A-Za-z ]{1,40} with (name|ID|SKU) [^@\n]{1,100} was not found in [A-Za-z ]{1,40} reference book"
)
_PRODUCT_MISSING = re.compile(r"Product with .* was not found in Products reference book")


class Wire(BaseModel):
    """What we read of one of the vendor's objects: strict about what we need, blind to the rest."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True, alias_generator=to_pascal, populate_by_name=True
    )


class ProductRow(Wire):
    """One product of the item master."""

    id: str = Field(alias="ID", min_length=1)
    sku: str = Field(alias="SKU", min_length=1)
    name: str | None = None
    barcode: str | None = None
    type: str | None = None
    status: str | None = None
    sellable: bool | None = None


class _StockRow(Wire):
    available: Decimal


class _StockRows(Wire):
    sku: str = Field(alias="SKU", min_length=1)
    location: str = Field(min_length=1)
    rows: tuple[_StockRow, ...] = Field(min_length=1)


def moment(text: Any) -> datetime:
    """Read a time of the vendor: UTC, with or without `Z`, 0 to 7 digits of a second. Raises `Unreadable`."""
    if not isinstance(text, str):
        raise Unreadable("a time is missing")
    whole, _, fraction = text.strip().removesuffix("Z").partition(".")
    try:
        read = datetime.fromisoformat(f"{whole}.{fraction[:6]:0<6}")
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable("a time cannot be read") from None


def moment_text(at: datetime) -> str:
    """Write a time as the vendor's filters want it: UTC, milliseconds, no `Z`."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")


def product_of(raw: Any) -> ProductRow:
    """Read one product. Raises `Unreadable`."""
    try:
        return ProductRow.model_validate(raw)
    except ValidationError as trouble:
        raise Unreadable(f"product: {faults(trouble)}") from None


def item_of(raw: Any) -> Item:
    """Read one product as an item; only active stock products can be sold. Raises `Unreadable`."""
    product = product_of(raw)
    status = (product.status or "").lower()
    if status not in {"active", "deprecated"}:
        raise Unreadable("product: its status is neither Active nor Deprecated", "unknown_value")
    sellable = status == "active" and (product.type or "").lower() == "stock" and product.sellable is not False
    return Item(sku=product.sku, ean=product.barcode or None, external_id=product.id, sellable=sellable)


def kept_product(row: Any) -> dict[str, Any]:
    """Return the part of a product that we read; the other hundred fields are not carried along."""
    kept = split(row, PRODUCT_KEEPS)[0]
    return kept if isinstance(kept, dict) else {}


def stock_rows(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Gather the rows of a page, one for each bin and batch, by SKU and location."""
    gathered: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        fields: Mapping[str, Any] = row if isinstance(row, Mapping) else {}
        sku, location = fields.get("SKU"), fields.get("Location")
        raw = gathered.setdefault((str(sku), str(location)), {"SKU": sku, "Location": location, "Rows": []})
        raw["Rows"].append({name: fields[name] for name in STOCK_KEEPS["Rows"] if name in fields})
    return list(gathered.values())


def stock_level_of(raw: Any) -> StockLevel:
    """Sum what is available of one SKU in one location, in whole eaches rounded down. Raises `Unreadable`."""
    try:
        found = _StockRows.model_validate(raw)
    except ValidationError as trouble:
        raise Unreadable(f"stock rows: {faults(trouble)}") from None
    if any(not -LARGEST_QUANTITY <= row.available <= LARGEST_QUANTITY for row in found.rows):
        raise Unreadable("stock rows: a quantity is too large to be true")
    eaches = int(sum((row.available for row in found.rows), Decimal(0)).to_integral_value(ROUND_FLOOR))
    return StockLevel(sku=found.sku, pool=found.location, quantity=eaches, deducts=Deducts.ON_ACCEPTANCE)


def refusal_of(body: Any, evidence: str) -> tuple[str, str]:
    """Return what may be shown of a refusal, and how to hold it.

    A message is shown only when it has the harmless form of a missing entry of a reference book.
    """
    first = body[0] if isinstance(body, list) and body else body
    fields: Mapping[str, Any] = first if isinstance(first, Mapping) else {}
    message = str(fields.get("Exception") or fields.get("Message") or "")
    hold_type = "unknown_sku" if _PRODUCT_MISSING.fullmatch(message) else "refused"
    if _HARMLESS.fullmatch(message):
        return f"Cin7 Core refuses: {message}. Mend the name there or in the installation file.", hold_type
    return f"Cin7 Core refuses it; its message is kept as {evidence}.", hold_type
