"""SIGKILL at every numbered effect of every loop, in real processes over real sockets; then three re-runs."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.kill import sabotage
from tests.kill.cases import campaign
from tests.kill.processes import HEAVY
from tests.kill.worlds import ACCEPTANCE, JOBS, ONE_ORDER
from tests.stateful.markets import MARKETS
from tests.stateful.offices import OFFICES


@pytest.fixture(scope="module")
def apart() -> Iterator[ProcessPoolExecutor]:
    """Give a process of one thread to each campaign: it forks, and whoever forks must have no other thread."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(HEAVY))
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as executor:
        yield executor


WHOLE = bool(os.environ.get("EVERY_MARKET"))
PAIRS = [(office, market) for market in MARKETS for office in OFFICES if WHOLE or market == "virtualstock"]
PAIRS += [] if WHOLE else [("magento", market) for market in MARKETS if market != "virtualstock"]
"""Every office over one marketplace, and every other marketplace with one office; EVERY_MARKET=1 for all pairs."""


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize(("office", "market"), PAIRS)
def test_a_loop_killed_at_any_effect_is_made_good_by_running_it_again(
    office: str, market: str, job: str, apart: ProcessPoolExecutor
) -> None:
    done = apart.submit(campaign, office, JOBS[job], market=market).result()
    print(f"{office} over {market}, {job}: killed at each of {len(done.cases)} effects")
    assert done.failures == {}
    assert [case.dies_at for case in done.cases if case.killed] == list(range(1, done.undisturbed.effects + 1))


@pytest.mark.parametrize("market", [name for name, market in MARKETS.items() if market.accepts_first])
def test_an_acceptance_killed_at_any_effect_is_made_good(market: str, apart: ProcessPoolExecutor) -> None:
    done = apart.submit(campaign, "magento", ACCEPTANCE, market=market).result()
    assert done.failures == {}
    assert [case.dies_at for case in done.cases if case.killed] == list(range(1, done.undisturbed.effects + 1))


@pytest.mark.parametrize(
    ("without", "leads_to"),
    [
        (sabotage.no_attempt_before_call, "orders_duplicated"),
        (sabotage.no_look_before_resend, "orders_duplicated"),
        (sabotage.filing_in_two, "orders_missing"),
    ],
)
def test_a_safety_that_is_taken_out_is_missed(
    without: Callable[[], None], leads_to: str, apart: ProcessPoolExecutor
) -> None:
    done = apart.submit(campaign, "cin7_core", ONE_ORDER, without, until_caught=leads_to).result()
    assert done.undisturbed.faults == []
    assert any(leads_to in fault for faults in done.failures.values() for fault in faults)
