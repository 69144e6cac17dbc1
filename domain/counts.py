"""Counts of stock as columns: a scan has a million rows, and a record for each costs more than all else done with it."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import ClassVar

from domain.records import Deducts, Kind, Page, Reject, StockLevel

Place = tuple[str, Deducts]
"""A pool, and how its source counts: by these the columns stand apart."""


class Counts:
    """The counts of many SKUs. What is counted of one SKU in one place several times is summed.

    `places` holds, for each place, the units of each SKU.
    """

    __slots__ = ("places",)
    kind: ClassVar[Kind] = Kind.STOCK_LEVEL

    def __init__(self) -> None:
        self.places: dict[Place, dict[str, int]] = {}

    @classmethod
    def of(cls, levels: Iterable[StockLevel]) -> "Counts":
        """Return the counts that these records are."""
        counts = cls()
        for level in levels:
            counts.add(level)
        return counts

    def at(self, pool: str, deducts: Deducts) -> dict[str, int]:
        """Return the units of each SKU in one place, to be filled."""
        return self.places.setdefault((pool, deducts), {})

    def add(self, level: StockLevel) -> None:
        """Count one record."""
        units = self.at(level.pool, level.deducts)
        units[level.sku] = units.get(level.sku, 0) + level.quantity

    def join(self, other: "Counts") -> None:
        """Count what another page shows."""
        for place, more in other.places.items():
            units = self.places.setdefault(place, {})
            if units.keys().isdisjoint(more):
                units.update(more)
            else:
                for sku, quantity in more.items():
                    units[sku] = units.get(sku, 0) + quantity

    def without(self, keys: Collection[str]) -> "Counts":
        """Return these counts save those whose record has one of these keys."""
        if not keys:
            return self
        rest = Counts()
        for place, units in self.places.items():
            left = {sku: quantity for sku, quantity in units.items() if _key(sku, place) not in keys}
            if left:
                rest.places[place] = left
        return rest

    def __len__(self) -> int:
        return sum(map(len, self.places.values()))

    @property
    def skus(self) -> list[str]:
        """Return the SKU of each count."""
        return [sku for units in self.places.values() for sku in units]

    @property
    def quantities(self) -> list[int]:
        """Return the units of each count."""
        return [quantity for units in self.places.values() for quantity in units.values()]

    @property
    def keys(self) -> list[str]:
        """Return the key that the record of each count has."""
        tails = {place: _key("", place) for place in self.places}
        return [sku + tails[place] for place, units in self.places.items() for sku in units]

    def levels(self) -> Iterator[StockLevel]:
        """Yield a record for each count."""
        for (pool, deducts), units in self.places.items():
            for sku, quantity in units.items():
                yield StockLevel(sku=sku, pool=pool, quantity=quantity, deducts=deducts)


class StockPage(Page):
    """A page of a stock scan: its records are `counts`, of which no original is kept, beside the rejects."""

    __slots__ = ("counts",)

    def __init__(
        self,
        counts: Counts,
        rejects: list[Reject],
        *,
        began_at: datetime,
        cursor: str | None = None,
        more: bool = False,
        complete: bool = False,
        omits_zeroes: bool = False,
    ) -> None:
        super().__init__(
            [], rejects, began_at=began_at, cursor=cursor, more=more, complete=complete, omits_zeroes=omits_zeroes
        )
        self.counts = counts

    def __len__(self) -> int:
        return len(self.counts) + len(self.rejects)


def _key(sku: str, place: Place) -> str:
    return StockLevel.key_of(sku, *place)
