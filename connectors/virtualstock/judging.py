"""What a listed order proves about an action: pure, and only from the states and quantities of its lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors.virtualstock.mapping import ShownLine, id_in, shown_lines
from domain.answers import Absent, Contradicted, Finding, Found, Partial
from domain.records import Acknowledgement, Cancellation, DispatchAdvice, LineQuantity, LineStatus

OrderAct = Acknowledgement | Cancellation | DispatchAdvice


@dataclass(frozen=True)
class Action:
    """One action on order lines: its address, the list in which what is done stands, and what its states mean.

    `undone` are the states in which it can still be done, `done` those that prove it; in any other
    state a person decides. `in_parts` tells that it may name less than the whole line.
    """

    name: str
    list_status: str
    undone: frozenset[LineStatus]
    done: frozenset[LineStatus]
    in_parts: bool = False


ACKNOWLEDGE = Action(
    "acknowledge",
    "ORDER_ACK",
    undone=frozenset({LineStatus.OPEN}),
    done=frozenset(LineStatus) - {LineStatus.OPEN},  # all later states: there is nothing left to acknowledge
)
CANCEL_ACKNOWLEDGE = Action(
    "cancel_acknowledge",
    "CANCEL_ACK",
    undone=frozenset({LineStatus.CANCEL_REQUESTED}),
    done=frozenset({LineStatus.CANCELLED}),
)
DISPATCH = Action(
    "dispatch",
    "DISPATCH",
    # a dispatch out of CANCEL_REQUESTED is how a cancellation is declined
    undone=frozenset({LineStatus.OPEN, LineStatus.ACCEPTED, LineStatus.BACKORDERED, LineStatus.CANCEL_REQUESTED}),
    done=frozenset({LineStatus.DISPATCHED, LineStatus.RETURNED}),
    in_parts=True,
)


@dataclass(frozen=True)
class Standing:
    """How far an action got: its lines that are done and undone, and those of them that name a part of a line."""

    evidence: str
    done: tuple[LineQuantity, ...] = ()
    undone: tuple[LineQuantity, ...] = ()
    parts: tuple[LineQuantity, ...] = ()
    absent: bool = False
    contradiction: str = ""

    def finding(self) -> Finding:
        """Return it as the answer to a look-up.

        The Edge shows no part of a line: an undone line of which a part was sent proves nothing
        either way, and sending it again could ship it twice on paper; a person looks in the portal.
        """
        if self.contradiction:
            return Contradicted(self.contradiction)
        if self.absent or not self.done:
            unproved = [part for part in self.parts if part in self.undone]
            return Contradicted(f"{self.evidence}; {_UNPROVED}") if unproved else Absent()
        if self.undone:
            if any(part in self.undone for part in self.parts):
                return Contradicted(f"{self.evidence}; {_UNPROVED}")
            return Partial(f"{self.evidence}; to do: {', '.join(line.line for line in self.undone)}")
        return Found(self.evidence)


_UNPROVED = "a part of a line cannot be read back: compare the tracking numbers in the portal"


def standing(action: Action, record: OrderAct, orders: Sequence[dict[str, Any]]) -> Standing:
    """Return how the orders listed under the record's number stand to it."""
    name = f"order {record.reference}"
    if not orders:
        return Standing(f"{name} is not shown", undone=record.lines, absent=True)
    if len(orders) > 1:
        return Standing(name, contradiction=f"{len(orders)} orders are shown as {name}")
    if record.external_id and id_in(orders[0].get("url")) != record.external_id:
        return Standing(name, contradiction=f"{name} has another id than {record.external_id}")
    shown = shown_lines(orders[0])
    evidence = f"{name} shows " + ", ".join(
        f"line {line.line} {shown[line.line].shown if line.line in shown else 'missing'}" for line in record.lines
    )
    for line in record.lines:
        if reason := _contradiction(action, line, shown.get(line.line)):
            return Standing(evidence, contradiction=f"{name}, line {line.line}: {reason}")
    return Standing(
        evidence,
        done=tuple(line for line in record.lines if shown[line.line].status in action.done),
        undone=tuple(line for line in record.lines if shown[line.line].status in action.undone),
        parts=tuple(line for line in record.lines if line.quantity < shown[line.line].quantity),
    )


def _contradiction(action: Action, line: LineQuantity, shown: ShownLine | None) -> str:
    if shown is None:
        return "it is not shown, or cannot be read"
    if line.stock_number and shown.stock_number != line.stock_number:
        return "another stock number is shown"
    if line.quantity > shown.quantity or (line.quantity < shown.quantity and not action.in_parts):
        return f"{shown.quantity} are ordered, not {line.quantity}"
    if shown.status is None:
        return "its state is not documented"
    if shown.status not in action.done | action.undone:
        return f"its state {shown.shown} does not allow {action.name}"
    return ""
