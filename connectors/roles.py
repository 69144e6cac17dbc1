"""What a system can be asked. A connector lists its roles as base classes, so its first line says what it can do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar, runtime_checkable

from connectors.facts import Fact
from domain.answers import Answer, Finding
from domain.limits import OrderLimits as OrderLimits  # noqa: PLC0414 - connectors find it beside the roles
from domain.progress import Progress
from domain.records import (
    Acknowledgement,
    Availability,
    Cancellation,
    Carrier,
    DispatchAdvice,
    Kind,
    Page,
    Received,
    Record,
    Reject,
    SalesOrder,
)

R_contra = TypeVar("R_contra", bound=Record, contravariant=True)


class FeedShape(StrEnum):
    """What a feed promises. LOG: order and a cursor. QUEUE: neither. SNAPSHOT: all of it, or not whole."""

    LOG = "log"
    QUEUE = "queue"
    SNAPSHOT = "snapshot"


class OpenOrder(NamedTuple):
    """An order that the back office has and whose dispatch is not yet wholly confirmed.

    `unshipped` gives its SKUs and units while none of them was seen shipped, and nothing later: for a
    system that says of an order only that it has left.
    """

    key: str
    reference: str
    external_id: str
    awaits_tracking: bool = False
    unshipped: tuple[tuple[str, int], ...] = ()


class Forged(Exception):
    """A push that the vendor did not send: its proof is missing, wrong or too old. Nothing of it is kept."""


@dataclass(frozen=True)
class Delivery:
    """What one push says.

    `brought` are records that count as read, each with the kind of the feed whose `parse` reads its
    original: only for what the vendor offers no read of. Of everything else a push is a hint:
    `news` are the kinds of which the vendor has more now, whose feeds are to be read again.
    """

    brought: tuple[tuple[Kind, Received | Reject], ...] = ()
    news: frozenset[Kind] = frozenset()


class CallsAgain(str):
    """What `subscribe` saw where it had to mend something: the vendor did not call us, and does so again now."""

    __slots__ = ()


@dataclass(frozen=True)
class PushReply:
    """What the vendor wants to see once its push is durable with us."""

    status: int = 200
    body: bytes = b""
    media_type: str = "application/json"


class Feed(Protocol):
    """Asked: what is new?

    `keeps` is the allow-list of wire fields without personal data (nested: a mapping for objects
    and for the objects of a list; True keeps a whole value). Everything else counts as personal.
    """

    shape: FeedShape
    keeps: Mapping[str, Any]
    absent_is_zero: bool

    async def read(self, cursor: str | None, about: Sequence[OpenOrder]) -> Page:
        """Read one page from `cursor` (None: from the start).

        `about` names the open orders, for systems that can only be asked order by order.
        Raises `Unavailable`, `Fatal` or `NotNow`; nothing was changed by then.
        """
        ...

    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        """Map one original again, as `read` did: pure, so that a release maps it afresh."""
        ...


@runtime_checkable
class ComesInParts(Protocol):
    """A feed whose records come in parts, each by itself and in any order: an original is what came of it so far."""

    def joined(self, former: Any, latter: Any) -> Any:
        """Return the original that two originals of one key make together: pure, and nothing of either is lost."""
        ...


class Sink(Protocol[R_contra]):
    """Asked to take records, and asked what became of them.

    At most `batch` records go into one `send`. `parallel` sends may run at once. Until
    `visible_after` has passed since an attempt, absent means: not yet.
    """

    batch: int
    parallel: int
    visible_after: timedelta

    async def send(self, records: Sequence[R_contra]) -> Mapping[str, Answer]:
        """Send the records and return an answer for every key. Raises only about the system."""
        ...

    async def find(self, records: Sequence[R_contra]) -> Mapping[str, Finding]:
        """Return what the destination shows of each record, in as few calls as it allows."""
        ...


@runtime_checkable
class WorksFilesOff(Protocol):
    """A sink that takes a file and works it off later: it takes no second one while one is under way.

    A ticket that is not answered within `ticket_limit` waits for a person.
    """

    ticket_limit: timedelta


@runtime_checkable
class Connector(Protocol):
    """One account of one system."""

    async def check(self) -> str:
        """Sign in and read one thing; return what was seen. Raises `Unavailable` or `Fatal`."""
        ...

    async def close(self) -> None:
        """Let the connections go."""
        ...


@runtime_checkable
class GivesSalesOrders(Protocol):
    """A marketplace whose sales orders can be read: `SalesOrder` records, cancellation requests included."""

    sales_order_feed: Feed


@runtime_checkable
class TakesAcknowledgements(Protocol):
    """A marketplace that wants to be told that an order is taken."""

    acknowledgement_sink: Sink[Acknowledgement]


@runtime_checkable
class TakesCancellations(Protocol):
    """A marketplace that wants its cancellation request answered."""

    cancellation_sink: Sink[Cancellation]


@runtime_checkable
class TakesDispatches(Protocol):
    """A marketplace that wants to be told what was shipped."""

    dispatch_sink: Sink[DispatchAdvice]

    async def carriers(self) -> Sequence[Carrier]:
        """Return the carriers that this account may name."""
        ...


@runtime_checkable
class TakesAvailability(Protocol):
    """A marketplace that shows what is available to sell; sending the same number twice does no harm."""

    availability_sink: Sink[Availability]


@runtime_checkable
class TakesSalesOrders(Protocol):
    """A back office in which sales orders are created. The same key sent twice must end in one order."""

    order_limits: OrderLimits
    sales_order_sink: Sink[SalesOrder]


@runtime_checkable
class GivesDispatches(Protocol):
    """A back office that says what it shipped: `Dispatch` records."""

    dispatch_feed: Feed


@runtime_checkable
class GivesStockLevels(Protocol):
    """A back office that says what it has: a snapshot, each page a `StockPage` whose counts are columns and not records."""

    stock_feed: Feed


@runtime_checkable
class GivesItems(Protocol):
    """A system with an item master or with listings: a snapshot of `Item` records."""

    item_feed: Feed


@runtime_checkable
class DeclaresFacts(Protocol):
    """A system that says what we rely on there without being sure.

    `only_reads` are its calls by other verbs than GET that change nothing: (verb, pattern of the whole path).
    """

    only_reads: ClassVar[tuple[tuple[str, str], ...]]

    def facts(self) -> Sequence[Fact]:
        """Return the facts; each `look` only reads, and raises what a read raises."""
        ...


@runtime_checkable
class ShowsProgress(Protocol):
    """A back office that shows where its orders stand in the warehouse, and takes one back into its queue."""

    async def progress(self, since: datetime, about: Sequence[OpenOrder]) -> Sequence[Progress]:
        """Return where those of the open orders stand that moved since, or that nobody will pick.

        Raises `Unavailable`, `Fatal` or `NotNow`; nothing was changed by then.
        """
        ...

    async def requeue(self, order: OpenOrder) -> Answer:
        """Put an order whose pick list was cancelled back into the queue; asking twice does no harm.

        `Done` when the back office shows it there, `Refused` when only the warehouse can do it.
        """
        ...


@runtime_checkable
class PushesNews(Protocol):
    """A system that calls us when something happens there. The address it calls holds a secret of its own."""

    push_reply: PushReply

    def unpack(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Prove that a push is the vendor's, and say what it brings. Pure: no call, nothing changed.

        `headers` have lower-case names. Raises `Forged`; a body that is the vendor's but cannot
        be read is a `Reject` in what it brings, so that it is kept and held.
        """
        ...

    async def subscribe(self, address: str) -> str:
        """See to it that the vendor calls this address, again where it had stopped; return what was seen.

        That is a `CallsAgain` where something had to be registered or switched on.
        Raises `Unavailable`, `Fatal` or `NotNow`. Where only the vendor's people can do it, change
        nothing and say what they are to be asked.
        """
        ...
