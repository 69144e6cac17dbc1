"""The life of an order line, as a fold over what both sides say; and what an order owes, in which order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.records import Dispatch, Kind, LineQuantity, LineStatus, SalesOrder


class DoesNotFit(Exception):
    """A shipment names a SKU or a quantity that its order has not, or has no more."""


@dataclass(frozen=True, slots=True)
class LineLife:
    """Where one order line stands. Every number is only ever raised, so any event may come twice or late."""

    line: str
    sku: str
    ordered: int
    stock_number: str = ""
    cancel_requested: int = 0
    cancelled: int = 0
    shipped: int = 0
    dispatched: int = 0

    @property
    def to_create(self) -> int:
        """Return the units that a back office should still be asked for."""
        return max(0, self.ordered - max(self.cancel_requested, self.cancelled))

    @property
    def to_ship(self) -> int:
        """Return the units of which no shipment is known yet."""
        return max(0, self.ordered - self.cancelled - max(self.shipped, self.dispatched))

    @property
    def final(self) -> bool:
        """Tell whether nothing more can happen to it before a return."""
        return self.dispatched + self.cancelled >= self.ordered

    def seen_as(self, status: LineStatus) -> "LineLife":
        """Fold in what the marketplace says of the whole line."""
        match status:
            case LineStatus.CANCEL_REQUESTED:
                return replace(self, cancel_requested=self.ordered - self.dispatched)
            case LineStatus.CANCELLED:
                gone = self.ordered - self.dispatched
                return replace(self, cancel_requested=gone, cancelled=gone)
            case LineStatus.DISPATCHED | LineStatus.RETURNED:
                return replace(self, shipped=self.ordered - self.cancelled, dispatched=self.ordered - self.cancelled)
            case _:
                return self


@dataclass(frozen=True, slots=True)
class OrderLife:
    """Where an order stands. `attempted`: a create was begun; `taken`: the back office was seen to have it."""

    key: str
    lines: tuple[LineLife, ...]
    attempted: bool = False
    taken: bool = False
    acknowledged: bool = False

    @property
    def cancel_requested(self) -> bool:
        """Tell whether the marketplace wants any unit cancelled that is not."""
        return any(max(0, line.cancel_requested - line.dispatched) > line.cancelled for line in self.lines)

    @property
    def final(self) -> bool:
        """Tell whether every line is final."""
        return all(line.final for line in self.lines)


@dataclass(frozen=True, slots=True)
class OrderPolicy:
    """How an account wants its orders handled. `acceptance_first`: it gives no address before acceptance."""

    acceptance_first: bool = False
    acknowledges: bool = True
    answers_cancellations: bool = True


def owes(order: OrderLife, policy: OrderPolicy) -> tuple[Kind, ...]:
    """Return what an order owes now. The first is due first; the next follows when it is proved.

    An order seen as cancelled before a create was begun is never created: only the cancellation is
    answered. After that, a cancellation is a person's decision (a hold), not a message.
    """
    if order.final:
        return ()
    wanted = any(line.to_create > 0 for line in order.lines)
    owed: list[Kind] = []
    if order.cancel_requested and not order.attempted and not order.taken and policy.answers_cancellations:
        owed.append(Kind.CANCELLATION)
    if not wanted and not order.taken:
        return tuple(owed)
    acknowledges = policy.acknowledges and not order.acknowledged
    if acknowledges and policy.acceptance_first:
        return (*owed, Kind.ACKNOWLEDGEMENT)
    if not order.taken:
        return (*owed, Kind.SALES_ORDER)
    if acknowledges:
        owed.append(Kind.ACKNOWLEDGEMENT)
    return tuple(owed)


def fold(known: Iterable[LineLife], order: SalesOrder, skus: Mapping[str, str]) -> tuple[LineLife, ...]:
    """Fold one sight of an order into what is known of its lines; `skus` gives a line its SKU where the order does not."""
    before = {line.line: line for line in known}
    return tuple(
        before.get(
            line.line,
            LineLife(
                line.line, line.sku or skus.get(line.stock_number or "", ""), line.quantity, line.stock_number or ""
            ),
        ).seen_as(line.status)
        for line in order.lines
    )


def allocate(dispatch: Dispatch, lines: Sequence[LineLife]) -> tuple[LineQuantity, ...]:
    """Give each shipped unit to an order line that still expects it.

    Raises `DoesNotFit` when the order has no such SKU, or not so many left to ship.
    """
    left = {line.line: line.to_ship for line in lines}
    given: dict[str, int] = {}
    for shipped in dispatch.lines:
        wanted = shipped.quantity
        candidates = [line for line in lines if line.sku == shipped.sku]
        candidates.sort(key=lambda line: line.line != shipped.line)  # the line that the back office names comes first
        for line in candidates:
            taken = min(wanted, left[line.line])
            if taken > 0:
                left[line.line] -= taken
                given[line.line] = given.get(line.line, 0) + taken
                wanted -= taken
        if wanted > 0:
            has = sum(line.to_ship for line in candidates)
            raise DoesNotFit(f"{shipped.quantity} of {shipped.sku} were shipped, the order has {has} left to ship")
    by_line = {line.line: line for line in lines}
    return tuple(
        LineQuantity(line=name, sku=by_line[name].sku, stock_number=by_line[name].stock_number, quantity=quantity)
        for name, quantity in given.items()
    )
