"""Wire to record for items and stock, and the readings that every mapping here shares."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal
from operator import itemgetter
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from connectors.reading import LARGEST_QUANTITY, Unreadable, faults
from domain.payloads import split
from domain.records import Deducts, Item, StockLevel

ITEM_KEEPS: dict[str, Any] = {
    "self": {"id": True},
    **dict.fromkeys(("number", "itemType", "salesEnabledFlag", "active"), True),
    "upcs": {"data": {"value": True}, "complete": True, "pages": True},
}
MEASURES = ("atpQty", "coAtpQty")
STOCK_KEEPS: dict[str, Any] = dict.fromkeys(("itemNumber", "facility", *MEASURES), True)
PLACE = itemgetter("itemNumber", "facility")
"""What a count of an item is one of."""


class Wire(BaseModel):
    """What we read of one of the vendor's objects: strict about what we need, blind to the rest."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True, alias_generator=to_camel, populate_by_name=True
    )


Id = Annotated[int, Field(ge=1, le=10**15)]
"""An id of the vendor; a longer number could fill the memory."""


class Self(Wire):
    """A reference: the vendor's own id."""

    id: Id


class _Upc(Wire):
    value: str | None = None


class _Upcs(Wire):
    data: tuple[_Upc, ...] = ()
    complete: bool | None = None
    pages: int | None = None


class _Item(Wire):
    reference: Self = Field(alias="self")
    number: str = Field(min_length=1)
    item_type: str | None = None
    sales_enabled_flag: bool | None = None
    active: bool | None = None
    upcs: _Upcs = _Upcs()


class _Stock(Wire):
    item_number: str = Field(min_length=1)
    facility: str = Field(min_length=1)


def moment(text: Any) -> datetime:
    """Read a time of the vendor, which names its offset. Raises `Unreadable`."""
    try:
        read = datetime.fromisoformat(text)
        in_utc = read.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise Unreadable("a time is missing or cannot be read") from None
    if read.tzinfo is None:
        raise Unreadable("a time names no offset")
    return in_utc


def moment_text(at: datetime) -> str:
    """Write a time as the vendor's filters want it."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def whole_eaches(value: Any, what: str) -> int:
    """Read a quantity as whole eaches, rounded down. Raises `Unreadable`."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise Unreadable(f"{what} is missing or not a number")
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        raise Unreadable(f"{what} is not a number") from None
    if not number.is_finite() or not -LARGEST_QUANTITY <= number <= LARGEST_QUANTITY:
        raise Unreadable(f"{what} is too large to be true")
    return int(number.to_integral_value(ROUND_FLOOR))


def number_of(row: Any) -> str:
    """Return the SKU of a row of the item master, or an empty text."""
    number = row.get("number") if isinstance(row, dict) else None
    return number if isinstance(number, str) else ""


def is_of(row: Any, business_unit: str) -> bool:
    """Tell whether a row of a V2 list is of this business unit, or does not say of which; the filter may be ignored."""
    reference = row.get("self") if isinstance(row, dict) else None
    key = reference.get("businessKey") if isinstance(reference, dict) else None
    return not isinstance(key, dict) or key.get("businessUnit.code") in (None, business_unit)


def id_of(row: Any) -> int:
    """Return the vendor's own id of a row of a V2 list, or 0."""
    reference = row.get("self") if isinstance(row, dict) else None
    number = reference.get("id") if isinstance(reference, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else 0


def item_of(raw: Any) -> Item:
    """Read one item. Raises `Unreadable`.

    Its EAN is its barcode, where it has exactly one; of several nobody says which the marketplace means.
    """
    try:
        item = _Item.model_validate(raw)
    except ValidationError as trouble:
        raise Unreadable(f"item: {faults(trouble)}") from None
    if item.item_type not in {"Simple", "Custom Fee"}:
        raise Unreadable("item: its type is neither Simple nor Custom Fee", "unknown_value")
    barcodes = {upc.value for upc in item.upcs.data if upc.value}
    is_whole = item.upcs.complete is not False and (item.upcs.pages or 0) <= 1
    return Item(
        sku=item.number,
        ean=barcodes.pop() if is_whole and len(barcodes) == 1 else None,
        external_id=str(item.reference.id),
        sellable=item.item_type == "Simple" and item.sales_enabled_flag is not False and item.active is not False,
    )


def kept_item(row: Any) -> Any:
    """Return the part of an item that we read; the texts are not carried along."""
    return split(row, ITEM_KEEPS)[0] if isinstance(row, Mapping) else row


def stock_raws(row: Any, measure: str, business_unit: str) -> list[Any]:
    """Cut one row of enterprise inventory into an original for each place; `business_unit`: one for the whole of it.

    What has not the form of a row is returned as it is, for `stock_level_of` to refuse.
    """
    if not isinstance(row, Mapping):
        return [row]
    if business_unit:
        return [{"itemNumber": row.get("itemNumber"), "facility": business_unit, measure: row.get(measure)}]
    places = row.get("facilities")
    if not isinstance(places, list):
        return [dict(row)]
    number = row.get("itemNumber")
    return [
        {"itemNumber": number, **{name: place[name] for name in STOCK_KEEPS if name in place}}
        if isinstance(place, dict)
        else {"itemNumber": number, "facility": None}
        for place in places
    ]


def stock_level_of(raw: Any, measure: str) -> StockLevel:
    """Read one count. Raises `Unreadable`; a measure that is not there is unknown, and never zero."""
    try:
        stock = _Stock.model_validate(raw)
    except ValidationError as trouble:
        raise Unreadable(f"stock row: {faults(trouble)}") from None
    quantity = whole_eaches(raw.get(measure), f"stock row: {measure}")
    return StockLevel(sku=stock.item_number, pool=stock.facility, quantity=quantity, deducts=Deducts.ON_ACCEPTANCE)
