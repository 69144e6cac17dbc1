"""How rows of a stock list become counts: those that say it plainly in a tight loop, the others with care."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from connectors.reading import LARGEST_QUANTITY
from domain.counts import Counts
from domain.records import Deducts, Received, Reject

_UNREADABLE = (LookupError, TypeError, ValueError, AttributeError)

Plainly = Callable[[Any], tuple[Any, Any, Any]]
Place = Callable[[Any], tuple[Any, Any]]
Careful = Callable[[list[Any]], Iterable[Received | Reject]]


def tally(
    rows: Sequence[Any], plainly: Plainly, place: Place, deducts: Deducts, careful: Careful
) -> tuple[Counts, list[Reject]]:
    """Sum by SKU and pool what `plainly` reads in a row (both, and the units), where it is text, text and a whole number.

    What is anything else goes to `careful`, with every other row of what `place` says is the same SKU and pool:
    it finds the records or says why there are none. So a count is never the sum of a part of its rows.
    """
    pools: dict[str, dict[str, int]] = {}
    odd = []
    for row in rows:  # a million times a scan
        try:
            sku, pool, units = plainly(row)
            counted = pools.get(pool)
        except _UNREADABLE:
            odd.append(row)
            continue
        if type(units) is float and units.is_integer():
            units = int(units)
        if (
            type(units) is not int
            or not -LARGEST_QUANTITY <= units <= LARGEST_QUANTITY
            or type(sku) is not str
            or not sku
        ):
            odd.append(row)
        elif counted is not None:
            counted[sku] = counted.get(sku, 0) + units
        elif type(pool) is str and pool:
            pools[pool] = {sku: units}
        else:
            odd.append(row)
    if not all(map(_is_text, pools.items())):
        pools, odd = {}, [*rows]
    counts = Counts()
    counts.places = {(pool, deducts): counted for pool, counted in pools.items()}
    return counts, _with_care(rows, odd, place, counts, careful) if odd else []


def _is_text(counted: tuple[str, dict[str, int]]) -> bool:
    """Tell whether a pool and its SKUs can be written: half of a surrogate pair cannot."""
    pool, units = counted
    try:
        "".join((pool, *units)).encode()
    except UnicodeEncodeError:
        return False
    return True


def _with_care(rows: Sequence[Any], odd: list[Any], place: Place, counts: Counts, careful: Careful) -> list[Reject]:
    """Take what stands beside odd rows out of the counts again, and put in what `careful` finds."""
    strange = {_named(row, place) for row in odd}
    for (pool, _), counted in counts.places.items():
        for sku in [sku for sku in counted if (sku, pool) in strange]:
            del counted[sku]
    rejects = []
    for outcome in careful([row for row in rows if _named(row, place) in strange]):
        if isinstance(outcome, Received):
            counts.add(outcome.record)
        else:
            rejects.append(outcome)
    return rejects


def _named(row: Any, place: Place) -> tuple[str, str]:
    """Return the SKU and the pool of a row as text, whatever they are."""
    try:
        sku, pool = place(row)
    except _UNREADABLE:
        return "", ""
    return str(sku), str(pool)
