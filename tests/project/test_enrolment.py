"""What a new system has to be entered in besides the registry: each place that lacks it is named."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from connectors.registry import SYSTEMS
from connectors.roles import GivesStockLevels, TakesDispatches, TakesSalesOrders
from sandbox.config import BACK_OFFICES, MAKERS, MARKETPLACES
from sandbox.world.mishaps import WRITES
from tests.contract.joint import Joint, harness_of, walk
from tests.stateful.markets import MARKETS
from tests.stateful.offices import OFFICES
from tests.stateful.strain import QUANTITY, STOCK

ROOT = Path(__file__).resolve().parents[2]
INSTALLATIONS = [tomllib.loads(file.read_text()) for file in (ROOT / "deployments" / "installations").glob("*.toml")]
CALLED = [name for name in sorted(SYSTEMS) if getattr(harness_of(name), "speaks_http", True)]
"""The systems that are called over HTTP: the simulator and the served sandbox play these."""
STOCKED = [name for name in CALLED if GivesStockLevels in SYSTEMS[name].__mro__]


def lacking(system: str) -> list[str]:
    """Return the places in which a system should stand and does not."""
    roles, pretend = SYSTEMS[system].__mro__, type(harness_of(system)().sandbox)
    is_market, is_office = TakesDispatches in roles, TakesSalesOrders in roles
    used = {one[side]["system"] for one in INSTALLATIONS for side in ("marketplace", "back_office")}
    places = {
        "an installation in deployments/installations": system in used,
        "the contract `systems` of .importlinter": f"    connectors.{system}\n" in (ROOT / ".importlinter").read_text(),
        "MAKERS in sandbox/config.py": pretend.__name__ in MAKERS,
        "MARKETPLACES in sandbox/config.py": not is_market or pretend in MARKETPLACES,
        "BACK_OFFICES in sandbox/config.py": not is_office or pretend in BACK_OFFICES,
        "WRITES in sandbox/world/mishaps.py": pretend.__name__ in WRITES,
        "MARKETS in tests/stateful/markets.py": not is_market or system in MARKETS,
        "OFFICES in tests/stateful/offices.py": not is_office or system in OFFICES,
        "a table of facts in its README.md": "Fact |" in (ROOT / "connectors" / system / "README.md").read_text(),
    }
    return [place for place, is_there in places.items() if not is_there]


@pytest.mark.parametrize("system", CALLED)
def test_a_system_stands_wherever_one_has_to_stand(system: str) -> None:
    assert lacking(system) == []


def test_a_place_that_lacks_a_system_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(WRITES, "Magento")
    monkeypatch.delitem(OFFICES, "magento")
    assert lacking("magento") == ["WRITES in sandbox/world/mishaps.py", "OFFICES in tests/stateful/offices.py"]


@pytest.mark.parametrize("system", STOCKED)
async def test_the_simulator_can_make_a_stock_read_of_every_back_office_show_nothing(system: str) -> None:
    joint = Joint.of(system)
    case = joint.harness.feeds[GivesStockLevels]
    await case.show(3)
    await walk(joint.feed(GivesStockLevels), case)
    answers = [body for request, _, body in joint.wire.exchanges if STOCK.fullmatch(request.url.path)]
    assert answers, f"STOCK in tests/stateful/strain.py fits no call by which the stock of {system} is read"
    zeroed: list[Any] = [json.loads(QUANTITY.sub(rb"\g<1>0", body)) for body in answers]
    assert zeroed != [json.loads(body) for body in answers], f"QUANTITY there fits no number of {system}"
