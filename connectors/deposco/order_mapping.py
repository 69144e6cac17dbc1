"""Sales orders: record to wire, and what an order that the vendor shows says about the record."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import Field, ValidationError

from connectors.deposco.mapping import Self, Wire, moment_text
from connectors.deposco.settings import DeposcoOptions, Service
from connectors.ordering import Unsendable, open_lines
from connectors.reading import faults
from connectors.roles import OrderLimits
from domain.answers import Contradicted, Finding, Found
from domain.records import Address, OrderLine, SalesOrder

LIMITS = OrderLimits(
    street_lines=2,
    street_line_length=64,
    name_length=61,  # two fields of 30, split at a space
    city_length=30,
    postcode_length=20,
    gift_message_length=255,
    reference_length=50,
)
BACK_ORDERED, CANCELED = "Back Ordered", "Canceled"
WAITING = frozenset({"New", "Ready for Fulfillment", "Wave Built"})
ASIDE = frozenset({"Draft", "Hold"})
IN_WORK = frozenset(
    {
        *("Partially Released", "Released", "Picking", "Pick Complete", "Partially Staged", "Staged"),
        *("Partially Loaded", "Loaded", "Partially Shipped"),
    }
)
SHIPPED = "Ship Complete"
_TAKEN = WAITING | ASIDE | IN_WORK | {SHIPPED}
_NUMBER_LENGTH, _LINE_LENGTH, _NAME_LENGTH, _PHONE_LENGTH, _EMAIL_LENGTH = 50, 55, 30, 30, 50
_MOST_LINES = 100
_TOO_LONG = re.compile(r"[A-Za-z0-9.\[\]]{1,60} size must be between 0 and [0-9]{1,6}")  # [error bodies]


class _Number(Wire):
    number: str


class _ItemRef(Wire):
    business_key: _Number


class WireLine(Wire):
    """One line of an order."""

    item: _ItemRef | None = None
    order_pack_quantity: Decimal = Decimal(0)
    canceled_pack_quantity: Decimal | None = None
    order_line_status: str | None = None
    is_back_ordered: str | None = None

    @property
    def sku(self) -> str:
        """Return the item's number, or an empty text for a line that is joined to no item."""
        return self.item.business_key.number if self.item else ""


class WireOrder(Wire):
    """An order: of its header only what names it and says where it stands."""

    reference: Self = Field(alias="self")
    number: str
    order_status: str
    customer_order_number: str | None = None
    pick_wave: Any = None

    @property
    def id(self) -> str:
        """Return the vendor's id."""
        return str(self.reference.id)

    @property
    def shown(self) -> str:
        """Return how a person finds the order."""
        return f"order {self.number}"


def number_of(order: SalesOrder, options: DeposcoOptions) -> str:
    """Return the order number: one order of ours, however often it is sent."""
    return options.number_prefix + order.key


def body_of(order: SalesOrder, options: DeposcoOptions) -> dict[str, Any]:
    """Return the body of `POST /orders/salesOrders`. Raises `Unsendable`."""
    lines, number = open_lines(order), number_of(order, options)
    if not lines:
        raise Unsendable("Every line of the order is cancelled; there is nothing to create.", "refused")
    if len(lines) > _MOST_LINES:
        raise Unsendable(f"The order has {len(lines)} lines; Deposco takes {_MOST_LINES} at once.", "refused")
    if len(number) > _NUMBER_LENGTH or any(len(line.line) > _LINE_LENGTH for line in lines):
        raise Unsendable("The order's number or a line's is too long for Deposco: shorten number_prefix.", "refused")
    service = service_of(order, options)
    unit = {"businessKey": {"code": options.business_unit}}
    return {
        "businessUnit": unit,
        "number": number,
        "orderStatus": "New",
        "customerOrderNumber": order.reference,
        "orderSource": options.order_source,
        "placedDate": moment_text(order.placed_at),
        **({"plannedShipDate": moment_text(order.dispatch_by_at)} if order.dispatch_by_at else {}),
        **({"shipFromFacility": {"businessKey": {"number": options.facility}}} if options.facility else {}),
        "shipVendor": service.carrier,
        "shipVia": service.service,
        **({"shipMethod": service.method} if service.method else {}),
        "shipToContact": _contact(order.ship_to),
        "shipToAddress": _address(order.ship_to),
        **({"notes": [{"title": "Gift message", "body": order.gift_message}]} if order.gift_message else {}),
        "orderLines": {"data": [_line(line, options.business_unit) for line in lines]},
    }


def service_of(order: SalesOrder, options: DeposcoOptions) -> Service:
    """Return how the parcel shall go, so that the right label is printed. Raises `Unsendable` where nobody said."""
    service = options.services.get(order.delivery_service, options.default_service)
    if service is None:
        raise Unsendable(
            f"No service is named for delivery service {order.delivery_service[:60]!r}: add it to services, "
            "or name a default_service, in the installation's file.",
            "unknown_value",
        )
    return service


def order_of(page: Any) -> WireOrder:
    """Read what an order says of itself. Raises `ValueError` naming the fields at fault."""
    try:
        return WireOrder.model_validate(page)
    except ValidationError as trouble:
        raise ValueError(faults(trouble)) from None


def lines_of(rows: Sequence[Any]) -> tuple[WireLine, ...]:
    """Read the lines of an order. Raises `ValueError`."""
    try:
        return tuple(WireLine.model_validate(row) for row in rows)
    except ValidationError as trouble:
        raise ValueError(faults(trouble)) from None


def finding_of(found: WireOrder, lines: Sequence[WireLine], order: SalesOrder, options: DeposcoOptions) -> Finding:
    """Judge whether an order there is this one: same references, same units of every SKU, in a state that goes on.

    One of ours that was put aside is there all the same: whoever watches the picking sees to it.
    """
    if fault := _contradiction(found, lines, order):
        return fault
    if found.number != number_of(order, options) and found.order_status in ASIDE:
        return Contradicted(f"{found.shown} was keyed by hand and is not released; release it or cancel it.")
    return Found(f"{found.shown}, {found.order_status}", found.id)


def _contradiction(found: WireOrder, lines: Sequence[WireLine], order: SalesOrder) -> Contradicted | None:
    if found.customer_order_number != order.reference:
        return Contradicted(f"{found.shown} carries our number and another Customer Order Number.")
    units = _counted((line.sku, line.order_pack_quantity - (line.canceled_pack_quantity or 0)) for line in lines)
    wanted = [_counted((line.sku or "", Decimal(line.quantity)) for line in some) for some in _acceptable(order)]
    if found.order_status == CANCELED:
        return Contradicted(f"{found.shown} was cancelled in Deposco; nothing of it will be shipped.")
    if units not in wanted:
        return Contradicted(f"{found.shown} holds {_text(units)}; the order wants {_text(wanted[0])}.")
    if found.order_status == BACK_ORDERED:
        return Contradicted(f"{found.shown} exists, but on back-order: {_text(units)}.", "backordered")
    if found.order_status not in _TAKEN:
        return Contradicted(f"{found.shown} stands in a status that nobody documented.", "unknown_value")
    return None


def harmless(body: Any) -> str:
    """Return what may be shown of a refusal: the vendor's own words about a length, and nothing else."""
    errors = body.get("errors") if isinstance(body, Mapping) else None
    told = [str(one.get("errorMessage")) for one in errors or () if isinstance(one, Mapping)]
    return "; ".join(text for text in told if _TOO_LONG.fullmatch(text))


def unknown_skus(body: Any, order: SalesOrder) -> list[str]:
    """Return which SKUs of the order a refusal names as missing from the item master."""
    errors = body.get("errors") if isinstance(body, Mapping) else None
    told = [str(one.get("errorMessage")) for one in errors or () if isinstance(one, Mapping)]
    skus = dict.fromkeys(line.sku for line in order.lines if line.sku)
    return [sku for sku in skus if any(f"Item with business key number = [{sku}]" in text for text in told)]


def _acceptable(order: SalesOrder) -> Sequence[Sequence[OrderLine]]:
    """Return what a true order may hold: the lines open now, or (cancelled since) all of them."""
    return [open_lines(order), order.lines]


def _counted(pairs: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    counted: dict[str, Decimal] = {}
    for sku, quantity in pairs:
        if quantity:
            counted[sku] = counted.get(sku, Decimal(0)) + quantity
    return counted


def _text(units: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{quantity.normalize():f} x {sku}" for sku, quantity in sorted(units.items())) or "nothing"


def _line(line: OrderLine, business_unit: str) -> dict[str, Any]:
    unit = {"item.number": line.sku, "quantity": 1, "item.businessUnit.code": business_unit}
    return {
        "lineNumber": line.line,
        "customerLineNumber": line.line,
        "item": {"businessKey": {"number": line.sku, "businessUnit.code": business_unit}},
        "pack": {"businessKey": unit},
        "orderPackQuantity": line.quantity,
        **({"unitPrice": line.unit_price_net} if line.unit_price_net is not None else {}),
    }


def _contact(to: Address) -> dict[str, str]:
    """Return the contact; a phone or an e-mail address that is too long is left out, for no part of it would work."""
    first, last = _first_and_last(to.name)
    contact = {"firstName": first, "lastName": last}
    if to.phone and len(to.phone) <= _PHONE_LENGTH:
        contact["phone"] = to.phone
    if to.email and len(to.email) <= _EMAIL_LENGTH:
        contact["email"] = to.email
    return contact


def _first_and_last(name: str) -> tuple[str, str]:
    """Split a name at its last space that lets both parts fit; nothing of a name is cut off."""
    words = name.split()
    for place in range(len(words) - 1, -1, -1):
        first, last = " ".join(words[:place]), " ".join(words[place:])
        if len(first) <= _NAME_LENGTH and len(last) <= _NAME_LENGTH:
            return first, last
    raise Unsendable("The name does not fit into two fields of 30 characters.", "address")


def _address(to: Address) -> dict[str, str]:
    if not to.street or len(to.street) > LIMITS.street_lines:
        raise Unsendable(f"The address has {len(to.street)} street lines; Deposco takes 1 or 2.", "address")
    return {
        "line1": to.street[0],
        "line2": to.street[1] if len(to.street) > 1 else "",
        "city": to.city,
        **({"stateProvince": to.region} if to.region and len(to.region) <= _NAME_LENGTH else {}),
        "postalCode": to.postcode,
        "country": to.country,
    }
