"""The suite asks every system of the registry, in every role that its connector class names."""

from collections.abc import Callable, Sequence
from functools import cache

import pytest
from _pytest.mark import ParameterSet

from connectors.registry import SYSTEMS
from connectors.roles import FeedShape, GivesStockLevels
from tests.contract.harness import FeedCase
from tests.contract.joint import FEEDS, SINKS, Joint, harness_of, played


def _parameters(
    table: dict[type, str], fits: Callable[[str, type], bool] = lambda _system, _role: True
) -> list[ParameterSet]:
    return [
        pytest.param((system, role), id=f"{system}-{role.__name__}")
        for system, connector in sorted(SYSTEMS.items())
        for role in sorted(played(connector) & table.keys(), key=lambda role: role.__name__)
        if fits(system, role)
    ]


@cache
def _joint(system: str) -> Joint:
    """Return a joint that is only asked what its system is like: making one for each question takes seconds."""
    return Joint.of(system)


def _case(system: str, role: type) -> FeedCase:
    return _joint(system).feed_case(role)


def _is_counted(system: str, role: type) -> bool:
    case = _case(system, role)
    return set(case.lists) > set(case.uncounted)


def _shape(system: str, role: type) -> FeedShape:
    shape: FeedShape = _joint(system).feed(role).shape
    return shape


def _batch(system: str, role: type) -> int:
    return _joint(system).sink(role).batch


def _over(door: str) -> Callable[[str], bool]:
    """Return the test of a system for the door that a question is about: `over_http` or `over_files`."""
    return lambda system: getattr(harness_of(system), "speaks_http", True) is (door == "over_http")


_ARGUMENTS: dict[str, Callable[[], Sequence[object]]] = {
    "system": lambda: sorted(SYSTEMS),
    "any_feed": lambda: _parameters(FEEDS),
    "any_sink": lambda: _parameters(SINKS),
    "choosy_feed": lambda: _parameters(FEEDS, lambda system, role: bool(_case(system, role).enumerations)),
    "long_sink": lambda: _parameters(SINKS, lambda system, role: len(_joint(system).sink_case(role).writes) > 1),
    "single_sink": lambda: _parameters(SINKS, lambda system, role: _batch(system, role) == 1),
    "bulk_sink": lambda: _parameters(SINKS, lambda system, role: _batch(system, role) > 1),
    "log_feed": lambda: _parameters(FEEDS, lambda system, role: _shape(system, role) is FeedShape.LOG),
    "queue_feed": lambda: _parameters(FEEDS, lambda system, role: _shape(system, role) is FeedShape.QUEUE),
    "snapshot_feed": lambda: _parameters(FEEDS, lambda system, role: _shape(system, role) is FeedShape.SNAPSHOT),
    "counts_feed": lambda: _parameters({GivesStockLevels: FEEDS[GivesStockLevels]}),
    "paged_snapshot": lambda: _parameters(
        FEEDS,
        lambda system, role: _shape(system, role) is FeedShape.SNAPSHOT and not _case(system, role).in_one_answer,
    ),
    "counted_snapshot": lambda: _parameters(
        FEEDS, lambda system, role: _shape(system, role) is FeedShape.SNAPSHOT and _is_counted(system, role)
    ),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    doors = [door for door in ("over_http", "over_files") if metafunc.definition.get_closest_marker(door)]
    for name, values in _ARGUMENTS.items():
        if name in metafunc.fixturenames:
            fitting = [one for one in values() if all(_over(door)(_system_of(one)) for door in doors)]
            metafunc.parametrize(name, fitting)


def _system_of(parameter: object) -> str:
    if isinstance(parameter, ParameterSet):
        named = parameter.values[0]
        assert isinstance(named, tuple)
        return str(named[0])
    return str(parameter)
