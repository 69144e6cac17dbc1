"""Total time and size of every call are bounded, over a real socket."""

import time
import tracemalloc
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from connectors.http import Account, Surroundings
from connectors.registry import SYSTEMS
from domain.answers import Unavailable, Unknown
from tests.contract.hostile import bomb, flood, never, served, trickle
from tests.contract.joint import CountedBudgets, Joint, outcome
from tests.doubles import KeptArchive

pytestmark = pytest.mark.over_http
App = Callable[..., Awaitable[None]]
PATIENCE_SECONDS: dict[App, float] = {trickle: 0.25, never: 0.25, bomb: 0.6, flood: 0.6}
"""Much is cut off for its size and must have time to come; of who says little the whole time is waited away."""
LARGEST_ANSWER_BYTES = 4 * 1024 * 1024
SLACK_BYTES = 24 * 1024 * 1024
"""What reading an answer of the largest size may take besides it; far less than what the bomb holds."""


@pytest.fixture(autouse=True)
def _impatient(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every account of the connectors made here give up soon, and take small answers only."""
    original = Account.__post_init__

    def impatient(self: Account) -> None:
        self.deadline_seconds, self.largest_answer_bytes = PATIENCE_SECONDS[app], LARGEST_ANSWER_BYTES
        original(self)

    monkeypatch.setattr(Account, "__post_init__", impatient)


def _connected(joint: Joint, address: str) -> Any:
    """Return the system's connector on a real socket to another address."""
    settings = joint.harness.settings.model_copy(update={"base_url": address})
    around = Surroundings(joint.harness.clock, CountedBudgets(joint.harness.clock), KeptArchive())
    return SYSTEMS[joint.system]("harbour", settings, joint.harness.options, around)


@pytest.mark.parametrize("app", [trickle, never, bomb, flood], ids=["trickle", "never", "bomb", "flood"])
async def test_a_hostile_server_costs_little_time_and_memory(system: str, app: App) -> None:
    joint = Joint.of(system)
    async with served(app) as address:
        connector = _connected(joint, address)
        tracemalloc.start()
        began_at = time.monotonic()
        with pytest.raises(Unavailable) as trouble:
            await connector.check()
        seconds, peak = time.monotonic() - began_at, tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        await connector.close()
    assert seconds < PATIENCE_SECONDS[app] + 30
    assert peak < LARGEST_ANSWER_BYTES + SLACK_BYTES
    assert not [secret for secret in joint.secrets if secret in str(trouble.value)]


@pytest.mark.parametrize("app", [trickle, bomb], ids=["trickle", "bomb"])
async def test_a_write_to_a_hostile_server_is_not_called_done(any_sink: tuple[str, type], app: App) -> None:
    joint = Joint.of(any_sink[0])
    record = await joint.sink_case(any_sink[1]).record()
    async with served(app) as address:
        joint.connector = _connected(joint, address)
        told = await outcome(joint.sink(any_sink[1]), record)
        await joint.connector.close()
    # a look before the first write could not be read (or no token was had); or the write itself could not
    assert isinstance(told, Unavailable | Unknown)
