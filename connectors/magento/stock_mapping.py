"""Rows of the shop's stock lists as counts, and products as items. Pure."""

from collections.abc import Mapping
from typing import Any

from connectors.magento.numbers import entity_id, whole_units
from domain.records import Deducts, Item, Received, Reject, StockLevel

SALABLE_POOL = "salable"
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError)
_SELLABLE_TYPES = {"simple", "virtual"}


def stock_level(raw: Any, salable_deducts: Deducts) -> Received | Reject:
    """Map a row of source-items (it names its source) or of the salable export (it does not)."""
    try:
        if "source_code" in raw:
            counted = raw["quantity"] if _flag(raw["status"]) else 0
            level = StockLevel(
                sku=raw["sku"], pool=raw["source_code"], quantity=whole_units(counted), deducts=Deducts.ON_DISPATCH
            )
        else:
            counted = raw["qty"] if _flag(raw["is_salable"]) else 0
            level = StockLevel(
                sku=raw["sku"], pool=SALABLE_POOL, quantity=whole_units(counted), deducts=salable_deducts
            )
    except _UNREADABLE as trouble:
        return Reject(row_key(raw), raw, f"The stock row cannot be read ({type(trouble).__name__}).")
    return Received(level, raw)


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
    if not isinstance(raw, Mapping):
        return ""
    return "\x1f".join(str(raw[name]) for name in ("sku", "source_code") if raw.get(name) is not None)


def _flag(value: Any) -> bool:
    if value not in {0, 1}:
        raise ValueError("neither yes nor no")
    return bool(value)
