"""Seeds of the simulator: the clean machine is green, and each safety that is removed is caught."""

import os

import pytest

from tests.stateful.machine import drawn, play
from tests.stateful.markets import MARKETS
from tests.stateful.offices import OFFICES
from tests.stateful.sabotage import SABOTAGES, sabotaged
from tests.turns import EVERY, TURN

SEEDS = int(os.environ.get("SEEDS", "500"))
FIRST = int(os.environ.get("FIRST_SEED", "1"))
BATCH = 10
MOST_SEEDS_TO_CATCH = 500


@pytest.mark.parametrize("first", range(FIRST, FIRST + SEEDS, BATCH))
def test_seeds_keep_every_invariant(first: int) -> None:
    failed, kills, orders = [], 0, 0
    for seed in range(first, min(first + BATCH, FIRST + SEEDS)):
        office, market = drawn(seed, sorted(OFFICES), sorted(MARKETS))
        outcome = play(seed, office, market=market)
        kills, orders = kills + outcome.kills, orders + outcome.orders
        if outcome.violations:
            failed.append(f"python -m tests.stateful {outcome.name}: {outcome.violations[:3]}")
    assert not failed, "\n".join(failed)
    assert SEEDS < BATCH or (kills and orders > 5 * BATCH), "the world is too smooth"


@pytest.mark.parametrize(
    ("office", "market"),
    [*((one, "virtualstock") for one in sorted(OFFICES)), ("magento", "mirakl"), ("magento", "virtualstock_files")],
)
def test_a_seed_is_a_trace(office: str, market: str) -> None:
    assert play(42, office, market=market).trace == play(42, office, market=market).trace


@pytest.mark.parametrize(
    ("name", "office", "market"),
    [(name, *pair) for name in sorted(SABOTAGES) for pair in SABOTAGES[name].pairs(None if EVERY else TURN)],
)
def test_a_removed_safety_is_caught(name: str, office: str, market: str) -> None:
    """Seed after seed, the sabotaged machine until an invariant catches it; the clean one stays green on that seed."""
    profile = SABOTAGES[name].otherwise.get(office, SABOTAGES[name].profile)
    for seed in range(1, MOST_SEEDS_TO_CATCH + 1):
        with sabotaged(name) as sabotage:
            broken = play(seed, office, profile, market, until=sabotage.caught_by)
        caught = [violation for violation in broken.violations if violation.split()[0] in sabotage.caught_by]
        if caught:
            clean = play(seed, office, profile, market)
            assert not clean.violations, f"the clean machine, seed {seed}, {office}, {market}"
            print(f"without {name}, {office} over {market}: seed {seed}, {caught[0]}")
            return
    pytest.fail(f"without {name} no seed of {MOST_SEEDS_TO_CATCH} breaks {', '.join(sabotage.caught_by)}")
