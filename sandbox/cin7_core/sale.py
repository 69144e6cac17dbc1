"""A sale with its order and fulfilments, and the statuses that follow from them.

The status strings and their derivation follow the vendor's status table. What the table leaves
open: a simple sale that is shipped and not invoiced stays at `SHIPPING` here.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from sandbox.cin7_core.books import Customer, Location
from sandbox.cin7_core.stock import Product, Reservation
from sandbox.cin7_core.wire import Record

NOT_AVAILABLE, DRAFT, AUTHORISED, VOIDED = "NOT AVAILABLE", "DRAFT", "AUTHORISED", "VOIDED"
PARTIALLY_AUTHORISED = "PARTIALLY AUTHORISED"
SIMPLE, ADVANCED = "Simple Sale", "Advanced Sale"

Channel = Literal["integration", "by_hand", "web"]


@dataclass
class OrderLine:
    """One line of the order, with the stock that is kept for it and what has left."""

    product: Product
    name: str
    quantity: int
    price: Decimal
    tax: Decimal
    tax_rule: str
    discount: Decimal = Decimal(0)
    comment: str = ""
    drop_ship: bool = False
    reservations: list[Reservation] = field(default_factory=list)
    shipped: int = 0

    @property
    def total(self) -> Decimal:
        """Return quantity x price, less the discount in per cent."""
        return self.quantity * self.price * (1 - self.discount / 100)

    @property
    def reserved(self) -> int:
        """Return the units kept for this line that have not left."""
        return sum(reservation.quantity for reservation in self.reservations)

    @property
    def short(self) -> int:
        """Return the units that an authorised line lacks: its back-order."""
        return self.quantity - self.reserved - self.shipped


@dataclass
class Charge:
    """One additional charge of the order: a service product by its name."""

    description: str
    price: Decimal
    quantity: Decimal
    tax: Decimal
    tax_rule: str
    discount: Decimal = Decimal(0)
    comment: str = ""

    @property
    def total(self) -> Decimal:
        """Return quantity x price, less the discount in per cent."""
        return self.quantity * self.price * (1 - self.discount / 100)


@dataclass
class Goods:
    """So many units of one product, picked from a location and, once packed, in a box."""

    product: Product
    quantity: int
    location: Location
    box: str = ""


@dataclass
class Parcel:
    """One line of a shipment: a box with its carrier and tracking."""

    id: str
    box: str
    carrier: str
    tracking: str
    shipment_date: str
    shipped_at: datetime | None = None


@dataclass
class Fulfilment:
    """One task of pick, pack and ship."""

    task_id: str
    number: int
    pick_status: str = NOT_AVAILABLE
    pack_status: str = NOT_AVAILABLE
    ship_status: str = NOT_AVAILABLE
    picked: list[Goods] = field(default_factory=list)
    packed: list[Goods] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    require_by: str | None = None
    shipping_notes: str = ""

    def contents(self, box: str) -> dict[str, int]:
        """Return what was packed into this box: units by SKU."""
        units: dict[str, int] = {}
        for goods in self.packed:
            if goods.box == box:
                units[goods.product.sku] = units.get(goods.product.sku, 0) + goods.quantity
        return units

    @property
    def status(self) -> str:
        """Return the `FulFilmentStatus` of this task."""
        if self.pick_status == VOIDED:
            return VOIDED
        if self.ship_status == AUTHORISED:
            return "FULFILLED"
        return "PARTIALLY FULFILLED" if self.ship_status == PARTIALLY_AUTHORISED else "NOT FULFILLED"


@dataclass
class Sale:
    """A sale; `header` holds the fields of `POST /sale` under the vendor's names."""

    id: str
    sequence: int
    channel: Channel
    customer: Customer
    header: Record
    created_at: datetime
    modified_at: datetime
    type: str = SIMPLE
    quote_status: str = DRAFT
    order_status: str = NOT_AVAILABLE
    order_number: str | None = None
    memo: str = ""
    auto_mode: str = "NOPICK"
    lines: list[OrderLine] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    fulfilments: list[Fulfilment] = field(default_factory=list)
    authorised_at: datetime | None = None

    def ordered(self, sku: str) -> int:
        """Return the units of this SKU on the order."""
        return sum(line.quantity for line in self.lines if line.product.sku == sku)

    def pickable(self, sku: str) -> int:
        """Return the units of this SKU that are kept for the sale and not picked yet."""
        kept = sum(line.reserved + line.shipped for line in self.lines if line.product.sku == sku)
        picked = (goods for task in self.fulfilments for goods in task.picked if goods.product.sku == sku)
        return kept - sum(goods.quantity for goods in picked)

    @property
    def is_backordered(self) -> bool:
        """Tell whether an authorised line lacks stock."""
        return self.order_status == AUTHORISED and any(line.short for line in self.lines)

    @property
    def shipped(self) -> int:
        """Return the units that have left, over all lines."""
        return sum(line.shipped for line in self.lines)

    @property
    def status(self) -> str:
        """Return the sale's `Status`; an advanced sale stays `ORDERED` while it is picked and shipped."""
        match self.order_status:
            case "VOIDED":
                return VOIDED
            case "NOT AVAILABLE":
                return "DRAFT" if self.quote_status == DRAFT else "ESTIMATED"
            case "DRAFT":
                return "ORDERING"
        if self.type == SIMPLE and self.fulfilments and self.fulfilments[0].pick_status != NOT_AVAILABLE:
            return _task_status(self.fulfilments[0])
        return "BACKORDERED" if self.is_backordered else "ORDERED"

    def combined(self, done: int, finished: str, begun: str = "") -> str:
        """Return a combined status for this many finished units; `begun` names a draft, if there is one."""
        if self.order_status == VOIDED:
            return VOIDED
        if self.order_status != AUTHORISED:
            return NOT_AVAILABLE
        if done:
            return finished if done >= sum(line.quantity for line in self.lines) else f"PARTIALLY {finished}"
        return begun or f"NOT {finished}"

    @property
    def picking_status(self) -> str:
        """Return `CombinedPickingStatus`."""
        authorised = [task for task in self.fulfilments if task.pick_status == AUTHORISED]
        done = sum(goods.quantity for task in authorised for goods in task.picked)
        begun = "PICKING" if any(task.pick_status == DRAFT for task in self.fulfilments) else ""
        return self.combined(done, "PICKED", begun)

    @property
    def packing_status(self) -> str:
        """Return `CombinedPackingStatus`."""
        authorised = [task for task in self.fulfilments if task.pack_status == AUTHORISED]
        done = sum(goods.quantity for task in authorised for goods in task.packed)
        begun = "PACKING" if any(task.pack_status == DRAFT for task in self.fulfilments) else ""
        return self.combined(done, "PACKED", begun)

    @property
    def shipping_status(self) -> str:
        """Return `CombinedShippingStatus`."""
        begun = "SHIPPING" if any(task.ship_status == DRAFT for task in self.fulfilments) else ""
        return self.combined(self.shipped, "SHIPPED", begun)

    @property
    def fulfilment_status(self) -> str:
        """Return the sale's `FulFilmentStatus`."""
        return self.combined(self.shipped, "FULFILLED")

    @property
    def parcels(self) -> list[Parcel]:
        """Return all shipment lines of all tasks."""
        return [parcel for task in self.fulfilments for parcel in task.parcels]


def _task_status(task: Fulfilment) -> str:
    if task.ship_status != NOT_AVAILABLE:
        return "SHIPPING"
    if task.pack_status != NOT_AVAILABLE:
        return "PACKED" if task.pack_status == AUTHORISED else "PACKING"
    return "PICKED" if task.pick_status == AUTHORISED else "PICKING"
