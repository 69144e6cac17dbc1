"""The push services: a scheduler's tick every 15 minutes, batches, retries, and the ways in which pushes go wrong."""

import asyncio
import json
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.request import Request, urlopen

from sandbox.kit import Clock
from sandbox.seko.warehouse import Dispatch, Order, Product
from sandbox.seko.wire import Record

Send = Callable[[str, dict[str, str], bytes], Awaitable[tuple[int, bytes]]]
"""Posts a body to an address with these headers; returns the status and the body of the answer."""

TICK = timedelta(minutes=15)
MOST_RECORDS = 500
RETRIES = 3
HEADERS = {"Content-Type": "application/json", "User-Agent": "iHub push"}


@dataclass
class Switches:
    """What is unknown of the vendor, and what goes wrong; may be changed at any time.

    `lost_pushes` is how many of the next messages vanish on the way although the hub takes them for
    sent. `quantity_name` is how a dispatch line names its units. `needs_envelope`: a 200 counts as a
    success only with a `Success` in its body.
    """

    status_of_refusals: int = 200
    status_of_bad_tokens: int = 200
    legacy_is_open: bool = True
    legacy_wraps: bool = True
    lost_pushes: int = 0
    duplicate_pushes: bool = False
    out_of_order: bool = False
    needs_envelope: bool = True
    quantity_name: str = "Quantity"


@dataclass
class Message:
    """One message on its way: how often it was tried, and when it is due again."""

    service: str
    body: bytes
    due_at: datetime
    tries: int = 0


class Pushes:
    """What is to be pushed to one client, in the order in which it happened."""

    def __init__(self, clock: Clock, switches: Switches, client: str, push_to: str | None, send: Send | None) -> None:
        self._clock, self._switches, self._client = clock, switches, client
        self.push_to, self.send = push_to, send
        self._new: dict[str, deque[Record]] = {}
        self._sequence: Counter[str] = Counter()
        self._on_the_way: list[Message] = []
        self.stopped: list[Message] = []
        self.delivered = 0

    def note(self, service: str, record: Record) -> None:
        """Let a record go with the next tick."""
        self._new.setdefault(service, deque()).append(record)

    async def tick(self) -> int:
        """Do what the scheduler does every 15 minutes; return how many messages were taken for delivered.

        A message that fails is tried three more times, one tick apart; then only a person sends it again.
        """
        before = self.delivered
        self._on_the_way += self._batches()
        due = [message for message in self._on_the_way if message.due_at <= self._clock.now()]
        if self._switches.out_of_order:
            due.reverse()
        for message in due:
            self._on_the_way.remove(message)
            await self._deliver(message)
        return self.delivered - before

    def push_again(self) -> int:
        """Let a person send again what was given up; return how many messages that is."""
        again, self.stopped = self.stopped, []
        self._on_the_way += [Message(one.service, one.body, self._clock.now()) for one in again]
        return len(again)

    def _batches(self) -> list[Message]:
        messages = []
        for service, records in self._new.items():
            while records:
                batch = [records.popleft() for _ in range(min(MOST_RECORDS, len(records)))]
                messages.append(Message(service, self._body(service, batch), self._clock.now()))
        return messages

    def _body(self, service: str, batch: list[Record]) -> bytes:
        responses = []
        for record in batch:
            self._sequence[service] += 1
            head = {"IntegrationId": self._client, "SequenceNumber": self._sequence[service]}
            responses.append({"Response": {service: {**head, "MessagePart": 1, "MessageTotal": 1, **record}}})
        if self._switches.out_of_order:
            responses.reverse()
        return json.dumps({"Responses": responses}).encode()

    async def _deliver(self, message: Message) -> None:
        if self.push_to is None or self.send is None:
            return
        message.tries += 1
        if self._switches.lost_pushes > 0:
            self._switches.lost_pushes -= 1
            self.delivered += 1
            return
        is_taken = await self._is_taken(message)
        if is_taken and self._switches.duplicate_pushes:
            await self._is_taken(message)
        if is_taken:
            self.delivered += 1
        elif message.tries > RETRIES:
            self.stopped.append(message)
        else:
            message.due_at = self._clock.now() + TICK
            self._on_the_way.append(message)

    async def _is_taken(self, message: Message) -> bool:
        assert self.push_to is not None  # noqa: S101 - for the type checker: the caller has looked
        assert self.send is not None  # noqa: S101 - as above
        try:
            status, answer = await self.send(self.push_to, dict(HEADERS), message.body)
        except OSError:
            return False
        if not 200 <= status < 300:
            return False
        return not self._switches.needs_envelope or _says_success(answer)


async def post(url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    """Post over a true socket; raises OSError when it does not come to a 2xx."""

    def posted() -> tuple[int, bytes]:
        with urlopen(Request(url, body, headers), timeout=30) as answer:  # noqa: S310 - the configuration's address
            return answer.status, answer.read()

    return await asyncio.to_thread(posted)


def _says_success(answer: bytes) -> bool:
    try:
        found: Any = json.loads(answer)
    except ValueError:
        return False
    status = found.get("CallStatus") if isinstance(found, Mapping) else None
    return isinstance(status, Mapping) and status.get("Success") is True


def dispatch_record(order: Order, dispatch: Dispatch, quantity_name: str) -> Record:
    """Return a dispatch confirmation: a line for each lot, and lines of quantity 0 for what did not go."""
    lines = []
    for line in order.lines:
        for lot, units in line.product.lots(dispatch.lines[line.number]):
            shown = {"LineNumber": line.number, "ProductCode": line.product.code, "EAN": line.product.ean}
            lines.append({**shown, quantity_name: units, "LotNo": lot if units else None})
    at = _time(dispatch.at)
    return {
        **tracking_record(order, dispatch),
        "ToBePackedDate": at,
        "ToDispatchDate": at,
        "DispatchDate": at,
        "CourierService": dispatch.service,
        "DispatchId": dispatch.id,
        "Weight": 1.2,
        "WeightUOM": "KG",
        "ShipToAttention": order.attention,
        "DeliveryAddressLine1": order.street,
        "List": {"DispatchLineItem": lines},
    }


def tracking_record(order: Order, dispatch: Dispatch) -> Record:
    """Return the tracking details of a dispatch."""
    return {
        "InterfaceRecordId": order.guid,
        "SalesOrderNumber": order.number,
        "SalesOrderReference": order.reference,
        "DispatchNumber": dispatch.number,
        "Courier": dispatch.carrier,
        "TrackingNumber": dispatch.tracking or None,
        "TrackingUrl": f"https://track.example/{dispatch.tracking}" if dispatch.tracking else None,
    }


def adjustment_record(product: Product, quantity: int, number: int, dc: str, at: datetime) -> Record:
    """Return a stock adjustment of one product."""
    line = {"LineInternalId": 1, "ProductCode": product.code, "Quantity": abs(quantity), "ReasonCode": "ADJ"}
    return {
        "InternalId": number,
        "StockAdjustmentType": "Increase" if quantity > 0 else "Decrease",
        "StockAdjustmentDate": _time(at),
        "DCCode": dc,
        "LocationType": "Available Stock",
        "StockAdjustmentLineItem": [line],
    }


def movement_record(product: Product, quantity: int, to: str, number: int, dc: str, at: datetime) -> Record:
    """Return a move of units between location types."""
    return {
        "MovementID": number,
        "DcCode": dc,
        "UtcDate": _time(at),
        "FromLocationType": "Available Stock",
        "ToLocationType": to,
        "Quantity": quantity,
        "ProductCode": product.code,
        "Ean": product.ean,
    }


def received_record(product: Product, quantity: int, delivery: str, dc: str) -> Record:
    """Return a goods received notice of one product; one for each lot that came."""
    lines = [
        {"LineItemNumber": 1, "ProductCode": product.code, "GRNQuantity": units, "LotNo": lot}
        for lot, units in product.lots(quantity)
    ]
    return {"DCCode": dc, "DeliveryNumber": delivery, "HBRef": delivery, "List": {"GRNLineItem": lines}}


def summary_record(product: Product, at: datetime) -> Record:
    """Return the overnight summary of one product."""
    return {
        "ProductCode": product.code,
        "AtEndOfDate": _time(at),
        "QuantityOnHand": product.free,
        "QuantityInAllocated": product.allocated,
        "QuantityInQuarantine": product.elsewhere.get("Quarantine", 0),
        "QuantityInQC": 0,
    }


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
