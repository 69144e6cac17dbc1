"""The records that loops carry: pure, frozen, the same for every system.

Pydantic refuses here only what cannot be represented. Whether a value is *valid* (a known SKU, a
true check digit, an approved carrier) is judged by the gate, so that a bad record is held with a
reason and not lost.
"""

import hashlib
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Kind(StrEnum):
    """What a record is, or what is owed: the word used in the ledger, in logs and on screens."""

    SALES_ORDER = "sales_order"
    ACKNOWLEDGEMENT = "acknowledgement"
    CANCELLATION = "cancellation"
    DISPATCH = "dispatch"
    STOCK_LEVEL = "stock_level"
    AVAILABILITY = "availability"
    ITEM = "item"
    CARRIER = "carrier"


class LineStatus(StrEnum):
    """Where the marketplace says an order line stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    BACKORDERED = "backordered"
    CANCEL_REQUESTED = "cancel_requested"
    CANCELLED = "cancelled"
    DISPATCHED = "dispatched"
    RETURNED = "returned"


class Record(BaseModel):
    """A frozen record with a natural key."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    kind: ClassVar[Kind]

    def fingerprint(self) -> str:
        """Return a hash of the content: equal content, equal fingerprint."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class Address(Record):
    """Where and to whom goods go. Personal data: never in a log, an alert or a run page."""

    name: str = ""
    street: tuple[str, ...] = ()
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = Field(default="", description="ISO 3166 alpha-2, or what the marketplace sent when it is unknown")
    phone: str = ""
    email: str = ""

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Show nothing of it: a record's text may reach a log."""
        return []

    def __str__(self) -> str:
        """Show nothing of it, as above."""
        return repr(self)


class OrderLine(Record):
    """One line of a sales order. Prices are per each; None where the marketplace sends none."""

    line: str
    sku: str | None
    ean: str | None
    stock_number: str | None = Field(description="the marketplace's own product number")
    quantity: int
    name: str = ""
    unit_price_net: Decimal | None = None
    tax_rate: Decimal | None = Field(default=None, description="per cent")
    tax: Decimal | None = None
    total_gross: Decimal | None = None
    status: LineStatus = LineStatus.OPEN
    item_id: str = Field(
        default="",
        exclude=True,  # no part of what came, and so not of its fingerprint
        description="what the taker calls the SKU, filled in when the order is sent; empty where that is not known",
    )


class SalesOrder(Record):
    """An order that the marketplace shows us. `reference` is the Customer Order Number."""

    kind: ClassVar[Kind] = Kind.SALES_ORDER
    key: str = Field(description="the marketplace's unique id of this order")
    reference: str
    external_id: str = Field(description="the id that the marketplace wants in a call about this order")
    placed_at: AwareDatetime
    dispatch_by_at: AwareDatetime | None = None
    currency: str = "GBP"
    lines: tuple[OrderLine, ...]
    ship_to: Address
    gift_message: str = Field(default="", repr=False, description="personal data")
    delivery_service: str = ""
    test: bool = False
    address_follows: bool = Field(
        default=False, description="the marketplace gives the address later: after acceptance, or once it is paid"
    )
    never_sent: bool = Field(
        default=False,
        exclude=True,  # no part of what came, and so not of its fingerprint
        description="told by the ledger when the order is sent: nothing of it stands there of ours, so none need be looked for",
    )


class LineQuantity(Record):
    """A quantity of one order line, as a marketplace wants it named."""

    line: str
    sku: str
    stock_number: str = ""
    quantity: int
    ordered: int | None = Field(default=None, description="the whole quantity of the order line, where it is known")


class Acknowledgement(Record):
    """Tell the marketplace that these lines are taken and durable with us."""

    kind: ClassVar[Kind] = Kind.ACKNOWLEDGEMENT
    key: str
    reference: str
    external_id: str
    lines: tuple[LineQuantity, ...]
    dispatch_by_at: AwareDatetime | None = None
    ticket: str = Field(default="", description="what the marketplace gave for it where it was taken for later")
    urgent: bool = Field(default=False, description="its deadline is near: its call goes before others")


class Cancellation(Record):
    """Tell the marketplace that its cancellation of these lines is accepted."""

    kind: ClassVar[Kind] = Kind.CANCELLATION
    key: str
    reference: str
    external_id: str
    lines: tuple[LineQuantity, ...]
    ticket: str = Field(default="", description="what the marketplace gave for it where it was taken for later")
    urgent: bool = Field(default=False, description="its deadline is near: its call goes before others")


class ShippedLine(Record):
    """What a back office says it shipped of one SKU; `line` only where it kept our line id."""

    sku: str
    quantity: int
    line: str | None = None


class Dispatch(Record):
    """A shipped record of the back office: one consignment with one tracking number."""

    kind: ClassVar[Kind] = Kind.DISPATCH
    key: str = Field(description="the back office's id of the shipment (and of the parcel, if it has several)")
    order_id: str = Field(description="the back office's id of the sales order")
    order_reference: str = Field(description="the Customer Order Number as the back office repeats it")
    carrier: str
    service: str = ""
    tracking_number: str | None
    shipped_at: AwareDatetime
    lines: tuple[ShippedLine, ...]


class DispatchAdvice(Record):
    """Tell the marketplace what was shipped, with its own carrier code."""

    kind: ClassVar[Kind] = Kind.DISPATCH
    key: str
    reference: str
    external_id: str
    carrier_code: str
    tracking_number: str
    shipped_on: date
    lines: tuple[LineQuantity, ...]
    ticket: str = Field(default="", description="what the marketplace gave for it where it was taken for later")
    urgent: bool = Field(default=False, description="its deadline is near: its call goes before others")


class Deducts(StrEnum):
    """When a stock count goes down for an order of ours, as its source declares."""

    ON_ACCEPTANCE = "on_acceptance"
    ON_DISPATCH = "on_dispatch"
    NEVER = "never"


class StockLevel(Record):
    """One count of one SKU in one pool of the back office. A SKU may have several counts of a pool."""

    kind: ClassVar[Kind] = Kind.STOCK_LEVEL
    sku: str
    pool: str
    quantity: int
    deducts: Deducts

    @property
    def key(self) -> str:
        """Return what makes this count one of its kind."""
        return self.key_of(self.sku, self.pool, self.deducts)

    @staticmethod
    def key_of(sku: str, pool: str, deducts: Deducts) -> str:
        """Return the key of the count of a SKU in a pool."""
        return f"{sku}\x1f{pool}\x1f{deducts}"


class Availability(Record):
    """The number that the marketplace shall offer for a SKU."""

    kind: ClassVar[Kind] = Kind.AVAILABILITY
    sku: str
    stock_number: str
    external_id: str = Field(default="", description="the id that the marketplace wants in a stock call")
    quantity: int
    as_of: AwareDatetime
    ticket: str = Field(default="", description="what the marketplace gave for it where it works on it still")

    @property
    def key(self) -> str:
        """Return the SKU: a level has no other identity."""
        return self.sku


class Item(Record):
    """A product as one side knows it. Fields that the side does not know are None."""

    kind: ClassVar[Kind] = Kind.ITEM
    sku: str
    ean: str | None = None
    stock_number: str | None = None
    external_id: str | None = None
    sellable: bool = True

    @property
    def key(self) -> str:
        """Return the SKU, or what stands in for it where this side has none."""
        return self.sku or self.stock_number or ""


class Carrier(Record):
    """A carrier that the marketplace account accepts, with its exact code."""

    kind: ClassVar[Kind] = Kind.CARRIER
    code: str
    name: str

    @property
    def key(self) -> str:
        """Return the exact code."""
        return self.code


class Reject:
    """A payload that could not become a record: kept, held, and it spoils nobody else.

    `sold` is what can be read of an order all the same: its units are sold, whatever else stands there.
    """

    __slots__ = ("hold_type", "key", "raw", "reason", "sold")

    def __init__(
        self, key: str, raw: Any, reason: str, hold_type: str = "malformed_payload", *, sold: SalesOrder | None = None
    ) -> None:
        self.key, self.raw, self.reason, self.hold_type, self.sold = key, raw, reason, hold_type, sold


class Received:
    """A record as it came: its canonical form beside the original that is kept.

    `came_as` is the record before what we know was filled into it, where that was done. `revision`
    grows from version to version of one record, where the original says so (a sequence number, a
    time): pushes come in any order, and by it an older version never replaces a newer one.
    """

    __slots__ = ("_fingerprint", "came_as", "raw", "record", "revision")

    def __init__(self, record: Any, raw: dict[str, Any], came_as: Any = None, *, revision: int | None = None) -> None:
        self.record, self.raw, self.came_as, self.revision = record, raw, came_as, revision
        self._fingerprint = ""

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint of the record as it came."""
        if not self._fingerprint:
            self._fingerprint = str((self.came_as or self.record).fingerprint())
        return self._fingerprint


class Page:
    """What one read of a feed brought. A plain class: Prefect passes it on without walking it.

    `cursor` is where to read on (None: from the start). `more` tells that the source has more
    now. For a snapshot, `began_at` is when the scan began and `complete` that it was proved whole. `total` is what the source says it has of these now.
    `omits_zeroes`: rows at zero are left out of this snapshot, so the number of its rows proves nothing.
    """

    __slots__ = ("began_at", "complete", "cursor", "more", "omits_zeroes", "received", "rejects", "total")

    def __init__(
        self,
        received: list[Received],
        rejects: list[Reject],
        *,
        began_at: datetime,
        cursor: str | None = None,
        more: bool = False,
        complete: bool = False,
        total: int | None = None,
        omits_zeroes: bool = False,
    ) -> None:
        self.received, self.rejects = received, rejects
        self.cursor, self.more = cursor, more
        self.began_at, self.complete, self.total = began_at, complete, total
        self.omits_zeroes = omits_zeroes

    def __len__(self) -> int:
        return len(self.received) + len(self.rejects)
