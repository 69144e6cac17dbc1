"""Acknowledging, confirming cancellations and dispatching: one file an order. The same states as over REST."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from connectors.answering import answer_each
from connectors.virtualstock.files.layout import Row, written_flat
from connectors.virtualstock.files.outbox import Outbox
from domain.answers import Answer, Finding, Refused
from domain.clock import Clock
from domain.records import Acknowledgement, Cancellation, DispatchAdvice, LineQuantity

R = TypeVar("R", Acknowledgement, Cancellation, DispatchAdvice)


class Words(NamedTuple):
    """What of an account stands in its files: words of the retailer's own lists, and whether it is a test."""

    zone: ZoneInfo
    supplier_ref: str
    sub_status: str
    route: str
    test: bool


class Form(NamedTuple):
    """The form of one kind of file: how its name begins and ends, what its header and its lines say."""

    prefix: str
    ending: str
    header: Callable[..., Row]
    row: Callable[..., Row]
    whole_lines: bool = False


def _header(words: Words, record: Acknowledgement | Cancellation) -> Row:
    flag = "y" if words.test else "n"
    return {"order_number": record.reference, "supplier_ref": words.supplier_ref or record.reference, "test_flag": flag}


def _line(line: LineQuantity) -> dict[str, str]:
    return {"line_ref": line.line, "part_number": line.stock_number, "quantity": str(line.quantity)}


def _acknowledged(words: Words, record: Acknowledgement, line: LineQuantity) -> Row:
    by = record.dispatch_by_at
    return {
        **_line(line),
        "comments": "",
        "sub_status": words.sub_status,
        "supplier_dispatch_date": by.astimezone(words.zone).strftime("%Y-%m-%d") if by else "",
        "supplier_delivery_date": "",
        "fulfillment_route": words.route,
    }


def _dispatched(_words: Words, record: DispatchAdvice, line: LineQuantity) -> Row:
    return {
        **_line(line),
        "dispatch_date": record.shipped_on.isoformat(),
        "supplier_delivery_date": "",
        "carrier": record.carrier_code,
        "service": "",
        "tracking_number": record.tracking_number,
        "tracking_url": "",
    }


def _dispatch_header(words: Words, record: DispatchAdvice) -> Row:
    return {"order_number": record.reference, "supplier_ref": words.supplier_ref or record.reference}


ACKNOWLEDGE = Form("order", ".ack", _header, _acknowledged)
CANCEL_ACKNOWLEDGE = Form(
    "cancel", ".ack", _header, lambda _words, _record, line: {**_line(line), "comments": ""}, whole_lines=True
)
DISPATCH = Form("dispatch", ".txt", _dispatch_header, _dispatched)


class FileActionSink(Generic[R]):
    """One kind of action, one file a record; the name of the file is the ticket."""

    batch = 1
    parallel = 4

    def __init__(self, outbox: Outbox, clock: Clock, form: Form, words: Words) -> None:
        self._outbox, self._clock, self._form, self._words = outbox, clock, form, words
        self.visible_after: timedelta = outbox.errors_within

    async def send(self, records: Sequence[R]) -> Mapping[str, Answer]:
        """Send a file for each record."""
        return await answer_each(self._clock, records, self._send_one)

    async def find(self, records: Sequence[R]) -> Mapping[str, Finding]:
        """Return what became of the files of the records, in one listing."""
        return await self._outbox.find({record.key: (self.subject(record), record.ticket) for record in records})

    def subject(self, record: R) -> str:
        """Return what a file is about: the same for another process, and for another carrier after a mend."""
        lines = ",".join(f"{line.line}:{line.quantity}" for line in record.lines)
        return f"{self._form.prefix}{self._form.ending}|{record.reference}|{record.key}|{lines}"

    async def _send_one(self, record: R) -> Answer:
        for line in record.lines:
            if not line.stock_number:
                return Refused(f"Line {line.line} has no stock number; The Edge names lines by it.")
            if self._form.whole_lines and line.ordered is not None and line.quantity != line.ordered:
                return Refused(f"Line {line.line}: only whole lines can be cancelled.", "quantity")
        content = written_flat(
            self._form.header(self._words, record), [self._form.row(self._words, record, line) for line in record.lines]
        )
        return await self._outbox.send(self.subject(record), self._form.prefix, self._form.ending, content)
