"""The distribution centre: products by location type, orders with their states, and what leaves."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from sandbox.kit import Clock
from sandbox.seko.wire import Refused, guid

AVAILABLE = "Available Stock"
QUARANTINE = "Quarantine"
STATES = ("Confirmed", "To Be Picked", "Being Picked", "Pick Complete", "To Dispatch", "Dispatched")
CANCELLED = "Cancelled"
Channel = Literal["integration", "by_hand", "web"]


@dataclass
class Product:
    """A product; what lies elsewhere than in available stock is not for sale. Every third one lies in two lots."""

    code: str
    ean: str
    number: int
    available: int = 0
    allocated: int = 0
    elsewhere: dict[str, int] = field(default_factory=dict)
    history: list[tuple[datetime, int]] = field(default_factory=list)

    @property
    def free(self) -> int:
        """Return what lies in available stock and is allocated to no order."""
        return self.available - self.allocated

    def free_at(self, moment: datetime) -> int:
        """Return what was free at a moment; before its first day, what it began with."""
        return next((free for at, free in reversed(self.history) if at <= moment), self.history[0][1])

    def lots(self, quantity: int) -> list[tuple[str | None, int]]:
        """Return the lots from which so many units are picked."""
        half = quantity // 2
        if self.number % 3 or not half:
            return [(None, quantity)]
        return [("LOT-A", half), ("LOT-B", quantity - half)]


@dataclass
class Line:
    """One line of an order."""

    number: int
    product: Product
    quantity: int
    shipped: int = 0
    cancelled: int = 0

    @property
    def left(self) -> int:
        """Return the units that are still to leave."""
        return self.quantity - self.shipped - self.cancelled


@dataclass
class Dispatch:
    """One dispatch of an order: units by line number, those of quantity 0 too."""

    number: str
    id: str
    at: datetime
    carrier: str
    service: str
    tracking: str
    lines: dict[int, int]


@dataclass
class Order:
    """One sales order."""

    number: str
    reference: str
    guid: str
    channel: Channel
    created_at: datetime
    lines: list[Line]
    state: str = STATES[1]
    on_hold: bool = False
    in_wave: bool = False
    attention: str = ""
    street: str = ""
    deducted_at: datetime | None = None
    dispatched_at: datetime | None = None
    dispatches: list[Dispatch] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Tell whether the warehouse may still ship of it."""
        return self.state not in {STATES[-1], CANCELLED} and not self.on_hold


class Warehouse:
    """The state of one client at one distribution centre."""

    def __init__(self, clock: Clock, dice: Random) -> None:
        self.clock, self._dice = clock, dice
        self.products: dict[str, Product] = {}
        self.orders: dict[str, Order] = {}
        self._dispatches = 0

    def enrol(self, code: str, ean: str, quantity: int) -> Product:
        """Enrol a product with its units."""
        product = Product(code, ean, len(self.products), available=quantity)
        self.products[code] = product
        self.remember(product)
        return product

    def remember(self, product: Product) -> None:
        """Note what is free now."""
        product.history.append((self.clock.now(), product.free))

    def take(self, order: Order) -> None:
        """Allocate an order and put it into the book. Raises `Refused` when any line lacks free stock."""
        wanted: dict[str, int] = {}
        for line in order.lines:
            wanted[line.product.code] = wanted.get(line.product.code, 0) + line.quantity
        for code, units in wanted.items():
            if units > self.products[code].free:
                raise Refused(f"Error Submitting SalesOrder: {order.number} - Error. Product {code} has no free stock.")
        for line in order.lines:
            line.product.allocated += line.quantity
            self.remember(line.product)
        order.deducted_at = self.clock.now()
        self.orders[order.number] = order

    def order_by_guid(self, record_guid: str) -> Order | None:
        """Return the order of a GUID, however it is spelled."""
        return next((order for order in self.orders.values() if order.guid.lower() == record_guid.lower()), None)

    def ship(self, order: Order, carrier: str, tracking: str, units: dict[str, int] | None) -> Dispatch:
        """Dispatch all that is left, or these units by product; raises ValueError when they are not to be had."""
        if not order.is_open:
            raise ValueError(f"order {order.number} is {order.state} and cannot be shipped")
        wanted = dict(units) if units is not None else {}
        going: dict[int, int] = {}
        for line in order.lines:
            asked = line.left if units is None else min(line.left, wanted.get(line.product.code, 0))
            going[line.number] = asked
            if units is not None:
                wanted[line.product.code] = wanted.get(line.product.code, 0) - asked
        if not sum(going.values()) or any(left > 0 for left in wanted.values()):
            raise ValueError(f"order {order.number} has not so much left to ship")
        for line in order.lines:
            line.shipped += going[line.number]
            line.product.available -= going[line.number]
            line.product.allocated -= going[line.number]
        return self._dispatched(order, carrier, tracking, going)

    def close_short(self, order: Order, carrier: str, tracking: str, units: dict[str, int]) -> Dispatch:
        """Dispatch these units and close the order: what was not found goes to quarantine and is never sent."""
        dispatch = self.ship(order, carrier, tracking, units)
        for line in order.lines:
            lost, line.cancelled = line.left, line.cancelled + line.left
            line.product.available -= lost
            line.product.allocated -= lost
            line.product.elsewhere[QUARANTINE] = line.product.elsewhere.get(QUARANTINE, 0) + lost
        order.state, order.dispatched_at = STATES[-1], self.clock.now()
        return dispatch

    def _dispatched(self, order: Order, carrier: str, tracking: str, going: dict[int, int]) -> Dispatch:
        self._dispatches += 1
        now = self.clock.now()
        dispatch = Dispatch(
            f"{self._dispatches:06d}", guid(self._dice), now, carrier, "Next Day", tracking, lines=going
        )
        order.dispatches.append(dispatch)
        if not any(line.left for line in order.lines):
            order.state, order.dispatched_at = STATES[-1], now
        return dispatch

    def cancel(self, order: Order) -> None:
        """Cancel a whole order. Raises `Refused` from the states in which the vendor does."""
        if order.in_wave:
            raise Refused("Error. Dispatch assigned to a pick wave cannot be cancelled")
        if order.state in STATES[-2:] or order.dispatches:
            raise Refused(f"Error. Sales Order in status {order.state} cannot be cancelled")
        if order.state == CANCELLED:
            raise Refused("Error. Sales Order is cancelled already")
        order.state = CANCELLED
        for line in order.lines:
            line.product.allocated -= line.left
            line.cancelled += line.left
            self.remember(line.product)

    def move_stock(self, product: Product, quantity: int, to: str) -> None:
        """Move units between available stock and another location type; negative moves them back."""
        product.available -= quantity
        product.elsewhere[to] = product.elsewhere.get(to, 0) + quantity
        self.remember(product)

    def dispatched_between(self, begin: datetime, end: datetime) -> list[Order]:
        """Return the orders that were dispatched, whole, within a window."""
        return [order for order in self.orders.values() if order.dispatched_at and begin <= order.dispatched_at <= end]

    def is_visible(self, order: Order, after: timedelta) -> bool:
        """Tell whether the legacy hub shows an order yet."""
        return self.clock.now() - order.created_at >= after
