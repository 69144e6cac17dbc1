"""prefect.yaml and the installation files say the same, and both are right."""

import importlib
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import Flow

from connectors.registry import SYSTEMS
from connectors.roles import PushesNews
from domain.holds import HOLD_TYPES
from domain.installation import Installation, Mode, Side
from tasks.installations import all_installations, issubclass_of
from tasks.loops import INTAKES, READS

ROOT = Path(__file__).resolve().parents[2]
LOOPS = ("orders", "stock", "dispatch", "items")
OPERATORS = {"take", "release", "map_carrier", "approve_stock", "timeline", "probe", "move"}
DEPLOYMENTS: dict[str, dict[str, Any]] = {
    deployment["name"]: deployment for deployment in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
}
INSTALLATIONS = {
    path.stem: tomllib.loads(path.read_text()) for path in (ROOT / "deployments" / "installations").glob("*.toml")
}
LOOP_DEPLOYMENTS = [(name, loop) for name in sorted(INSTALLATIONS) for loop in LOOPS]


def test_every_installation_file_is_valid() -> None:
    found = all_installations(ROOT / "deployments" / "installations")
    assert set(found) == set(INSTALLATIONS)
    assert {"harbour", "meadow"} <= set(found)


def test_there_is_a_deployment_for_each_loop_and_operator_and_no_other() -> None:
    loops = {f"{loop}-{name}" for name, loop in LOOP_DEPLOYMENTS}
    assert set(DEPLOYMENTS) == loops | OPERATORS | {"alerts", "trends"}


@pytest.mark.parametrize(("installation", "loop"), LOOP_DEPLOYMENTS)
def test_a_loop_runs_as_often_as_its_installation_says(installation: str, loop: str) -> None:
    deployment = DEPLOYMENTS[f"{loop}-{installation}"]
    settings = getattr(Installation.model_validate(INSTALLATIONS[installation]).loops, loop)
    [schedule] = deployment["schedules"]
    assert schedule["interval"] == settings.every_seconds
    assert schedule.get("active", True) is (settings.mode is not Mode.OFF)
    assert deployment["parameters"] == {"installation": installation}
    assert deployment["entrypoint"] == f"flows.{loop}.{loop}"
    assert set(deployment["tags"]) == {installation, loop}


@pytest.mark.parametrize(("installation", "loop"), LOOP_DEPLOYMENTS)
def test_a_loop_is_woken_by_pushes_where_a_system_that_it_reads_pushes(installation: str, loop: str) -> None:
    given = Installation.model_validate(INSTALLATIONS[installation])
    system = {side: SYSTEMS[given.endpoint(side).system] for side in Side}
    is_woken = any(
        name == loop
        and issubclass_of(system[side], PushesNews)
        and issubclass_of(system[side], INTAKES[side, kind].role)
        for (side, kind), name in READS.items()
    )
    trigger = {"expect": [f"news.{loop}"], "match": {"prefect.resource.id": f"installation.{installation}"}}
    assert DEPLOYMENTS[f"{loop}-{installation}"].get("triggers", []) == ([trigger] if is_woken else [])


def test_some_loop_is_woken_by_pushes() -> None:
    assert [name for name, deployment in DEPLOYMENTS.items() if "triggers" in deployment]


def test_every_form_that_an_alert_opens_is_found_by_its_tag() -> None:
    forms = {"take", *(one.fixed_by for one in HOLD_TYPES.values())}
    assert forms
    assert [name for name in forms if "operator" not in DEPLOYMENTS[name]["tags"]] == []


@pytest.mark.parametrize("name", sorted(DEPLOYMENTS))
def test_an_entry_point_is_a_flow_that_takes_the_parameters(name: str) -> None:
    module, _, attribute = DEPLOYMENTS[name]["entrypoint"].rpartition(".")
    flow = getattr(importlib.import_module(module), attribute)
    assert isinstance(flow, Flow)
    parameters = DEPLOYMENTS[name].get("parameters", {})
    assert set(parameters) <= set(flow.parameters.properties)


@pytest.mark.parametrize("name", sorted(set(DEPLOYMENTS) - OPERATORS))
def test_a_scheduled_deployment_runs_one_at_a_time_and_drops_nothing(name: str) -> None:
    assert DEPLOYMENTS[name]["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_an_operators_flow_runs_only_when_somebody_asks(name: str) -> None:
    assert "schedules" not in DEPLOYMENTS[name]


def test_the_example_installations_trade_with_two_different_back_offices() -> None:
    systems = {INSTALLATIONS[name]["back_office"]["system"] for name in ("harbour", "meadow")}
    assert len(systems) == 2
    for name in ("harbour", "meadow"):
        loops = Installation.model_validate(INSTALLATIONS[name]).loops
        assert all(getattr(loops, loop).mode is Mode.TRADE for loop in LOOPS)
