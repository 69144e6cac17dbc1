"""Judges published stock: never more than was truly there at some moment within the age limit.

The truth at a moment is the back office's free units less what the marketplace has sold and the
back office does not know yet. A published number is justified when the truth was at least as
high at some moment in the last so many minutes: nobody can read a shop faster than instantly.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sandbox.audit.findings import Findings
from sandbox.audit.trades import Sold, Trade

AT_ONCE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class _Step:
    """The truth from `begin` to `end` (None: for good)."""

    begin: datetime
    end: datetime | None
    truth: int


class _Window:
    """The highest truth of the last `age`, for moments that only go forward; amortised constant time a step."""

    def __init__(self, steps: Sequence[_Step], age: timedelta) -> None:
        self._coming, self._age = deque(steps), age
        self._falling: deque[_Step] = deque()

    def highest(self, at: datetime) -> int:
        """Return the highest truth between `at` less the age limit and `at`; 0 when there was never any stock."""
        while self._coming and self._coming[0].begin <= at:
            step = self._coming.popleft()
            while self._falling and self._falling[-1].truth <= step.truth:
                self._falling.pop()
            self._falling.append(step)
        oldest = at - self._age
        while self._falling and (end := self._falling[0].end) is not None and end < oldest:
            self._falling.popleft()
        return self._falling[0].truth if self._falling else 0


def audit_stock(
    account: dict[str, Any],
    back_office: dict[str, Any],
    trades: Iterable[Trade],
    age: timedelta,
    findings: Findings,
) -> None:
    """Count publications, the units published beyond what is justified, those sold that were not there, and sell-outs."""
    sold: defaultdict[str, list[Sold]] = defaultdict(list)
    for trade in trades:
        for one in trade.sold():
            sold[one.sku].append(one)
    elsewhere = _sold_elsewhere(back_office)
    histories = {row["sku"]: row["history"] for row in back_office["stock"]}
    for listing in account["listings"]:
        sku = listing["sku"]
        free = [(datetime.fromisoformat(at), units) for at, units in histories.get(sku, [])]
        published = [(datetime.fromisoformat(at), units) for at, units in listing["published"]]
        here = sorted(sold[sku], key=lambda one: one.at)
        steps = _truth(free, here)
        _audit_listing(sku, published, steps, here, age, findings)
        _count_sell_out(steps, [one.at for one in here], elsewhere[sku], findings)


def _sold_elsewhere(back_office: dict[str, Any]) -> defaultdict[str, list[datetime]]:
    """Return when each SKU was sold on the seller's other channels."""
    sold: defaultdict[str, list[datetime]] = defaultdict(list)
    for order in back_office["orders"]:
        if order["channel"] != "integration":
            for line in order["lines"]:
                sold[line["sku"]].append(datetime.fromisoformat(order["created_at"]))
    return sold


def _count_sell_out(
    steps: Sequence[_Step], here: Sequence[datetime], elsewhere: Sequence[datetime], findings: Findings
) -> None:
    """Count a SKU of which the last unit was sold; and one that two channels sold at once just before."""
    for before, step in pairwise(steps):
        if before.truth > 0 >= step.truth:
            near = [any(abs(at - step.begin) <= AT_ONCE for at in sales) for sales in (here, elsewhere)]
            if any(near):
                findings.count("skus_sold_out")
                findings.count("skus_sold_out_at_once", int(all(near)))
                return


def _audit_listing(
    sku: str,
    published: list[tuple[datetime, int]],
    steps: list[_Step],
    sold: list[Sold],
    age: timedelta,
    findings: Findings,
) -> None:
    window = _Window(steps, age)
    for at, value in _changes(published, sold):
        findings.count("stock_changes")
        excess = value - max(0, window.highest(at))
        if value > 0 and excess > 0:
            findings.offend("oversold_units", f"{sku} at {at.isoformat()}: {value} published", excess)
    window, before = _Window(steps, age), _Before(steps, published)
    for one in sold:
        there, shown = before.look(one.at)
        short = one.quantity - max(0, there)
        before.sell(one.quantity)
        if short > 0:
            name = "sold_on_stale" if shown <= max(0, window.highest(one.at)) else "sold_unjustified"
            findings.offend(name, f"{one.reference}: {sku}", short)


def _truth(free: list[tuple[datetime, int]], sold: list[Sold]) -> list[_Step]:
    """Return the truth as steps; where several things happened in one moment, its best value is a step of its own."""
    freed: defaultdict[datetime, list[int]] = defaultdict(list)
    for at, units in free:
        freed[at].append(units)
    change: Counter[datetime] = Counter()
    for one in sold:
        if one.until is None or one.until > one.at:
            change[one.at] += one.quantity
            if one.until is not None:
                change[one.until] -= one.quantity
    steps, standing, in_flight = [], 0, 0
    moments = sorted({*freed, *change})
    ends: list[datetime | None] = [*moments[1:], None]
    for at, following in zip(moments, ends, strict=False):
        in_flight += change[at]
        best, standing = max(freed[at], default=standing), (freed[at] or [standing])[-1]
        if best > standing:
            steps.append(_Step(at, at, best - in_flight))
        steps.append(_Step(at, following, standing - in_flight))
    return steps


def _changes(published: list[tuple[datetime, int]], sold: list[Sold]) -> list[tuple[datetime, int]]:
    """Return what the supplier published: without the opening value, and without what the channel took off itself."""
    taken_off = Counter((one.at, one.quantity) for one in sold)
    changes = []
    for (_, previous), (at, value) in pairwise(published):
        if taken_off[at, previous - value] > 0:
            taken_off[at, previous - value] -= 1
        else:
            changes.append((at, value))
    return changes


class _Before:
    """What was truly there, and what was shown, just before each sale; sales in one moment follow each other."""

    def __init__(self, steps: list[_Step], published: list[tuple[datetime, int]]) -> None:
        self._steps, self._published = deque(steps), deque(published)
        self._there = self._shown = self._since = 0
        self._at: datetime | None = None

    def look(self, at: datetime) -> tuple[int, int]:
        """Return the truth and the published number before a sale at this moment."""
        if at != self._at:
            self._at, self._since = at, 0
        while self._steps and self._steps[0].begin < at:
            self._there = self._steps.popleft().truth
        while self._published and self._published[0][0] < at:
            self._shown = self._published.popleft()[1]
        return self._there - self._since, self._shown - self._since

    def sell(self, quantity: int) -> None:
        """Note the sale for those that follow in the same moment."""
        self._since += quantity
