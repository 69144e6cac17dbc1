"""Calls for each stock change, against what the marketplace's documents force: python -m tests.benchmarks.changes"""

import asyncio
import random
from math import ceil

from tests.benchmarks.bars import QUICK, Bar, Report
from tests.benchmarks.calls import CASES, PAIRS, Side, idle_calls, idle_in, until
from tests.benchmarks.world import World, world

SKUS, CHANGED, SEED, EVERY_SECONDS = (200, 100, 1, 300) if QUICK else (1_000, 500, 1, 300)
PAGE = 100
ROUNDS = {"virtualstock": 1, "mirakl": 40, "virtualstock_files": 40}
"""Where all changes go in one file a round is a handful of calls, and one answer that is lost a tenth of them."""
FEWEST = {
    "virtualstock": (
        CHANGED + ceil(SKUS / PAGE),
        f"a call a change and the list of products, {PAGE} a page, read once",
    ),
    "mirakl": (2, "one file of all of them (STO01) and its status"),
    "virtualstock_files": (
        9,
        "what was sent and what waits, the file, our note of it, its move; later: what waits and what was sent, our note, refusals",
    ),
}


async def _changes(there: World, lost: float, rounds: int) -> Side:
    """Let stock change, each time once it is all published and proved; return the marketplace's calls."""

    def settled() -> bool:
        units = sum(there.office.free(sku) for sku in there.skus)
        shown = f"(SELECT 1 FROM level GROUP BY installation HAVING sum(published) = {units})"  # noqa: S608 - our own number
        open_levels = there.count("level WHERE owed OR published IS NULL OR proved_at IS NULL")
        return not open_levels and there.count(shown) == 1

    await there.one_run("items")
    await until(there, "stock", settled, EVERY_SECONDS)
    idle, _ = await idle_calls(there, "stock")
    chance = random.Random(SEED)  # noqa: S311 - a bench
    there.forget_calls()
    there.lose_answers(lost, there.edge)
    runs = 0
    for _ in range(rounds):
        for sku in chance.sample(there.skus, CHANGED):
            there.office.receive_stock(sku, chance.randint(1, 50))
        runs += await until(there, "stock", settled, EVERY_SECONDS)
        await asyncio.sleep(EVERY_SECONDS)
    return Side(there.edge.calls, idle_in(runs, idle, lost))


def main() -> None:
    rows, bars = [], []
    for office, market in PAIRS:
        for lost, limit in CASES.items():
            with world(office, SKUS, market) as there:
                rounds = ROUNDS[market]
                side = there.event_loop.run_until_complete(_changes(there, lost, rounds))
            most = ", ".join(f"{count} {route}" for route, count in side.calls.most_common(4))
            fewest = FEWEST[market][0] * rounds
            numbers = (side.for_orders / CHANGED / rounds, fewest / CHANGED / rounds)
            pair = f"{office} over {market}"
            rows.append([pair, f"{lost:.0%}", *(f"{number:.3f}" for number in numbers), str(side.idle), most])
            bars.append(Bar(f"{pair}, {lost:.0%} lost: calls by the minimum", side.for_orders / fewest, limit))
    whys = "; ".join(f"{market}: {why}" for market, (_, why) in FEWEST.items())
    Report(
        "Calls for each stock change",
        f"`python -m tests.benchmarks.changes`. Of {SKUS:,} listed SKUs that are published and proved {CHANGED:,} change at once"
        f" (seed {SEED}); the stock loop runs every {EVERY_SECONDS // 60} minutes until all are published and read back, in"
        f" {ROUNDS['mirakl']} rounds where one is a handful of calls. The"
        " marketplace's calls (operations on files over SFTP), counted as for orders; only its answers are lost, as a lost page of the back office"
        " parts a scan, and its changes, in two. The back office is scanned whole whether"
        f" anything has changed or not. The minimum is {whys}.",
        ("Installation", "Lost", "Calls a change", "Minimum", "Idle", "Most called"),
        rows,
        bars,
    ).tell()


if __name__ == "__main__":
    main()
