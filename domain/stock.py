"""What may be offered for sale, and when a scan of the stock is to be believed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from domain.records import Deducts

ROW_COUNT_TOLERANCE = 0.05
ZERO_SKUS_AT_LEAST = 20
ZERO_SKUS_SHARE = 0.02
ZERO_UNITS_SHARE = 0.20
MANY_TRIES = 5  # so often a number may be sent and not be seen there before a person is told
SECOND_OPINION_AFTER = timedelta(minutes=5)  # a scan that follows at once may see the same passing fault


def available_to_sell(counts: Mapping[Deducts, int], in_flight: Mapping[Deducts, int], buffer: int) -> tuple[int, str]:
    """Return what may be offered, and why, as a short sum for people.

    `counts` holds, for each way of deducting our orders, the sum over the pools that count.
    `in_flight` holds the units that we sold and that such a count does not deduct yet. Where a
    source gives several counts of the same goods, the smallest result is the one that is safe.
    """
    if not counts:
        return 0, "no count: 0"
    deducts = min(counts, key=lambda kind: counts[kind] - in_flight.get(kind, 0))
    count, sold = counts[deducts], in_flight.get(deducts, 0)
    result = max(0, count - sold - buffer)
    return result, f"{count} counted - {sold} in flight ({deducts.value}) - {buffer} buffer = {result}"


def looks_whole(rows: int, trusted_rows: int) -> bool:
    """Tell whether a scan has about as many rows as the last trusted one (none yet: any number but none).

    A scan with nothing in it is never believed: it would take the whole catalogue off sale.
    """
    return rows > 0 and (trusted_rows == 0 or abs(rows - trusted_rows) <= max(1, trusted_rows * ROW_COUNT_TOLERANCE))


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a SKU waits before it is tried again: twice as long each time, and no longer than `longest`."""

    first: timedelta
    longest: timedelta

    def after(self, tries: int) -> timedelta:
        """Return the wait after so many tries before this one."""
        return min(self.first * (1 << min(tries, 16)), self.longest)


UNANSWERED = Pace(timedelta(seconds=30), timedelta(minutes=10))
REFUSED = Pace(timedelta(minutes=10), timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Falling:
    """A SKU that a scan would take to zero, and the units that it had."""

    sku: str
    units: int


def zeroes_that_wait(falling: Iterable[Falling], positive_skus: int, positive_units: int) -> frozenset[str]:
    """Return the SKUs whose drop to zero must wait for a person or for a second scan that agrees.

    Single zeroes always pass: the smallest drops pass until max(20, 2 %) of the positive SKUs or
    20 % of the units would reach zero at once; the excess waits.
    """
    allowed_skus = max(ZERO_SKUS_AT_LEAST, int(positive_skus * ZERO_SKUS_SHARE))
    allowed_units = positive_units * ZERO_UNITS_SHARE
    waiting: set[str] = set()
    units = 0
    for rank, drop in enumerate(sorted(falling, key=lambda drop: (drop.units, drop.sku)), start=1):
        units += drop.units
        if rank > 1 and (rank > allowed_skus or units > allowed_units):
            waiting.add(drop.sku)
    return frozenset(waiting)
