"""The three roads of a stock change: what the pretend marketplace has of a large catalogue, and the least that its limits allow."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from connectors.mirakl.availability import AvailabilitySink as StockFiles
from tests.benchmarks.catalogue import SHOWN, sku_of, stock_number_of
from tests.benchmarks.world import World, ean_of
from tests.stateful.markets import NAME

CALLS_A_MINUTE, FILE_EVERY_SECONDS, WORKED_OFF_SECONDS = 250, 60, 25
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


def _products(there: World, size: int, changing: Collection[int]) -> Sequence[str]:
    """Enrol the products that will change; the others keep what they show, and nobody calls them."""
    ids = ["9"] * size
    for number in changing:
        ids[number] = there.edge.add_product(
            NAME, stock_number=stock_number_of(number), sku=sku_of(number), ean=ean_of(number), free_stock=SHOWN
        )
    return ids


def _offers(there: World, size: int, changing: Collection[int]) -> Sequence[str]:
    ids = ["9"] * size
    for number in changing:
        ids[number] = there.edge.add_product(
            NAME, stock_number=stock_number_of(number), sku=sku_of(number), ean=ean_of(number), free_stock=SHOWN
        )
    return ids


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
        _products,
        _shown_product,
        lambda changes: changes / CALLS_A_MINUTE * 60,
        f"a call a product, {CALLS_A_MINUTE} a minute",
    ),
    "Mirakl": Road(
        "mirakl",
        FILE_EVERY_SECONDS,
        _offers,
        _shown_offer,
        lambda changes: (ceil(changes / StockFiles.batch) - 1) * FILE_EVERY_SECONDS + WORKED_OFF_SECONDS,
        f"a file of {StockFiles.batch:,} rows a minute (STO01), worked off in {WORKED_OFF_SECONDS} s",
    ),
}
