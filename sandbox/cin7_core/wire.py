"""How this system talks: refusals, query strings without case, pages, and three spellings of a time."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from random import Random
from typing import Any, TypeVar

Record = dict[str, Any]
T = TypeVar("T")

MOST_ROWS_A_PAGE = 1000
ROWS_A_PAGE = 100


class Refused(ValueError):
    """The call fails validation: the caller sees this text with status 400 (or the one given)."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Call:
    """One call after the door: query names without case, and the JSON object of the body."""

    query: Mapping[str, str]
    body: Record = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return a query value, or an empty text when it is absent or the literal `null` of the reference."""
        value = self.query.get(name.lower(), "")
        return "" if value == "null" else value

    def flag(self, name: str) -> bool:
        """Return a query boolean; absent is false."""
        return self.text(name).lower() == "true"

    def moment(self, name: str) -> datetime | None:
        """Return a query time, which is UTC whether or not it says so; None when absent."""
        text = self.text(name)
        return read_moment(text, name) if text else None

    def page(self, rows: Sequence[T]) -> tuple[Record, Sequence[T]]:
        """Return `{"Total", "Page"}` and the rows of the page asked for; a larger Limit than 1000 is 1000."""
        number, limit = self._count("Page", 1), min(self._count("Limit", ROWS_A_PAGE), MOST_ROWS_A_PAGE)
        start = (number - 1) * limit
        return {"Total": len(rows), "Page": number}, rows[start : start + limit]

    def _count(self, name: str, default: int) -> int:
        text = self.text(name) or str(default)
        if not (text.isascii() and text.isdigit()) or int(text) < 1:
            raise Refused(f"{name} must be a whole number of 1 or more")
        return int(text)


def read_moment(text: str, name: str) -> datetime:
    """Read an ISO time of 0 to 7 fraction digits, with or without `Z`, as UTC."""
    whole, point, fraction = text.removesuffix("Z").partition(".")
    try:
        moment = datetime.fromisoformat(f"{whole}{point}{fraction[:6]:0<6}" if point else whole)
    except ValueError:
        raise Refused(f"{name} is not a valid date") from None
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def write_moment(moment: datetime, spelling: int) -> str:
    """Write a UTC time in one of the three spellings met in answers, chosen by `spelling`.

    Milliseconds without `Z`, milliseconds with `Z`, and seven fraction digits with `Z`.
    """
    bare = moment.astimezone(UTC).replace(tzinfo=None)
    match spelling % 3:
        case 0:
            return bare.isoformat(timespec="milliseconds")
        case 1:
            return bare.isoformat(timespec="milliseconds") + "Z"
        case _:
            return bare.isoformat(timespec="microseconds") + "0Z"


def new_guid(random: Random) -> str:
    """Return a GUID from the pretend system's own random source."""
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def text_of(body: Mapping[str, Any], name: str, longest: int | None = None) -> str:
    """Return a text of the body (absent and null are empty); refuse one that is too long."""
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(f"{name} must be a string")
    if longest is not None and len(value) > longest:
        raise Refused(f"{name} exceeds the maximum length of {longest}")
    return value


def required(body: Mapping[str, Any], names: Sequence[str], what: str) -> None:
    """Refuse a body that lacks one of these fields; zero is a value, null and an empty text are not."""
    for name in names:
        if body.get(name) in {None, ""}:
            raise Refused(f"{what}: {name} is required")


def number_of(body: Mapping[str, Any], name: str, default: str = "0") -> Decimal:
    """Return a number of the body exactly as written."""
    value = body.get(name)
    if value is None:
        return Decimal(default)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise Refused(f"{name} must be a number") from None
    if isinstance(value, bool) or not number.is_finite():
        raise Refused(f"{name} must be a number")
    return number


def units_of(body: Mapping[str, Any], what: str) -> int:
    """Return `Quantity`, which is at least 1; this pretend system keeps whole eaches only."""
    quantity = number_of(body, "Quantity")
    if quantity < 1:
        raise Refused(f"{what}: Quantity must be at least 1")
    if quantity != quantity.to_integral_value():
        raise Refused(f"{what}: the pretend system keeps whole eaches only, not {quantity}")
    return int(quantity)


def lines_of(body: Mapping[str, Any], name: str = "Lines") -> list[Record]:
    """Return a list of objects in the body; absent and null are an empty list."""
    lines = body.get(name) or []
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise Refused(f"{name} must be a list of objects")
    return lines


def wire_number(value: Decimal) -> int | float:
    """Return a number as JSON writes it: whole numbers without a fraction."""
    number = float(value)
    return int(number) if number.is_integer() else number
