"""Typed JSON: amounts, days and moments, in both spellings that Fulfil uses; and what a payload may be."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from connectors.reading import LARGEST_QUANTITY


def typed(amount: Decimal) -> dict[str, str]:
    """Return an amount as Fulfil writes one: no float ever holds money."""
    return {"__class__": "Decimal", "decimal": str(amount)}


def day(value: Any) -> Any:
    """Return the day of a typed date, in one piece or exploded; raises `ValueError` when it is none."""
    if not isinstance(value, dict):
        raise ValueError("not a typed date")  # noqa: TRY004 - pydantic reports a ValueError by its field
    if value.get("__class__") != "date":
        raise ValueError("not a typed date")
    if "iso_string" in value:
        return date.fromisoformat(str(value["iso_string"]))
    parts: tuple[Any, ...] = tuple(value.get(name) for name in ("year", "month", "day"))
    if any(type(part) is not int for part in parts):
        raise ValueError("not a day")
    try:
        return date(*parts)
    except OverflowError:
        raise ValueError("not a day") from None


def number(value: Any) -> Decimal:
    """Return a count, which is a plain number or a typed Decimal; raises `ValueError` when it is none."""
    if isinstance(value, dict) and value.get("__class__") == "Decimal":
        value = value.get("decimal")
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise ValueError("not a number")  # noqa: TRY004 - pydantic reports a ValueError by its field
    try:
        read = Decimal(str(value))
    except InvalidOperation:
        raise ValueError("not a number") from None
    if not read.is_finite() or not -LARGEST_QUANTITY <= read <= LARGEST_QUANTITY:
        raise ValueError("beyond belief")
    return read


Day = Annotated[date, BeforeValidator(day)]
Number = Annotated[Decimal, BeforeValidator(number)]


class Wire(BaseModel):
    """What we read of one of Fulfil's records: strict about what we need, blind to the rest."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, populate_by_name=True)
