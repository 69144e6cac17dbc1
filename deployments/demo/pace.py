"""Who runs when: in a compressed day the schedules would ask for more runs than a machine can start."""

import time
from collections.abc import Callable

from deployments.demo.orchestrator import FINAL, Orchestrator

EVERY_SECONDS = {"orders": 8.0, "dispatch": 16.0, "stock": 20.0, "items": 90.0, "alerts": 60.0}
_MOST_AT_ONCE = 3  # two that run, and one that starts as soon as a place is free


class Pace:
    """Starts the run that is most overdue, whenever a place is free.

    `slower` stretches all intervals. `runs` is what was started and is not over.
    """

    def __init__(self, orchestrator: Orchestrator, installations: list[str]) -> None:
        self._orchestrator = orchestrator
        self._every = {
            f"{loop}-{name}": seconds
            for loop, seconds in EVERY_SECONDS.items()
            for name in installations
            if loop != "alerts"
        }
        self._every["alerts"] = EVERY_SECONDS["alerts"]
        begun = {name for name in self._every if name.startswith(("items", "alerts"))}  # items are read before the day
        self._started = {name: time.monotonic() if name in begun else 0.0 for name in self._every}
        self.runs: dict[str, str] = {}
        self.failed = 0
        self.ended = 0
        self.slower = 1.0

    def step(self, now: Callable[[], float] = time.monotonic) -> None:
        """Look at the runs that are on, and start those that are due."""
        for run_id, run in self._orchestrator.states(list(self.runs)).items():
            if run["state_type"] in FINAL:
                del self.runs[run_id]
                self.ended += 1
                self.failed += run["state_type"] != "COMPLETED"
        while len(self.runs) < _MOST_AT_ONCE and (name := self._most_overdue(now())) is not None:
            self._started[name] = now()
            self.runs[self._orchestrator.run(name)] = name

    def running(self) -> list[str]:
        """Return the ids of the runs that work at this moment."""
        states = self._orchestrator.states(list(self.runs))
        return [run_id for run_id, run in states.items() if run["state_type"] == "RUNNING"]

    def forget_killed(self) -> None:
        """Say of every run that had begun that it crashed: its process was killed."""
        for run_id, run in self._orchestrator.states(list(self.runs)).items():
            if run["state_type"] in {"RUNNING", "PENDING"}:
                self._orchestrator.crash(run_id)

    def _most_overdue(self, now: float) -> str | None:
        idle = set(self._every) - set(self.runs.values())
        overdue = {name: (now - self._started[name]) / (self._every[name] * self.slower) for name in idle}
        name = max(overdue, key=lambda one: overdue[one], default=None)
        return name if name is not None and overdue[name] >= 1 else None
