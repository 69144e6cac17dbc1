"""Calls for each order, against what each system's documents force: python -m tests.benchmarks.calls

In virtual time, over the real steps, with new connectors for every run, as every flow run is a process.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from tests.benchmarks.bars import QUICK, Bar, Report
from tests.benchmarks.world import World, world
from tests.stateful.markets import NAME
from tests.stateful.offices import OFFICES

ORDERS, SKUS, SEED, MOST_RUNS = (100 if QUICK else 200), 500, 1, 400
EVERY_SECONDS = 60
CASES = {0.0: 1.02, 0.05: 1.10}


@dataclass(frozen=True)
class Minimum:
    """The fewest calls for so many orders in so many runs of their loop; `why` says which.

    They are writes, lists read at their largest page, and a sign-in where there are tokens.
    What a run calls that finds nothing to do is counted apart: it is paid for the time, not for an order.
    """

    calls: Callable[[int, int], int]
    why: str


MARKETPLACE = {
    "virtualstock": Minimum(
        lambda orders, _: 2 * orders + 3 * ceil(orders / 100) + 1,
        "a sign-in; acknowledge and dispatch, a call each; pages of 100: new orders, and each action read back",
    ),
    "mirakl": Minimum(
        lambda orders, runs: orders + ceil(orders / 100) + max(0, 6 * ceil(orders / 100) - runs),
        "accept, a call each; by the hundred: shipments (whose echo proves them), and, beyond the first hundred that the"
        " poll of each run brings, orders when they are new, accepted, and paid, each time by two polls (the vendor takes"
        " a little off the date from which it is asked, and does not say how much)",
    ),
    "virtualstock_files": Minimum(
        lambda orders, _: 11 * orders + 2,
        "operations on files (a file is about one order, the format has no other): read it, put it and its marker away;"
        " acknowledge and dispatch, each a look for our note of it, a file, its marker and our note; each kind is seen"
        " taken in one listing",
    ),
}
BACK_OFFICE = {
    "magento": Minimum(
        lambda orders, _: orders + 2 * ceil(orders / 200), "create; pages of 200: shipments, and their orders' lines"
    ),
    "deposco": Minimum(lambda orders, _: orders + ceil(orders / 100) + 1, "a sign-in; create; pages of 100 shipments"),
    "fulfil": Minimum(
        lambda orders, _: orders + 5 * ceil(orders / 500),
        "create (its answer is only an id); pages of 500: sales and lines read back, and sales, shipments, moves"
        " read for dispatches",
    ),
    "seko": Minimum(lambda orders, _: 2 * orders + 1, "create, the tracking of each dispatch; one list of changes"),
    "cin7_core": Minimum(
        lambda orders, _: 3 * orders + ceil(orders / 1000), "header, lines, the shipped sale; a list page of 1,000"
    ),
}


@dataclass
class Side:
    """What one system was called, how many of these calls runs make that find nothing to do, and how often orders ran."""

    calls: Counter[str]
    idle: int = 0
    runs: int = 0

    @property
    def for_orders(self) -> int:
        """Return the calls that the orders caused."""
        return self.calls.total() - self.idle


async def idle_calls(there: World, loop: str) -> tuple[int, int]:
    """Return how many calls each system sees of a run that finds nothing to do."""
    await asyncio.sleep(EVERY_SECONDS)  # or what is permitted once a minute would not be called
    there.forget_calls()
    await there.one_run(loop)
    calls = there.edge.calls.total(), there.office.calls.total()
    await asyncio.sleep(EVERY_SECONDS)
    return calls


def idle_in(runs: int, calls: int, lost: float) -> int:
    """Return how many calls so many runs make that would find nothing to do: one that is lost is made again."""
    return round(runs * calls / (1 - lost))


async def until(there: World, loop: str, done: Callable[[], bool], every_seconds: float = EVERY_SECONDS) -> int:
    """Run a loop again and again until it has done its work; return how many runs that took."""
    for number in range(1, MOST_RUNS + 1):
        began = there.event_loop.time()
        await there.one_run(loop)
        if done():
            return number
        await asyncio.sleep(max(0.0, every_seconds - (there.event_loop.time() - began)))
    raise RuntimeError(f"{loop} is not done after {MOST_RUNS} runs: {there.troubles[-3:]}")


async def _trade(there: World, lost: float) -> tuple[Side, Side]:
    """Let orders come, be taken, acknowledged, shipped and their dispatch be confirmed; return both sides' calls."""
    for loop in ("items", "dispatch"):  # the first dispatch run of a day compares the carriers
        await there.one_run(loop)
    idle = {loop: await idle_calls(there, loop) for loop in ("orders", "dispatch")}
    chance = random.Random(SEED)  # noqa: S311 - a bench
    for _ in range(ORDERS):
        basket = dict.fromkeys(chance.sample(there.skus, chance.choice((1, 1, 1, 2, 3))), 1)
        assert there.edge.buy_basket(NAME, basket)
    there.forget_calls()
    there.lose_answers(lost, there.edge, there.office)

    def acknowledged() -> bool:
        return there.count("sales_order WHERE acknowledged_at IS NOT NULL AND taken_at IS NOT NULL") == ORDERS

    runs = {"orders": await until(there, "orders", acknowledged)}
    for order in there.office.open_orders():
        there.office.ship(order, "DPD", f"1550{chance.randrange(10**10):010d}")
    runs["dispatch"] = await until(
        there, "dispatch", lambda: there.count("sales_order WHERE final_at IS NOT NULL") == ORDERS
    )
    marketplace, back_office = (sum(idle_in(runs[loop], idle[loop][side], lost) for loop in runs) for side in (0, 1))
    ran = runs["orders"]
    return Side(there.edge.calls, marketplace, ran), Side(there.office.calls, back_office, ran)


PAIRS = [
    *((office, "virtualstock") for office in sorted(OFFICES)),
    ("magento", "mirakl"),
    ("magento", "virtualstock_files"),
]
"""Each back office, and each road to the marketplace with one of them."""


def _row(pair: str, lost: float, name: str, side: Side, fewest: int) -> list[str]:
    most = ", ".join(f"{count} {route}" for route, count in side.calls.most_common(5))
    numbers = (side.for_orders / ORDERS, fewest / ORDERS)
    return [pair, f"{lost:.0%}", name, *(f"{number:.3f}" for number in numbers), str(side.idle), most]


def main() -> None:
    rows, bars = [], []
    for office, market in PAIRS:
        for lost, limit in CASES.items():
            with world(office, SKUS, market) as there:
                sides = there.event_loop.run_until_complete(_trade(there, lost))
            minima = (MARKETPLACE[market], BACK_OFFICE[office])
            for name, side, least in zip((market, office), sides, minima, strict=True):
                fewest = least.calls(ORDERS, side.runs)
                rows.append(_row(f"{office} over {market}", lost, name, side, fewest))
                what = f"{name} with {office if name == market else market}, {lost:.0%} lost: calls by the minimum"
                bars.append(Bar(what, side.for_orders / fewest, limit))
    whys = "; ".join(f"{name}: {least.why}" for name, least in {**MARKETPLACE, **BACK_OFFICE}.items())
    Report(
        "Calls for each order",
        f"`python -m tests.benchmarks.calls`. {ORDERS:,} orders (1 to 3 lines of {SKUS:,} SKUs, seed {SEED}) wait; the orders"
        f" loop runs each minute until all are acknowledged, all are shipped at once, the dispatch loop runs each minute"
        " until all are confirmed: in virtual time, within the documented limits, with new connectors for every run, as"
        " every flow run is a process, and a step is tried again as in a flow run while a system is unavailable. Every call that the pretend systems saw is counted, read-backs and sign-ins too; what"
        " runs call that find nothing to do (*idle*, in all, again where it was lost) is paid for the time and taken off. *Lost* is the share of all"
        f" answers, reads included, that broke off after the work was done. The minimum is {whys}.",
        ("Installation", "Lost", "Called", "Calls an order", "Minimum", "Idle", "Most called"),
        rows,
        bars,
    ).tell()


if __name__ == "__main__":
    main()
