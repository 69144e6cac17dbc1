"""The loops, as values: where records come from, and what is owed to whom. A new loop is a new value."""

from dataclasses import dataclass

from connectors import roles
from domain.installation import Installation, Side
from domain.records import Kind


@dataclass(frozen=True)
class Intake:
    """Where records of a kind come from: the side, the role it must play, the name of its feed.

    `in_one_read` is how many records are judged and filed together.
    """

    kind: Kind
    side: Side
    role: type
    feed: str
    in_one_read: int = 1000

    @property
    def name(self) -> str:
        """Return the name of its watermark."""
        return f"{self.side.value}:{self.kind.value}"


@dataclass(frozen=True)
class Route:
    """Where an owed kind goes: the side, the role it must play, the name of its sink.

    `switch` names the loop whose mode decides whether it may send. An `optional` role need not be
    played: where it is not, nothing of the kind is owed.
    """

    kind: Kind
    side: Side
    role: type
    sink: str
    switch: str
    optional: bool = False


@dataclass(frozen=True)
class Loop:
    """One integration loop. `finishes`: it also runs over accounts that were left, until all is done there."""

    name: str
    intakes: tuple[Intake, ...]
    routes: tuple[Route, ...] = ()
    finishes: bool = True


_SALES_ORDERS = Intake(Kind.SALES_ORDER, Side.MARKETPLACE, roles.GivesSalesOrders, "sales_order_feed")
_DISPATCHES = Intake(Kind.DISPATCH, Side.BACK_OFFICE, roles.GivesDispatches, "dispatch_feed")
_STOCK = Intake(Kind.STOCK_LEVEL, Side.BACK_OFFICE, roles.GivesStockLevels, "stock_feed", 30_000)
_ITEMS = Intake(Kind.ITEM, Side.BACK_OFFICE, roles.GivesItems, "item_feed", 5_000)
_LISTINGS = Intake(Kind.ITEM, Side.MARKETPLACE, roles.GivesItems, "item_feed", 5_000)
_AVAILABILITY = Route(Kind.AVAILABILITY, Side.MARKETPLACE, roles.TakesAvailability, "availability_sink", "stock")

ORDERS = Loop(
    "orders",
    (_SALES_ORDERS,),
    (
        Route(
            Kind.CANCELLATION, Side.MARKETPLACE, roles.TakesCancellations, "cancellation_sink", "orders", optional=True
        ),
        Route(Kind.SALES_ORDER, Side.BACK_OFFICE, roles.TakesSalesOrders, "sales_order_sink", "orders"),
        Route(Kind.ACKNOWLEDGEMENT, Side.MARKETPLACE, roles.TakesAcknowledgements, "acknowledgement_sink", "orders"),
        _AVAILABILITY,  # what was just sold falls at once, and a rise may go after this pull
    ),
)
DISPATCH = Loop(
    "dispatch",
    (_DISPATCHES,),
    (Route(Kind.DISPATCH, Side.MARKETPLACE, roles.TakesDispatches, "dispatch_sink", "dispatch"),),
)
STOCK = Loop(
    "stock", (_STOCK, _SALES_ORDERS), (_AVAILABILITY,), finishes=False
)  # no number goes before the orders after its scan
ITEMS = Loop("items", (_ITEMS, _LISTINGS))


def intakes_of(loop: Loop, installation: Installation) -> tuple[Intake, ...]:
    """Return the intakes that a loop has in an installation: where the listings are the item master, no other is read."""
    if installation.product_master is Side.MARKETPLACE:
        return tuple(intake for intake in loop.intakes if intake is not _ITEMS)
    return loop.intakes


LOOPS = {loop.name: loop for loop in (ORDERS, STOCK, DISPATCH, ITEMS)}
"""Every loop by its name."""

INTAKES = {(intake.side, intake.kind): intake for loop in LOOPS.values() for intake in loop.intakes}
"""Where a kind of record comes from, by side and kind."""

READS = {(intake.side, intake.kind): loop.name for loop in reversed(LOOPS.values()) for intake in loop.intakes}
"""Which loop is to run when a side has more of a kind: the first of those that read it."""
