"""Rows of the shop's stock lists as counts, and products as items. Pure."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from connectors.magento.numbers import entity_id, whole_units
from domain.records import Deducts, Item, Received, Reject, StockLevel

SALABLE_POOL = "salable"
SOURCE = itemgetter("sku", "source_code")
"""What a row of source-items is of."""

_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError)
_SELLABLE_TYPES = {"simple", "virtual"}


def stock_level(raw: Any, salable_deducts: Deducts) -> Received | Reject:
    """Map a row of source-items (it names its source) or of the salable export (it does not)."""
    try:
        if "source_code" in raw:
            (sku, pool, units), deducts = at_source(raw), Deducts.ON_DISPATCH
        else:
            (sku, pool, units), deducts = to_be_sold(raw), salable_deducts
        level = StockLevel(sku=sku, pool=pool, quantity=whole_units(units), deducts=deducts)
        f"{sku}{pool}".encode()  # half of a surrogate pair cannot be written
    except _UNREADABLE as trouble:
        return Reject(row_key(raw), raw, f"The stock row cannot be read ({type(trouble).__name__}).")
    return Received(level, raw)


def at_source(row: Any) -> tuple[Any, Any, Any]:
    """Return the SKU, the source and the units of a row of source-items, as they stand there; none of one that is off."""
    return row["sku"], row["source_code"], row["quantity"] if _flag(row["status"]) else 0


def to_be_sold(row: Any) -> tuple[Any, str, Any]:
    """Return the SKU, the pool and the units of a row of the salable export, as they stand there."""
    return row["sku"], SALABLE_POOL, row["qty"] if _flag(row["is_salable"]) else 0


def salable(row: Any) -> tuple[Any, str]:
    """Return what a row of the salable export is of."""
    return row["sku"], SALABLE_POOL


def item(raw: Any, ean_attribute: str) -> Received | Reject:
    """Map a product; its EAN is the merchant's own attribute."""
    try:
        status = raw["status"]
        if status not in {1, 2}:
            return Reject(row_key(raw), raw, "The product's status is neither 1 nor 2.", "unknown_value")
        ean = next(
            (each["value"] for each in raw["custom_attributes"] if each["attribute_code"] == ean_attribute), None
        )
        record = Item(
            sku=raw["sku"],
            ean=ean or None,
            external_id=entity_id(raw["id"]),
            sellable=status == 1 and raw["type_id"] in _SELLABLE_TYPES,
        )
    except _UNREADABLE as trouble:
        return Reject(row_key(raw), raw, f"The product cannot be read ({type(trouble).__name__}).")
    return Received(record, raw)


def without_other_attributes(raw: Any, ean_attribute: str) -> Any:
    """Return the product with one custom attribute only: the shop cannot leave the others (texts) out itself."""
    if not isinstance(raw, Mapping):
        return raw
    held = raw.get("custom_attributes") or []
    kept = [each for each in held if isinstance(each, Mapping) and each.get("attribute_code") == ean_attribute]
    return {**raw, "custom_attributes": kept}


def row_key(raw: Any) -> str:
    """Return what makes a row of a list one of its kind, as far as it can be read."""
    if not isinstance(raw, dict):
        return ""
    sku, source = raw.get("sku"), raw.get("source_code")
    if source is None:
        return "" if sku is None else str(sku)
    return str(source) if sku is None else f"{sku}\x1f{source}"


def _flag(value: Any) -> bool:
    if value not in {0, 1}:
        raise ValueError("neither yes nor no")
    return bool(value)
