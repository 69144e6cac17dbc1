"""Reads what the shop shipped: by its orders, because a late tracking number changes no timestamp."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.magento.numbers import entity_id, quantity
from connectors.magento.search import Query, Shop, one_of
from connectors.reading import never_raises, told_apart
from connectors.roles import FeedShape, OpenOrder
from domain.records import Dispatch, Page, Received, Reject, ShippedLine

_ORDERS_A_CALL = 200  # their ids make an address of about 2,000 characters
_SHIPMENT_FIELDS = (
    "items[entity_id,increment_id,order_id,created_at,items[entity_id,order_item_id,sku,qty],"
    "tracks[entity_id,track_number,title,carrier_code]],total_count"
)
_LINE_FIELDS = "items[entity_id,items[item_id,parent_item_id,ext_order_item_id]],total_count"


class Dispatches:
    """The shipments of the open orders, 200 orders a call, read again each time. `cursor` counts into `about`."""

    shape = FeedShape.QUEUE
    absent_is_zero = False
    keeps: Mapping[str, Any] = {
        "entity_id": True,
        "increment_id": True,
        "order_id": True,
        "created_at": True,
        "order_reference": True,
        "items": {"order_item_id": True, "sku": True, "qty": True, "ext_order_item_id": True, "parent_item_id": True},
        "tracks": {"entity_id": True, "track_number": True, "title": True, "carrier_code": True},
    }

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._lines: dict[str, dict[int, dict[str, Any]]] = {}

    async def read(self, cursor: str | None, about: Sequence[OpenOrder]) -> Page:
        """Read the shipments of the next 200 open orders."""
        began_at = self._shop.account.clock.now()
        start = int(cursor or 0)
        asked = {
            order.external_id: order
            for order in about[start : start + _ORDERS_A_CALL]
            if order.external_id.isascii() and order.external_id.isdecimal()
        }
        page = Page([], [], began_at=began_at)
        if start + _ORDERS_A_CALL < len(about):
            page.cursor, page.more = str(start + _ORDERS_A_CALL), True
        if not asked:
            return page
        query = Query("/shipments", one_of("order_id", sorted(asked, key=int)), fields=_SHIPMENT_FIELDS)
        shipments = await self._shop.all(query)
        await self._learn_lines({str(_of(shipment, "order_id")) for shipment in shipments} & asked.keys())
        page.received, page.rejects = told_apart(self.parse(self._with_order(one, asked)) for one in shipments)
        return page

    @never_raises
    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        """Map one shipment that `read` has joined with its order's reference and line ids."""
        try:
            return Received(dispatch(raw), raw)
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as trouble:
            reason = f"The shipment cannot be read ({type(trouble).__name__}): look at the kept original."
            return Reject(str(_of(raw, "entity_id") or ""), raw, reason)

    async def _learn_lines(self, order_ids: set[str]) -> None:
        wanted = sorted(order_ids - self._lines.keys(), key=int)
        if not wanted:
            return
        query = Query("/orders", one_of("entity_id", wanted), fields=_LINE_FIELDS)
        for order in await self._shop.all(query):
            items = [item for item in _of(order, "items") or [] if _of(item, "item_id") is not None]
            self._lines[str(_of(order, "entity_id"))] = {item["item_id"]: item for item in items}

    def _with_order(self, shipment: Any, asked: Mapping[str, OpenOrder]) -> Any:
        """Return the shipment with what only its order knows, so that it can be mapped without asking again."""
        order_id = str(_of(shipment, "order_id"))
        order, lines = asked.get(order_id), self._lines.get(order_id, {})
        if order is None or not isinstance(shipment.get("items"), list):
            return shipment
        items = []
        for item in shipment["items"]:
            line = lines.get(_of(item, "order_item_id"), {})
            known = {name: line[name] for name in ("ext_order_item_id", "parent_item_id") if line.get(name)}
            items.append({**item, **known} if known else item)
        return {**shipment, "items": items, "order_reference": order.reference}


def dispatch(raw: Mapping[str, Any]) -> Dispatch:
    """Return the dispatch of a shipment; raises `ValueError`, `KeyError` or `TypeError` when it cannot be read.

    One shipment is one dispatch, with the first tracking number that is not empty: a marketplace
    takes one number a shipment. A variant is listed below its configurable too, and counts once.
    """
    tracks = sorted(raw.get("tracks") or [], key=lambda each: int(entity_id(each["entity_id"])))
    track = next((each for each in tracks if each.get("track_number")), tracks[0] if tracks else {})
    code, title = str(track.get("carrier_code") or ""), str(track.get("title") or "")
    carrier, service = (title, "") if code in {"", "custom"} else (code, title)
    lines = tuple(
        ShippedLine(sku=item["sku"], quantity=_whole(item["qty"]), line=item.get("ext_order_item_id"))
        for item in raw["items"]
        if not item.get("parent_item_id")
    )
    if not lines:
        raise ValueError("no lines")
    return Dispatch(
        key=entity_id(raw["entity_id"]),
        order_id=entity_id(raw["order_id"]),
        order_reference=raw["order_reference"],
        carrier=carrier,
        service=service,
        tracking_number=track.get("track_number") or None,
        shipped_at=datetime.strptime(raw["created_at"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC),
        lines=lines,
    )


def _whole(value: Any) -> int:
    number = quantity(value)
    if number != int(number) or number <= 0:
        raise ValueError("not a whole quantity")
    return int(number)


def _of(raw: Any, name: str) -> Any:
    return raw.get(name) if isinstance(raw, dict) else None
