"""Products: the vendor's JSON to `Item`, and what a product shows as its stock. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.virtualstock.mapping import id_in, nameless_key
from domain.records import Item, Received, Reject

_EAN_13 = re.compile(r"[0-9]{13}")
_WHOLE = re.compile(r"-?[0-9]{1,9}")
_ERROR_WORDS = frozenset({"detail", "code", "error", "errors", "message", "messages"})


@dataclass(frozen=True)
class ProductFields:
    """The names of the retailer's own fields below `data`: every retailer has another data model."""

    sku: str
    ean: str
    stock: str

    @property
    def keeps(self) -> Mapping[str, Any]:
        """Return the allow-list of a product; products hold no personal data."""
        data = dict.fromkeys((self.sku, self.ean, self.stock), True)
        return {"url": True, "part_number": True, "data": data}


def read_product(raw: Any, fields: ProductFields) -> Received | Reject:
    """Map one product. One without a SKU is an `Item` with an empty SKU: the listing exists, and is unmanaged."""
    product_id = product_id_of(raw)
    stock_number = _text(raw.get("part_number")) if isinstance(raw, dict) else None
    if product_id is None or stock_number is None or not isinstance(raw.get("data"), dict):
        return Reject(
            stock_number or nameless_key(raw), raw, "The product has no id in its url, no part_number or no data."
        )
    ean = _text(raw["data"].get(fields.ean)) or ""
    item = Item(
        sku=sku_of(raw, fields) or "",
        ean=ean if _EAN_13.fullmatch(ean) else None,  # the field may hold a SKU instead
        stock_number=stock_number,
        external_id=product_id,
    )
    return Received(item, raw)


def product_id_of(raw: Any) -> str | None:
    """Return the id in a product's url."""
    return id_in(raw.get("url")) if isinstance(raw, dict) else None


def sku_of(raw: Any, fields: ProductFields) -> str | None:
    """Return the seller's SKU that a product shows."""
    data = raw.get("data") if isinstance(raw, dict) else None
    return _text(data.get(fields.sku)) if isinstance(data, dict) else None


def stock_of(raw: Any, fields: ProductFields) -> int | None:
    """Return the stock that a product shows (a number or digits), or None when it shows none."""
    data = raw.get("data") if isinstance(raw, dict) else None
    value = str(data.get(fields.stock, "")) if isinstance(data, dict) else ""
    return int(value) if _WHOLE.fullmatch(value) else None


def names_an_error(answer: Any) -> bool:
    """Tell whether the body of a 2xx speaks of an error all the same."""
    return isinstance(answer, dict) and not _ERROR_WORDS.isdisjoint(answer)


def confirms_stock(answer: Any, quantity: int) -> bool:
    """Tell whether the 2xx answer of a stock call is an object that speaks of no error and of no other number."""
    if not isinstance(answer, dict) or names_an_error(answer):
        return False
    return str(answer.get("supplier_free_stock", quantity)) == str(quantity)


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None
