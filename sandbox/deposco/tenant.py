"""What one tenant holds: items, stock by facility, orders and shipments."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Literal

from sandbox.deposco.wire import Record, Refused
from sandbox.kit import Clock

MAIN_FACILITY = "MK1"
SHOP_FACILITY = "RETAIL1"
DRAFT, NEW, HOLD, READY, WAVE_BUILT = "Draft", "New", "Hold", "Ready for Fulfillment", "Wave Built"
BACK_ORDERED, PARTLY_RELEASED, PICKING = "Back Ordered", "Partially Released", "Picking"
PARTLY_SHIPPED, SHIPPED, CANCELED = "Partially Shipped", "Ship Complete", "Canceled"
PLANNED = frozenset({NEW, READY, WAVE_BUILT, BACK_ORDERED})
FINISHED = frozenset({SHIPPED, CANCELED})
Channel = Literal["integration", "web", "by_hand"]


@dataclass
class Switches:
    """What is open in the vendor's documents, or differs between tenants; may be changed at any time.

    `ignored` names documented filters that this tenant ignores all the same.
    `blank_every` makes each so-manieth V1 answer a blank 200 (0: none).
    """

    ignored: frozenset[str] = frozenset()
    blank_every: int = 0
    measures: frozenset[str] = frozenset({"totalOnHandQty", "atpQty", "coAtpQty"})
    stock_media_type: str = "application/json"
    tracking_is_a_change: bool = True
    retry_after: bool = True
    scopes: frozenset[str] | None = None


@dataclass
class Item:
    """One item of the master, and what lies where."""

    id: int
    number: str
    upcs: list[str]
    created_at: datetime
    updated_at: datetime
    kind: str = "Simple"
    unit: str = ""
    on_sale: bool = True
    stock: dict[str, int] = field(default_factory=dict)
    history: list[tuple[datetime, int]] = field(default_factory=list)


@dataclass
class Line:
    """One order line; quantities in packs of one."""

    id: int
    number: str
    customer_number: str
    item: Item
    ordered: int
    price: float | None = None
    canceled: int = 0
    shipped: int = 0
    picked: int = 0
    needs_attention: bool = False

    @property
    def open(self) -> int:
        """Return the units still to be shipped."""
        return self.ordered - self.canceled - self.shipped


@dataclass
class Order:
    """One sales order. `child_of` is the customer order that made it."""

    id: int
    number: str
    header: Record
    status: str
    channel: Channel
    facility: str
    created_at: datetime
    updated_at: datetime
    lines: list[Line] = field(default_factory=list)
    pick_wave: int | None = None
    child_of: int | None = None
    unit: str = ""

    @property
    def reference(self) -> str:
        """Return the order number in the external system."""
        return str(self.header.get("customerOrderNumber") or "")

    @property
    def is_open(self) -> bool:
        """Tell whether units are still to be shipped."""
        return self.status not in FINISHED and any(line.open > 0 for line in self.lines)


@dataclass
class Shipment:
    """One shipment of one order; without units it is a label that nobody used."""

    id: int
    number: str
    order: Order
    carrier: str
    service: str
    tracking: str
    status: str
    shipped_at: datetime | None
    created_at: datetime
    updated_at: datetime
    units: list[tuple[Line, int]] = field(default_factory=list)


class Tenant:
    """The books of one tenant with one business unit."""

    def __init__(self, clock: Clock, switches: Switches, name: str, business_unit: str) -> None:
        self.clock, self.switches, self.name, self.business_unit = clock, switches, name, business_unit
        self.items: dict[str, Item] = {}
        self.orders: dict[int, Order] = {}
        self.by_number: dict[str, Order] = {}
        self.shipments: dict[int, Shipment] = {}
        self.customer_orders: dict[int, Record] = {}
        self.facilities = {MAIN_FACILITY: 301, SHOP_FACILITY: 302}
        self.customer_orders_seen_after = timedelta(seconds=4)
        self._ids = count(5_001)
        self._waiting: dict[int, Order] = {}
        self._open: dict[int, dict[int, Order]] = {}  # item id -> the orders that promise it

    def new_id(self) -> int:
        """Return the next id; ids only rise."""
        return next(self._ids)

    def item(self, number: str) -> Item:
        """Return an item of exactly this number."""
        if number not in self.items:
            raise Refused(404, f"Item with business key number = [{number}] could not be found")
        return self.items[number]

    def order(self, order_id: int) -> Order:
        """Return an order."""
        if order_id not in self.orders:
            raise Refused(404, f"Order {order_id} could not be found")
        return self.orders[order_id]

    def add_item(self, number: str, upcs: list[str]) -> Item:
        """Register an item; barcodes are unique in the business unit."""
        for upc in upcs:
            owner = next((one.number for one in self.items.values() if upc in one.upcs), None)
            if owner is not None:
                raise Refused(400, f"UPC {upc} exists for item {owner}")
        now = self.clock.now()
        self.items[number] = item = Item(self.new_id(), number, upcs, now, now, unit=self.business_unit)
        return item

    def register(self, order: Order) -> None:
        """Take an order into the books of its business unit: from now on its units are promised."""
        order.unit = order.unit or self.business_unit
        self.orders[order.id] = self.by_number[order.number] = order
        self.touch(order)

    def touch(self, order: Order) -> None:
        """Note a change of an order, and of what is free."""
        order.updated_at = self.clock.now()
        if order.status in {NEW, BACK_ORDERED}:
            self._waiting[order.id] = order
        for line in order.lines:
            promising = self._open.setdefault(line.item.id, {})
            if order.is_open:
                promising[order.id] = order
            else:
                promising.pop(order.id, None)
            self.note(line.item)

    def open_lines(self, item: Item, facility: str = MAIN_FACILITY) -> Iterator[tuple[Order, Line]]:
        """Yield the lines that promise this item from a facility."""
        for order in self._open.get(item.id, {}).values():
            if order.is_open and order.facility == facility:
                for line in order.lines:
                    if line.item is item and line.open > 0:
                        yield order, line

    def available(self, item: Item, facility: str = MAIN_FACILITY) -> int:
        """Return what lies there and is promised to no order; below zero when too much is promised."""
        return item.stock.get(facility, 0) - sum(line.open for _, line in self.open_lines(item, facility))

    def note(self, item: Item) -> None:
        """Keep the history of what is free, for the audit."""
        free = self.available(item)
        if not item.history or item.history[-1][1] != free:
            item.history.append((self.clock.now(), free))

    def plan(self) -> None:
        """Let the warehouse's planning look at what is new or lacked goods: the oldest first."""
        for order in sorted(self._waiting.values(), key=lambda one: one.id):
            if order.status not in {NEW, BACK_ORDERED}:
                del self._waiting[order.id]
            elif all(self._covered(order, line) for line in order.lines if line.open > 0):
                del self._waiting[order.id]
                self._become(order, READY)
            else:
                self._become(order, BACK_ORDERED)

    def _become(self, order: Order, status: str) -> None:
        if order.status != status:
            order.status, order.updated_at = status, self.clock.now()

    def _covered(self, order: Order, line: Line) -> bool:
        promised = sum(
            other.open
            for one, other in self.open_lines(line.item, order.facility)
            if one is not order and one.status not in {NEW, BACK_ORDERED}
        )
        return line.item.stock.get(order.facility, 0) - promised >= line.open
