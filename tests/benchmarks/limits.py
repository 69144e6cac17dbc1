"""How much of the documented limits is used while orders wait: python -m tests.benchmarks.limits

In virtual time, over the real steps: one run of the orders loop begins as soon as the one before it ends.
"""

import asyncio
import random

from tests.benchmarks.bars import QUICK, Bar, Report
from tests.benchmarks.world import World, world
from tests.stateful.markets import NAME
from tests.stateful.offices import OFFICES

ORDERS, MINUTES, SKUS, SEED = (1_100, 2, 200, 1) if QUICK else (2_200, 6, 200, 1)
LEAST_USE, MOST_REFUSED = 0.95, 0.001


async def _trade(there: World, until: float) -> None:
    while there.event_loop.time() < until:
        before = there.event_loop.time()
        await there.one_run("orders")
        if there.event_loop.time() == before:
            await asyncio.sleep(1)  # nothing was due


async def _watched(there: World) -> dict[str, float]:
    """Return the use of every limit in the minutes after the first one."""
    await there.one_run("items")
    chance = random.Random(SEED)  # noqa: S311 - a bench
    for _ in range(ORDERS):
        assert there.edge.buy_basket(NAME, {chance.choice(there.skus): 1})
    begin = (there.event_loop.time() // 60 + 2) * 60  # whole minutes of the clock, after one to warm up
    trading = asyncio.ensure_future(_trade(there, begin + MINUTES * 60))
    await asyncio.sleep(begin - there.event_loop.time())
    there.forget_calls()
    await asyncio.sleep(MINUTES * 60)
    uses = {
        f"{account} {limit.group}".strip() + f", {limit.calls} in {limit.seconds:g} s": taken
        * limit.seconds
        / (limit.calls * MINUTES * 60)
        for (account, limit), taken in there.permits.items()
    }
    await trading
    assert there.count("sales_order WHERE acknowledged_at IS NULL"), "the backlog came to an end: take more orders"
    return uses


def main() -> None:
    rows, bars = [], []
    for office in sorted(OFFICES):
        with world(office, SKUS) as there:
            uses = there.event_loop.run_until_complete(_watched(there))
            systems = (there.edge, there.office)
            refused = sum(sum(system.throttled.values()) for system in systems)
            calls = sum(sum(system.calls.values()) for system in systems)
        limiting = max(uses, key=lambda name: uses[name])
        rows += [[office, name, f"{use:.3f}"] for name, use in uses.items()]
        bars.append(Bar(f"{office}: use of {limiting}", uses[limiting], LEAST_USE, at_least=True))
        bars.append(Bar(f"{office}: answers 429, of all", refused / calls, MOST_REFUSED))
    Report(
        "Use of the limits",
        f"`python -m tests.benchmarks.limits`. {ORDERS:,} orders (seed {SEED}) wait; one run of the orders loop begins as soon"
        f" as the one before it ends, for {MINUTES} minutes of virtual time after one to warm up. The bar is on the limit"
        " that holds the trade back; uses are permits taken.",
        ("Back office", "Limit", "Use"),
        rows,
        bars,
    ).tell()


if __name__ == "__main__":
    main()
