"""A connector of the registry, made by the suite and joined to its pretend system."""

import importlib
import json
import logging
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from pydantic import SecretStr

from connectors import roles
from connectors.http import Surroundings
from connectors.registry import SYSTEMS
from connectors.roles import (
    Feed,
    GivesDispatches,
    GivesItems,
    GivesSalesOrders,
    GivesStockLevels,
    Sink,
    TakesAcknowledgements,
    TakesAvailability,
    TakesCancellations,
    TakesDispatches,
    TakesSalesOrders,
)
from domain.answers import Absent, Answer, Finding, Partial
from domain.budgets import Lane, Limit
from domain.counts import StockPage
from domain.records import Page, Received, Reject
from tests.contract.harness import FeedCase, Harness, SinkCase
from tests.contract.wire import Wire
from tests.doubles import KeptArchive, ManualClock, OpenBudgets

FEEDS: dict[type, str] = {
    GivesSalesOrders: "sales_order_feed",
    GivesDispatches: "dispatch_feed",
    GivesStockLevels: "stock_feed",
    GivesItems: "item_feed",
}
SINKS: dict[type, str] = {
    TakesAcknowledgements: "acknowledgement_sink",
    TakesCancellations: "cancellation_sink",
    TakesDispatches: "dispatch_sink",
    TakesAvailability: "availability_sink",
    TakesSalesOrders: "sales_order_sink",
}
ROLES = {thing for name, thing in vars(roles).items() if name.startswith(("Gives", "Takes"))}
WAY_PAST = 100
"""More reads or sends than any honest walk of these tests takes."""


def played(connector: type) -> set[type]:
    """Return the roles that a connector class names as its bases."""
    return ROLES & set(connector.__mro__)


def harness_of(system: str) -> type[Harness]:
    """Return the harness class of a system; a system without one fails here, by name."""
    module = importlib.import_module(f"tests.connectors.{system}.harness")
    harness: type[Harness] = module.Harness
    return harness


class CountedBudgets(OpenBudgets):
    """Permits every call, or only so many more; then the next one comes in ten minutes."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self.left: int | None = None
        self._clock = clock

    @property
    def again_at(self) -> datetime:
        return self._clock.now() + timedelta(minutes=10)

    def take(self, account: str, limit: Limit, lane: Lane) -> datetime | None:
        if self.left == 0:
            return self.again_at
        self.left = None if self.left is None else self.left - 1
        return super().take(account, limit, lane)


@dataclass
class Joint:
    """One connector on the wire to its pretend system; `again` is another process on the same account."""

    system: str
    harness: Harness
    wire: Wire
    budgets: CountedBudgets
    archive: KeptArchive = field(default_factory=KeptArchive)

    def __post_init__(self) -> None:
        self.connector: Any = self.again()

    @classmethod
    def of(cls, system: str) -> "Joint":
        harness = harness_of(system)()
        return cls(system, harness, Wire(harness.sandbox.app), CountedBudgets(harness.clock))

    def again(self) -> Any:
        files = getattr(self.harness, "files", None)
        around = Surroundings(self.harness.clock, self.budgets, self.archive, self.wire, files)
        return SYSTEMS[self.system]("harbour", self.harness.settings, self.harness.options, around)

    def feed(self, role: type) -> Feed:
        feed: Feed = getattr(self.connector, FEEDS[role])
        return feed

    def sink(self, role: type) -> Sink[Any]:
        sink: Sink[Any] = getattr(self.connector, SINKS[role])
        return sink

    def feed_case(self, role: type) -> FeedCase:
        return self.harness.feeds[role]

    def sink_case(self, role: type) -> SinkCase:
        return self.harness.sinks[role]

    @property
    def secrets(self) -> set[str]:
        """Return every secret of the settings, and every proof of identity that went over the wire."""
        values = [value for _, value in self.harness.settings if isinstance(value, SecretStr)]
        return {value.get_secret_value() for value in values if value.get_secret_value()} | self.wire.credentials


async def walk(feed: Feed, case: FeedCase, between: Callable[[int], None] | None = None) -> list[Page]:
    """Read a feed from its start until it has no more; `between` is called after each page."""
    pages = [await feed.read(None, case.about())]
    while pages[-1].more:
        assert len(pages) < WAY_PAST, "the feed never ends"
        if between is not None:
            between(len(pages))
        pages.append(await feed.read(pages[-1].cursor, case.about()))
    return pages


def keys(pages: Iterable[Page]) -> list[str]:
    """Return the keys of all records, in the order in which they came."""
    return [
        key
        for page in pages
        for key in (page.counts.keys if isinstance(page, StockPage) else [one.record.key for one in page.received])
    ]


async def read_whole(joint: Joint, role: type) -> list[Received]:
    """Read a feed from its start to its end and return what was received; counts with the originals that they are made of."""
    feed, case = joint.feed(role), joint.feed_case(role)
    joint.wire.delivered.clear()
    pages = await walk(feed, case)
    if case.originals is None:
        return [one for page in pages for one in page.received]
    received, rejects = outcomes(joint, role)
    assert (counted(pages), [one for page in pages for one in page.rejects]) == (of(received), rejects)
    return received


def outcomes(joint: Joint, role: type) -> tuple[list[Received], list[Reject]]:
    """Return what the originals become that stood in the answers which a feed of counts got."""
    feed, case = joint.feed(role), joint.feed_case(role)
    assert case.originals is not None
    bodies = [_quickly(body) for request, body in joint.wire.delivered if any(one.fits(request) for one in case.lists)]
    read = [feed.parse(raw) for body in bodies for raw in case.originals(body)]
    return [one for one in read if isinstance(one, Received)], [one for one in read if isinstance(one, Reject)]


def _quickly(body: bytes) -> Any:
    """Read an answer as a feed of counts does: what is no number of 64 bits is a float."""
    try:
        return orjson.loads(body)
    except ValueError:
        return json.loads(body)


def counted(pages: Iterable[Page]) -> dict[str, int]:
    """Return the units of all counts by their key."""
    return of([Received(level, {}) for page in pages if isinstance(page, StockPage) for level in page.counts.levels()])


def of(received: Iterable[Received]) -> dict[str, int]:
    """Return the units of received counts by their key."""
    units: dict[str, int] = {}
    for one in received:
        units[one.record.key] = units.get(one.record.key, 0) + one.record.quantity
    return units


async def settled(joint: Joint, sink: Sink[Any], record: Any) -> Finding:
    """Do what the core does after an answer that proves nothing: look, and send again only what is not there."""
    for _ in range(3):
        joint.harness.clock.move(sink.visible_after.total_seconds() + 60)
        finding = (await sink.find([record]))[record.key]
        if not isinstance(finding, Absent | Partial):
            return finding
        await sink.send([record])
    raise AssertionError(f"{joint.system} never shows what it was sent: {finding}")


async def outcome(sink: Sink[Any], record: Any) -> Answer | Exception:
    """Send one record and return its answer, or what was raised."""
    try:
        answers = await sink.send([record])
    except Exception as trouble:  # noqa: BLE001 - whatever is raised is what the test looks at
        return trouble
    assert set(answers) == {record.key}
    return answers[record.key]


def told(things: Iterable[object], log: Sequence[logging.LogRecord]) -> str:
    """Return everything that a person could come to read: answers, exceptions with their causes, log lines."""
    texts = [log_record.getMessage() + str(log_record.exc_text or "") for log_record in log]
    for thing in things:
        texts += [str(thing), repr(thing)]
        if isinstance(thing, BaseException):
            texts.append("".join(traceback.format_exception(thing)))
    return "\n".join(texts)


def plain(value: Any) -> str:
    """Return a payload as text."""
    return json.dumps(value, default=str, ensure_ascii=False)
