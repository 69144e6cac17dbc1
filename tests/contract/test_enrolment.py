"""One line in the registry enrols a system here: without a harness, or in a role nobody asks about, it fails."""

import pytest

from connectors.registry import SYSTEMS
from connectors.roles import FeedShape, GivesItems, TakesAvailability
from tests.contract.joint import FEEDS, ROLES, SINKS, Joint, harness_of, played


def test_every_role_is_asked_about() -> None:
    assert {*FEEDS, *SINKS} == ROLES


def test_every_system_plays_a_role(system: str) -> None:
    assert played(SYSTEMS[system]), f"{system} names no role among its base classes"


def test_every_system_has_a_harness_with_a_case_for_each_of_its_roles(system: str) -> None:
    harness = harness_of(system)()
    roles = played(SYSTEMS[system])
    assert harness.feeds.keys() == roles & FEEDS.keys()
    assert harness.sinks.keys() == roles & SINKS.keys()


def test_only_a_queue_can_lose_rows(system: str) -> None:
    joint = Joint.of(system)
    for role, case in joint.harness.feeds.items():
        assert (joint.feed(role).shape is FeedShape.QUEUE) == (case.leave is not None)


def test_a_system_without_a_harness_is_noticed() -> None:
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        harness_of("nowhere")


def test_roles_are_read_from_the_base_classes() -> None:
    class Shop(GivesItems, TakesAvailability):
        pass

    assert played(Shop) == {GivesItems, TakesAvailability}
