"""Numbers as the shop sends them, read without trusting their size."""

import re
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from connectors.reading import LARGEST_QUANTITY

_ENTITY_ID = re.compile(r"[0-9]{1,10}")  # int unsigned in the shop's tables


def quantity(value: Any) -> Decimal:
    """Return a quantity; raises `ValueError` (or `ArithmeticError`) when it is none, or beyond belief."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise TypeError("not a number")
    number = Decimal(str(value))
    if not number.is_finite() or abs(number) > LARGEST_QUANTITY:
        raise ValueError("beyond belief")
    return number


def whole_units(value: Any) -> int:
    """Return the whole units of a quantity: half a unit cannot be sold. Raises as `quantity`."""
    return int(quantity(value).to_integral_value(ROUND_FLOOR))


def entity_id(value: Any) -> str:
    """Return an id as text; the shop sends it as a number or as text. Raises `ValueError` when it is none."""
    if isinstance(value, bool) or not _ENTITY_ID.fullmatch(str(value)):
        raise ValueError("not an id")
    return str(int(value))
