"""Who runs when: in a compressed day the schedules would ask for more runs than a machine can start."""

import time
from collections.abc import Callable

from deployments.demo.orchestrator import Orchestrator

EVERY_SECONDS = {"orders": 15.0, "dispatch": 30.0, "stock": 40.0, "items": 120.0, "alerts": 60.0}
_MOST_AT_ONCE = 3  # two that run, and one that starts as soon as a place is free


class Pace:
    """Starts the run that is most overdue, whenever a place is free. A run that a push started counts like ours.

    `slower` stretches all intervals; `only` names the deployments that are started at all, None: every one.
    """

    def __init__(
        self, orchestrator: Orchestrator, installations: list[str], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._orchestrator = orchestrator
        self._every = {
            f"{loop}-{name}": seconds
            for loop, seconds in EVERY_SECONDS.items()
            for name in installations
            if loop != "alerts"
        }
        self._every["alerts"] = EVERY_SECONDS["alerts"]
        begun = {name for name in self._every if name.startswith(("items", "alerts"))}  # items are read before the day
        self._seen_at = {name: now() if name in begun else 0.0 for name in self._every}
        self.slower = 1.0
        self.only: set[str] | None = None

    def step(self, now: Callable[[], float] = time.monotonic) -> None:
        """Look at the runs that are on, and start those that are due."""
        active = [run.deployment for run in self._orchestrator.active()]
        self._seen_at |= {name: now() for name in active if name in self._every}
        while len(active) < _MOST_AT_ONCE and (name := self._most_overdue(set(active), now())) is not None:
            self._seen_at[name] = now()
            self._orchestrator.run(name)
            active.append(name)

    def _most_overdue(self, active: set[str], now: float) -> str | None:
        overdue = {
            name: (now - self._seen_at[name]) / (every * self.slower)
            for name, every in self._every.items()
            if name not in active and (self.only is None or name in self.only)
        }
        name = max(overdue, key=lambda one: overdue[one], default=None)
        return name if name is not None and overdue[name] >= 1 else None
