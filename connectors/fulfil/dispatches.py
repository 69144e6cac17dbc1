"""Dispatches out: the shipments of the open orders, read again each time, so that late numbers are seen."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any

from pydantic import Field, ValidationError

from connectors.fulfil.tenant import Tenant
from connectors.fulfil.wire import Day, Number, Wire
from connectors.reading import Unreadable, faults, never_raises, told_apart
from connectors.roles import FeedShape, OpenOrder
from domain.records import Dispatch, Page, Received, Reject, ShippedLine

_ORDERS_A_PAGE = 250
_NOT_SHIPPED = {"draft", "waiting", "assigned", "packed", "cancel", "cancelled"}
_SHIPMENT = ("id", "state", "effective_date", "tracking_number_blurb", "carrier.rec_name", "carrier_service.rec_name")
_MOVES = ("moves", "inventory_moves")
_NO_NUMBER = {"", "N/A"}


class DispatchFeed:
    """The shipments of the open orders, 250 orders a page. `cursor` counts into `about`.

    A shipment's `moves` may hold those of picking too, which would count everything twice: what
    `inventory_moves` names is left out.
    """

    shape = FeedShape.QUEUE
    absent_is_zero = False
    keeps: Mapping[str, Any] = {
        **dict.fromkeys(("id", "state", "effective_date", "carrier.rec_name", "carrier_service.rec_name"), True),
        "tracking_number_blurb": {"title": True, "subtitle": True},
        "sale": {"id": True, "reference": True},
        "lines": {"product.code": True, "quantity": True, "state": True},
    }

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def read(self, cursor: str | None, about: Sequence[OpenOrder]) -> Page:
        """Read the shipments of the next 250 open orders: three calls, one when nothing was planned yet."""
        start = int(cursor or 0)
        page = Page([], [], began_at=self._tenant.clock.now())
        if start + _ORDERS_A_PAGE < len(about):
            page.cursor, page.more = str(start + _ORDERS_A_PAGE), True
        asked = [order.external_id for order in about[start : start + _ORDERS_A_PAGE]]
        sales = await self._sales([int(each) for each in asked if each.isascii() and each.isdecimal()])
        page.received, page.rejects = told_apart(map(self.parse, await self._shipments(sales)))
        return page

    @never_raises
    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        """Map one shipment that `read` has joined with its sale and its moves."""
        try:
            return Received(dispatch_of(raw), raw)
        except Unreadable as fault:
            key = raw.get("id") if isinstance(raw, Mapping) else None
            return Reject(str(key or "shipment without an id"), raw, fault.reason, fault.hold_type)

    async def _sales(self, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Return, by the id of each shipment, the sale to which it belongs."""
        if not ids:
            return {}
        found: dict[int, dict[str, Any]] = {}
        for sale in await self._tenant.rows("sale.sale", ["id", "in", list(ids)], ("id", "reference", "shipments")):
            shipments = sale.get("shipments")
            if not isinstance(shipments, list):
                raise self._tenant.unavailable("it shows a sale without its list of shipments.")
            named = {"id": sale.get("id"), "reference": sale.get("reference")}
            found |= dict.fromkeys((each for each in shipments if type(each) is int), named)
        return found

    async def _shipments(self, sales: Mapping[int, dict[str, Any]]) -> list[Any]:
        if not sales:
            return []
        domain = ["id", "in", sorted(sales)]
        rows = await self._tenant.entries("stock.shipment.out", domain, (*_SHIPMENT, *_MOVES))
        left = [row for row in rows if not isinstance(row, Mapping) or row.get("state") not in _NOT_SHIPPED]
        moves = await self._moves([move for row in left for move in _leaving(row)])
        return [_joined(row, sales, moves) if isinstance(row, Mapping) else row for row in left]

    async def _moves(self, ids: Sequence[int]) -> dict[Any, Mapping[str, Any]]:
        if not ids:
            return {}
        fields = ("id", "product.code", "quantity", "state")
        return {row.get("id"): row for row in await self._tenant.rows("stock.move", ["id", "in", sorted(ids)], fields)}


class _Line(Wire):
    code: str = Field(alias="product.code", min_length=1)
    quantity: Number
    state: str


class _Sale(Wire):
    id: int = Field(strict=True)
    reference: str | None = None


class _Blurb(Wire):
    """What Fulfil says of a tracking number; in each row of the subtitle the last entry is the value."""

    title: str | None = None
    subtitle: tuple[tuple[Any, ...], ...] = ()

    @property
    def carrier(self) -> str:
        """Return the carrier of the number, or an empty text."""
        named = (row[-1] for row in self.subtitle if len(row) > 1 and row[0] == "Carrier")
        return next((name for name in named if isinstance(name, str)), "")


class _Shipment(Wire):
    id: int = Field(strict=True)
    state: str
    effective_date: Day
    blurb: _Blurb | None = Field(default=None, alias="tracking_number_blurb")
    carrier: str | None = Field(default=None, alias="carrier.rec_name")
    service: str | None = Field(default=None, alias="carrier_service.rec_name")
    sale: _Sale
    lines: tuple[_Line, ...]


def dispatch_of(raw: Any) -> Dispatch:
    """Read one shipment. Raises `Unreadable`.

    Fulfil dates a shipment by a local day. It is read as midnight UTC: the same day in London, and
    never later than the truth.
    """
    try:
        shipment = _Shipment.model_validate(raw)
    except ValidationError as trouble:
        raise Unreadable(f"shipment: {faults(trouble)}") from None
    if shipment.state != "done":
        raise Unreadable("shipment: its state is not a documented one", "unknown_value")
    blurb = shipment.blurb or _Blurb()
    number = (blurb.title or "").strip()
    return Dispatch(
        key=str(shipment.id),
        order_id=str(shipment.sale.id),
        order_reference=shipment.sale.reference or "",
        carrier=(blurb.carrier or shipment.carrier or "").strip(),
        service=(shipment.service or "").strip(),
        tracking_number=None if number in _NO_NUMBER else number,
        shipped_at=datetime.combine(shipment.effective_date, time(), UTC),
        lines=_units(shipment.lines),
    )


def _units(lines: Sequence[_Line]) -> tuple[ShippedLine, ...]:
    units: Counter[str] = Counter()
    for line in lines:
        if line.state != "done":
            if line.state in _NOT_SHIPPED:
                continue
            raise Unreadable("shipment: the state of a move is not a documented one", "unknown_value")
        if line.quantity < 1 or line.quantity != line.quantity.to_integral_value():
            raise Unreadable("shipment: a quantity is not a whole number of eaches")
        units[line.code] += int(line.quantity)
    if not units:
        raise Unreadable("shipment: nothing is in it")
    return tuple(ShippedLine(sku=sku, quantity=quantity) for sku, quantity in units.items())


def _leaving(row: Any) -> list[int]:
    """Return the moves of a shipment that leave the building."""
    if not isinstance(row, Mapping):
        return []
    inner = set(_ids(row.get("inventory_moves")))
    return [move for move in _ids(row.get("moves")) if move not in inner]


def _ids(value: Any) -> list[int]:
    return [each for each in value if type(each) is int] if isinstance(value, list) else []


def _joined(
    row: Mapping[str, Any], sales: Mapping[int, dict[str, Any]], moves: Mapping[Any, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the shipment with what only its sale and its moves know, so that it can be mapped without asking again."""
    lines = [
        {name: value for name, value in moves[move].items() if name != "id"} for move in _leaving(row) if move in moves
    ]
    kept = {name: value for name, value in row.items() if name not in _MOVES}
    return {**kept, "sale": sales.get(row["id"]) if type(row.get("id")) is int else None, "lines": lines}
