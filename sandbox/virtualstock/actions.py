"""What may be done to order lines: acknowledge, backorder, dispatch, request and confirm a cancellation."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.virtualstock.answers import BLANK, REQUIRED, RefusalError, whole
from sandbox.virtualstock.orders import Dispatch, Line, Order

LONGEST = {
    "part_number": 255,
    "line_ref": 100,
    "sub_status": 100,
    "comment": 255,
    "fulfillment_route": 255,
    "carrier": 255,
    "tracking_number": 100,
    "tracking_url": 255,
}
LINE = ("part_number", "line_ref", "quantity")
DAY, MOMENT = "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"
SHOWN_FORMAT = {DAY: "YYYY-MM-DD", MOMENT: "YYYY-MM-DDThh:mm:ss"}


@dataclass(frozen=True)
class Action:
    """One action: from which line states it leads to which, and what its body must bring.

    `dates` gives the format of the dates: a day for a dispatch, a moment elsewhere (documented).
    """

    name: str
    noun: str
    target: str
    allowed_from: frozenset[str]
    required: tuple[str, ...] = LINE
    dates: str = MOMENT
    whole_line: bool = False


ACKNOWLEDGE = Action("acknowledge", "Acknowledge", "ORDER_ACK", frozenset({"ORDER", "ORDER_ACK"}))
BACKORDER = Action(
    "backorder",
    "Backorder",
    "BACKORDER",
    frozenset({"ORDER", "ORDER_ACK"}),
    required=(*LINE, "sub_status", "supplier_dispatch_date"),
)
DISPATCH = Action(
    "dispatch",
    "Dispatch",
    "DISPATCH",
    frozenset({"ORDER_ACK", "BACKORDER", "CANCEL"}),
    required=(*LINE, "carrier", "supplier_dispatch_date", "tracking_number"),
    dates=DAY,
)
CANCEL_REQUEST = Action(
    "cancel_request",
    "Cancel",
    "CANCEL",
    frozenset({"ORDER", "ORDER_ACK", "BACKORDER"}),
    required=(*LINE, "reason_code"),
    whole_line=True,
)
CANCEL_ACKNOWLEDGE = Action("cancel_acknowledge", "Cancel", "CANCEL_ACK", frozenset({"CANCEL"}), whole_line=True)


@dataclass(frozen=True)
class Step:
    """One line, how much of it, and the item of the body that asks for it."""

    line: Line
    quantity: int
    asked: Mapping[str, Any]


def plan(action: Action, order: Order, body: Mapping[str, Any], carriers: Collection[str]) -> list[Step]:
    """Return what the body asks for; raise `RefusalError` (and change nothing) if any part of it is refused."""
    items = body.get("items")
    if items is None:
        raise RefusalError(400, {"items": [REQUIRED]})
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise RefusalError(400, {"items": ["Expected a list of items with at least one item."]})
    errors = [_field_errors(action, item, carriers) for item in items]
    if any(errors):
        raise RefusalError(400, {"items": errors})
    steps = [Step(_line(order, item), whole(item["quantity"]) or 0, item) for item in items]
    _check(action, steps)
    return steps


def perform(action: Action, steps: list[Step], now: datetime) -> None:
    """Do what was planned: record dispatches and move the lines on.

    A line that is dispatched in several parts keeps its state until the last part.
    """
    for step in steps:
        if action.target == DISPATCH.target:
            asked = step.asked
            sent = Dispatch(now, step.quantity, str(asked.get("carrier")), str(asked.get("tracking_number")))
            step.line.dispatches.append(sent)
            if step.line.outstanding > 0:
                continue
        step.line.item["status"] = action.target


def _line(order: Order, item: Mapping[str, Any]) -> Line:
    part_number, line_reference = str(item["part_number"]), str(item["line_ref"])
    for line in order.lines:
        if line.reference == line_reference and line.part_number == part_number:
            return line
    detail = f"Order item '{part_number}' with line reference '{line_reference}' not found."
    raise RefusalError(400, {"detail": detail, "code": "ORDER_ITEM_NOT_FOUND"})


def _check(action: Action, steps: list[Step]) -> None:
    """Refuse illegal transitions and quantities; the same line may be named twice, its parts count together."""
    asked: Counter[int] = Counter()
    for step in steps:
        line = step.line
        if line.status not in action.allowed_from:
            text = f"Not allowed to change state of item {line.reference} from {line.status} to {action.target}"
            raise RefusalError(400, text)
        if step.quantity <= 0:
            text = f"Validation error: {action.noun} quantity value can't be less or equal zero"
            raise RefusalError(400, text)
        asked[id(line)] += step.quantity
        allowed = line.outstanding if action.target not in {ACKNOWLEDGE.target, BACKORDER.target} else line.ordered
        if asked[id(line)] > allowed:
            text = f"Validation error: {action.noun} quantity value {step.quantity} is bigger than allowed for item"
            raise RefusalError(400, text)
    if action.whole_line:
        for step in steps:
            if asked[id(step.line)] < step.line.outstanding:
                text = f"Validation error: Partial cancellation not allowed item {step.line.reference}"
                raise RefusalError(400, text)


def _field_errors(action: Action, item: Mapping[str, Any], carriers: Collection[str]) -> dict[str, list[str]]:
    errors = {name: [REQUIRED] for name in action.required if item.get(name) is None}
    errors |= {name: [BLANK] for name in action.required if item.get(name) == ""}
    for name, longest in LONGEST.items():
        if len(str(item.get(name) or "")) > longest:
            errors[name] = [f"Ensure this field has no more than {longest} characters."]
    for name in ("supplier_dispatch_date", "supplier_delivery_date"):
        value = item.get(name)
        if value is not None and not _is_date(value, action.dates):
            shown = SHOWN_FORMAT[action.dates]
            errors[name] = [f"Date has wrong format. Use one of these formats instead: {shown}."]
    if "quantity" not in errors and whole(item["quantity"]) is None:
        errors["quantity"] = ["A valid integer is required."]
    if "carrier" in action.required and "carrier" not in errors and str(item["carrier"]) not in carriers:
        errors["carrier"] = [f'"{item["carrier"]}" is not a valid choice.']
    if "reason_code" in action.required and "reason_code" not in errors:
        code = whole(item["reason_code"])
        if code is None or not 100 <= code <= 999:
            errors["reason_code"] = ["A valid integer of 3 digits is required."]
    return errors


def _is_date(value: Any, shape: str) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return datetime.strptime(value, shape).strftime(shape) == value  # noqa: DTZ007 - the vendor's times have no zone
    except ValueError:
        return False
