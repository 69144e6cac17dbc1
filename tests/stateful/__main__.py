"""Play seeds: `python -m tests.stateful --first 1 --seeds 500`, or one with its trace: `--seed 7 --office magento --market mirakl`."""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor

from tests.stateful.machine import Outcome, drawn, play
from tests.stateful.markets import MARKETS
from tests.stateful.offices import OFFICES


def _play(game: tuple[int, str, str]) -> Outcome:
    seed, office, market = game
    return play(seed, office, market=market)


def main() -> int:
    """Play, print each failing seed with how to play it again, and return 1 when there was one."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--first", type=int, default=1)
    arguments.add_argument("--seeds", type=int, default=20)
    arguments.add_argument("--seed", type=int)
    arguments.add_argument("--office", choices=sorted(OFFICES))
    arguments.add_argument("--market", choices=sorted(MARKETS))
    arguments.add_argument("--processes", type=int, default=2)
    chosen = arguments.parse_args()
    if chosen.seed is not None:
        outcome = play(chosen.seed, chosen.office or "magento", market=chosen.market or "virtualstock")
        print("\n".join(outcome.trace))
        print(f"{outcome.runs} runs, {outcome.kills} kills, {outcome.orders} orders: {outcome.violations or 'green'}")
        return bool(outcome.violations)
    offices = [chosen.office] if chosen.office else sorted(OFFICES)
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    markets = [chosen.market] if chosen.market else sorted(MARKETS)
    pairs = [(seed, *drawn(seed, offices, markets)) for seed in seeds]
    failed = 0
    with ProcessPoolExecutor(chosen.processes) as pool:
        for outcome in pool.map(_play, pairs, chunksize=2):
            if outcome.violations:
                failed += 1
                print(f"python -m tests.stateful {outcome.name}")
                print("".join(f"  {violation}\n" for violation in outcome.violations[:6]), end="", flush=True)
    print(f"{len(pairs)} seeds, {failed} failed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
