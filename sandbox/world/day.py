"""What all who act in one seller's world share: the two systems, the clock, the dice, and the agenda."""

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Protocol

from sandbox.kit import Clock, Fault
from sandbox.trade import BackOffice, Marketplace
from sandbox.world.plan import Plan, Trouble

Act = Callable[[], str]
"""One action; it returns its short description, without personal data."""


class Office(BackOffice, Protocol):
    """A back office in which the world may also enrol products, and which may break."""

    faults: list[Fault]
    outage_until: datetime | None

    def fail_for(self, seconds: float) -> None:
        """Be down for this many seconds of the clock."""
        ...

    def add_product(self, *, sku: str, ean: str, quantity: int) -> None:
        """Enrol a product with this many units."""
        ...


class Agenda:
    """What is due when; things due at the same moment are done in the order in which they were planned."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, bool, Act]] = []
        self._planned = count()

    def add(self, at: datetime, act: Act, *, trading: bool = False) -> None:
        """Plan an action; `trading` ones are forgotten when the world is made quiet."""
        heapq.heappush(self._heap, (at, next(self._planned), trading, act))

    def next_at(self) -> datetime:
        """Return when the next action is due; the warehouse's rounds never end, so there always is one."""
        return self._heap[0][0]

    def pop(self) -> Act:
        """Take the next action off the agenda."""
        return heapq.heappop(self._heap)[3]

    def stop_trading(self) -> None:
        """Forget all trading actions."""
        self._heap = [entry for entry in self._heap if not entry[2]]
        heapq.heapify(self._heap)


@dataclass
class Day:
    """One seller's day; `happened` counts the trouble so far under the names of `Trouble`."""

    marketplace: Marketplace
    account: str
    office: Office
    clock: Clock
    random: Random
    plan: Plan
    trouble: Trouble
    opens_at: datetime
    agenda: Agenda = field(default_factory=Agenda)
    happened: Counter[str] = field(default_factory=Counter)

    @property
    def closes_at(self) -> datetime:
        """Return the end of the day."""
        return self.opens_at + timedelta(seconds=self.plan.seconds)

    def at(self, share: float) -> datetime:
        """Return the moment at which this share of the day is over."""
        return self.opens_at + timedelta(seconds=self.plan.seconds * share)

    def between(self, first: float, last: float) -> datetime:
        """Return a random moment between two shares of the day."""
        return self.at(self.random.uniform(first, last))

    def later(self, seconds: tuple[float, float]) -> datetime:
        """Return a random moment so many seconds from now."""
        return self.clock.now() + timedelta(seconds=self.random.uniform(*seconds))
