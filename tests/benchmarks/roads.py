"""The three roads of a stock change: what the pretend marketplace has of a large catalogue, and the least that its limits allow."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from pathlib import Path

from connectors.mirakl.availability import AvailabilitySink as StockFiles
from connectors.virtualstock.files.inventory import MOST_UNREAD, InventoryFiles
from sandbox.virtualstock.flat_files import inventory_rows
from sandbox.virtualstock.folders import EdgeFolders
from tests.benchmarks.catalogue import SHOWN, sku_of, stock_number_of
from tests.benchmarks.world import World, ean_of
from tests.stateful.markets import NAME

CALLS_A_MINUTE, FILE_EVERY_SECONDS, WORKED_OFF_SECONDS, TAKEN_SECONDS = 250, 60, 25, 30
Shown = Sequence[tuple[datetime, int]]


@dataclass(frozen=True)
class Road:
    """One way to the marketplace.

    `every_seconds` is how often a run begins, 0: as soon as the one before ends. `lists` enrols SKUs there and returns the
    listing's id of each SKU of the catalogue; `shown` returns every number that it showed for a SKU. `fewest_seconds`
    is when the last of so many changes can be shown, as its documents have it.
    """

    market: str
    every_seconds: float
    lists: Callable[[World, int, Collection[int]], Sequence[str]]
    shown: Callable[[World, str], Shown]
    fewest_seconds: Callable[[int], float]
    why: str


def _listings(there: World, size: int, changing: Collection[int]) -> Sequence[str]:
    """Enrol the products that will change; the others keep what they show, and nobody calls them."""
    ids = ["9"] * size
    for number in changing:
        ids[number] = there.edge.add_product(
            NAME, stock_number=stock_number_of(number), sku=sku_of(number), ean=ean_of(number), free_stock=SHOWN
        )
    return ids


class _Taken(EdgeFolders):
    """The pretend vendor's folders, as they take stock files; it notes the numbers, and has no products."""

    shown: dict[str, list[tuple[datetime, int]]]

    def _take_inventory(self, path: Path) -> None:
        now = self._clock.now()
        for row in inventory_rows(path.read_bytes()):
            self.shown.setdefault(row["part_number"], []).append((now, int(row["free_stock"])))
        path.unlink()


def _nothing(there: World, size: int, _changing: Collection[int]) -> Sequence[str]:
    folders = _Taken(there.edge.state, NAME, there.clock, there.edge.folders.root.parent, takes_after=TAKEN_SECONDS)
    folders.shown = {}
    there.edge.folders = folders
    there.files = there.edge.store()
    return [""] * size


def _shown_in_files(there: World, sku: str) -> Shown:
    shown: Shown = there.edge.folders.shown[stock_number_of(int(sku[4:]))]
    return shown


def _shown_product(there: World, sku: str) -> Shown:
    published: Shown = there.edge.state.supplier(NAME).products.by_sku(sku).published
    return published


def _shown_offer(there: World, sku: str) -> Shown:
    published: Shown = there.edge.state.shop(NAME).offers.offers[sku].published
    return published


ROADS = {
    "REST": Road(
        "virtualstock",
        0,
        _listings,
        _shown_product,
        lambda changes: changes / CALLS_A_MINUTE * 60,
        f"a call a product, {CALLS_A_MINUTE} a minute",
    ),
    "SFTP": Road(
        "virtualstock_files",
        FILE_EVERY_SECONDS,
        _nothing,
        _shown_in_files,
        lambda changes: (ceil(changes / (InventoryFiles.batch * MOST_UNREAD)) - 1) * FILE_EVERY_SECONDS + TAKEN_SECONDS,
        f"{MOST_UNREAD} files of {InventoryFiles.batch:,} rows a run, taken after {TAKEN_SECONDS} s",
    ),
    "Mirakl": Road(
        "mirakl",
        FILE_EVERY_SECONDS,
        _listings,
        _shown_offer,
        lambda changes: (ceil(changes / StockFiles.batch) - 1) * FILE_EVERY_SECONDS + WORKED_OFF_SECONDS,
        f"a file of {StockFiles.batch:,} rows a minute (STO01), worked off in {WORKED_OFF_SECONDS} s",
    ),
}
