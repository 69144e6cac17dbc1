"""SIGKILL at the numbered effects of every loop, in real processes over real sockets; then three re-runs."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.kill import sabotage
from tests.kill.cases import campaign, chosen
from tests.kill.worlds import ACCEPTANCE, JOBS, ONE_ORDER, Job
from tests.stateful.markets import MARKETS
from tests.stateful.offices import OFFICES
from tests.turns import EVERY, TURN

WHOLLY = "magento"
PAIRS = [(office, market) for market in MARKETS for office in OFFICES if EVERY or market == "virtualstock"]
PAIRS += [] if EVERY else [(WHOLLY, market) for market in MARKETS if market != "virtualstock"]
"""Every office over one marketplace, and every other marketplace with one office; EVERY_TURN=1 for all pairs.

One pair is killed at every effect. The others are at one effect of every second kind (what it is, and at which call; all that
only reads is one kind), others each day, until all are had; a failure says the turn, and TURN plays it again.
EVERY_TURN=1 kills at all of them.
"""


def _killed(apart: ProcessPoolExecutor, office: str, market: str, job: Job) -> None:
    turn = None if EVERY or (office, market) == (WHOLLY, "virtualstock") else TURN
    done = apart.submit(campaign, office, job, market=market, turn=turn).result()
    print(f"{office} over {market}: killed at {len(done.chosen)} of {len(done.undisturbed.kinds)} effects, turn {turn}")
    assert done.failures == {}
    assert [case.dies_at for case in done.cases if case.killed] == done.chosen
    assert done.chosen


@pytest.mark.parametrize(
    ("office", "market", "job"), [(*pair, job) for pair in PAIRS for job in JOBS if job in MARKETS[pair[1]].jobs]
)
def test_a_loop_killed_at_any_effect_is_made_good_by_running_it_again(
    office: str, market: str, job: str, apart: ProcessPoolExecutor
) -> None:
    _killed(apart, office, market, JOBS[job])


@pytest.mark.parametrize("market", [name for name, market in MARKETS.items() if market.accepts_first])
def test_an_acceptance_killed_at_any_effect_is_made_good(market: str, apart: ProcessPoolExecutor) -> None:
    _killed(apart, WHOLLY, market, ACCEPTANCE)


def test_the_turns_have_every_effect_in_the_end() -> None:
    kinds = ("commit", "request", "answer", "commit", "request", "commit")
    turns = [chosen(kinds, turn) for turn in range(12)]
    assert [len(turn) for turn in turns] == [2, 1] * 6
    assert {number for turn in turns for number in turn} == set(chosen(kinds, None)) == {1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize(
    ("without", "killed_at", "leads_to"),
    [
        (sabotage.no_attempt_before_call, "an answer POST", "orders_duplicated"),
        (sabotage.no_look_before_resend, "an answer POST", "orders_duplicated"),
        (sabotage.filing_in_two, "a commit after GET", "orders_missing"),
    ],
)
def test_a_safety_that_is_taken_out_is_missed(
    without: Callable[[], None], killed_at: str, leads_to: str, apart: ProcessPoolExecutor
) -> None:
    done = apart.submit(campaign, "cin7_core", ONE_ORDER, without, until_caught=(killed_at, leads_to)).result()
    assert done.undisturbed.faults == []
    assert any(leads_to in fault for faults in done.failures.values() for fault in faults)
