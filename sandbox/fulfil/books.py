"""What a tenant keeps: places, products, channels, sales, shipments and their moves."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from sandbox.fulfil.wire import Record

DRAFT, CONFIRMED, PROCESSING, DONE, CANCEL = "draft", "confirmed", "processing", "done", "cancel"
WAITING, ASSIGNED, PACKED = "waiting", "assigned", "packed"
ChannelKind = Literal["integration", "by_hand", "web"]


@dataclass
class Switches:
    """What the vendor's documents leave open; set before or during a run.

    `processing_seconds` is how long an order stays a draft. `unknown_sku` tells whether such an order
    is made all the same, without the line. `wraps` lets every second create answer with a list.
    `inner_moves` shows the picking moves among a shipment's moves, beside those that leave.
    """

    processing_seconds: float = 0.0
    unknown_sku: Literal["exception", "refuse"] = "exception"
    wraps: bool = True
    async_results: bool = False
    inner_moves: bool = True
    cancelled_is: Literal["cancel", "cancelled"] = "cancel"


@dataclass
class Place:
    """A location; goods lie in the storage zone of a warehouse."""

    id: int
    code: str
    kind: str
    parent: int | None = None


@dataclass
class Named:
    """A record that is no more than its name: a carrier, or one of its services."""

    id: int
    name: str


@dataclass
class Channel:
    """A sales channel."""

    id: int
    code: str
    kind: ChannelKind


@dataclass
class Product:
    """A product; `history` is what was free of it, and when."""

    id: int
    code: str
    upc: str | None
    price: Decimal
    created_at: datetime
    active: bool = True
    history: list[tuple[datetime, int]] = field(default_factory=list)


@dataclass
class SaleLine:
    """One line of a sale."""

    id: int
    sale: int
    product: Product
    quantity: int
    unit_price: Decimal
    channel_identifier: str | None = None
    metadata: Record = field(default_factory=dict)
    warehouse: int | None = None
    is_return: bool = False
    shipped: int = 0


@dataclass
class Move:
    """So many units of a product on their way from one place to another, for one line of a sale."""

    id: int
    line: SaleLine
    quantity: int
    inner: bool
    shipment: int
    state: str = DRAFT


@dataclass
class Shipment:
    """A customer shipment from one warehouse."""

    id: int
    sale: int
    warehouse: int
    created_at: datetime
    reference: str
    instructions: str
    state: str = WAITING
    moves: list[Move] = field(default_factory=list)
    carrier: Named | None = None
    service: Named | None = None
    tracking: str = ""
    effective_on: date | None = None
    shipped_at: datetime | None = None

    @property
    def number(self) -> str:
        """Return the number that people see."""
        return f"CS{self.id}"

    @property
    def leaving(self) -> list[Move]:
        """Return the moves that leave the building."""
        return [move for move in self.moves if not move.inner]

    def blurb(self) -> dict[str, Any]:
        """Return `tracking_number_blurb`: each row of the subtitle ends with its value."""
        if not self.tracking:
            return {"title": "N/A", "subtitle": []}
        link = f"https://track.example/{self.tracking}"
        carrier = self.carrier.name if self.carrier else ""
        return {
            "title": self.tracking,
            "subtitle": [["Carrier", carrier], ["Status", "In Transit"], ["link", "Track", link]],
        }


@dataclass
class Sale:
    """A sales order; `order` is what the channel sent, the shopper included."""

    id: int
    channel: Channel
    channel_identifier: str | None
    reference: str
    created_at: datetime
    order: Record = field(default_factory=dict)
    state: str = DRAFT
    has_exception: bool = False
    lines: list[SaleLine] = field(default_factory=list)
    shipments: list[Shipment] = field(default_factory=list)
    planned_at: datetime | None = None

    @property
    def number(self) -> str:
        """Return the number that people see."""
        return f"SO{self.id}"

    @property
    def untaxed(self) -> Decimal:
        """Return the sum of the lines."""
        return sum((line.unit_price * line.quantity for line in self.lines), Decimal(0)).quantize(Decimal("0.01"))
