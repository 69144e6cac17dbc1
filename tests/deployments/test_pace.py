"""Who is started when in the compressed day."""

from typing import cast

from deployments.demo.orchestrator import ActiveRun, Orchestrator
from deployments.demo.pace import EVERY_SECONDS, Pace


class Started:
    """An orchestrator that only notes what it is asked to run."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.on: list[str] = []

    def active(self) -> list[ActiveRun]:
        return [ActiveRun(name, name, "RUNNING") for name in self.on]

    def run(self, deployment: str) -> str:
        self.asked.append(deployment)
        self.on.append(deployment)
        return deployment

    def at(self, pace: Pace, now: float) -> list[str]:
        """Return what is started at this moment."""
        self.asked.clear()
        pace.step(lambda: now)
        return list(self.asked)


def begun(*installations: str) -> tuple[Started, Pace]:
    started = Started()
    return started, Pace(cast("Orchestrator", started), list(installations), now=lambda: 1000.0)


def test_a_loop_is_started_again_when_its_interval_is_over_and_not_before() -> None:
    started, pace = begun("harbour")
    assert sorted(started.at(pace, 1000)) == ["dispatch-harbour", "orders-harbour", "stock-harbour"]
    started.on.clear()
    assert started.at(pace, 1000 + EVERY_SECONDS["orders"] - 0.1) == []
    assert started.at(pace, 1000 + EVERY_SECONDS["orders"]) == ["orders-harbour"]


def test_no_more_is_started_than_has_a_place_and_the_longest_overdue_goes_first() -> None:
    started, pace = begun("harbour", "meadow")
    assert len(started.at(pace, 1000)) == 4
    assert started.at(pace, 1000) == []
    first = set(started.on)
    started.on.clear()
    assert not set(started.at(pace, 1001)) & first


def test_what_a_push_started_has_its_place_and_is_not_started_beside_it() -> None:
    started, pace = begun("harbour")
    started.on = ["orders-harbour", "stock-harbour", "alerts"]
    assert started.at(pace, 1000) == ["dispatch-harbour"]
    started.on.clear()
    assert started.at(pace, 1001) == []


def test_a_slower_pace_stretches_the_intervals() -> None:
    started, pace = begun("harbour")
    started.at(pace, 1000)
    started.on.clear()
    pace.slower = 4.0
    assert started.at(pace, 1000 + EVERY_SECONDS["orders"]) == []
    assert started.at(pace, 1000 + EVERY_SECONDS["orders"] * 4) == ["orders-harbour"]


def test_only_what_is_named_is_started() -> None:
    started, pace = begun("harbour")
    pace.only = {"dispatch-harbour", "items-harbour"}
    assert started.at(pace, 1000) == ["dispatch-harbour"]
    started.on.clear()
    assert started.at(pace, 2000) != []
    pace.only = None
    assert "orders-harbour" in started.at(pace, 2000)
