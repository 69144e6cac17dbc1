"""The life of an order line, as a fold over what both sides say; and what an order owes, in which order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.records import Dispatch, Kind, LineQuantity, LineStatus, OrderLine, SalesOrder


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
                return replace(self, cancel_requested=max(self.cancel_requested, self.ordered - self.dispatched))
            case LineStatus.CANCELLED:
                gone = max(self.cancelled, self.ordered - self.dispatched)
                return replace(self, cancel_requested=max(self.cancel_requested, gone), cancelled=gone)
            case LineStatus.DISPATCHED | LineStatus.RETURNED:
                went = max(self.dispatched, self.ordered - self.cancelled)
                return replace(self, shipped=max(self.shipped, went), dispatched=went)
            case _:
                return self

    def as_ordered(self, line: OrderLine, sku: str) -> "LineLife":
        """Return it with the SKU and the quantity of a newer sight of its order.

        The quantity is corrected only until something has happened to the line: a marketplace
        may show what is left of a quantity after a cancellation.
        """
        untouched = not (self.cancel_requested or self.cancelled or self.shipped or self.dispatched)
        return replace(
            self,
            sku=sku or self.sku,
            stock_number=line.stock_number or self.stock_number,
            ordered=max(0, line.quantity) if untouched else self.ordered,
        )


@dataclass(frozen=True, slots=True)
class OrderLife:
    """Where an order stands.

    `attempted`: a create was ever begun, so a half of it may stand there; `taken`: the back office was seen to have it; `awaits_address`: the
    marketplace has not given its address yet, so it cannot be created.
    """

    key: str
    lines: tuple[LineLife, ...]
    attempted: bool = False
    taken: bool = False
    acknowledged: bool = False
    awaits_address: bool = False

    @property
    def cancel_requested(self) -> bool:
        """Tell whether the marketplace wants any unit cancelled that is not."""
        return any(max(0, line.cancel_requested - line.dispatched) > line.cancelled for line in self.lines)

    @property
    def unwanted(self) -> int:
        """Return the units that the marketplace no longer wants: it asks to cancel them, or they are cancelled."""
        return sum(max(line.cancel_requested, line.cancelled) for line in self.lines)

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
    answered. After that, a cancellation is a person's decision (a hold), not a message. While its address
    is awaited it is not created; the record that brings the address makes the creation owed.
    """
    if order.final:
        return ()
    wanted = any(line.to_create > 0 for line in order.lines)
    owed: list[Kind] = []
    if order.cancel_requested and not order.attempted and not order.taken and policy.answers_cancellations:
        owed.append(Kind.CANCELLATION)
    if not wanted and not order.taken:
        return tuple(owed)
    acknowledges = wanted and policy.acknowledges and not order.acknowledged
    if acknowledges and (policy.acceptance_first or (order.awaits_address and not order.taken)):
        return (*owed, Kind.ACKNOWLEDGEMENT)
    if not order.taken:
        return tuple(owed) if order.awaits_address else (*owed, Kind.SALES_ORDER)
    if acknowledges:
        owed.append(Kind.ACKNOWLEDGEMENT)
    return tuple(owed)


def fold(known: Iterable[LineLife], order: SalesOrder, skus: Mapping[str, str]) -> tuple[LineLife, ...]:
    """Fold one sight of an order into what is known of its lines; a line that it does not show stays as it was.

    `skus` gives, by stock number, the SKU of a line that names none.
    """
    lives = {life.line: life for life in known}
    for line in order.lines:
        sku = line.sku or skus.get(line.stock_number or "", "")
        before = lives.get(line.line)
        if before is None:
            life = LineLife(line.line, sku, max(0, line.quantity), line.stock_number or "")
        else:
            life = before.as_ordered(line, sku)
        lives[line.line] = life.seen_as(line.status)
    return tuple(lives.values())


def allocate(dispatch: Dispatch, lines: Sequence[LineLife]) -> tuple[LineQuantity, ...]:
    """Give each shipped unit to an order line that still expects it.

    Raises `DoesNotFit` when the order has no such SKU, or not so many left to ship, or nothing was shipped.
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
    if not given:
        raise DoesNotFit("it names no unit that was shipped")
    by_line = {line.line: line for line in lines}
    return tuple(
        LineQuantity(
            line=name,
            sku=by_line[name].sku,
            stock_number=by_line[name].stock_number,
            quantity=quantity,
            ordered=by_line[name].ordered,
        )
        for name, quantity in given.items()
    )
