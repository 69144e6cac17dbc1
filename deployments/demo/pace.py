"""Who runs when: in a compressed day the schedules would ask for more runs than a machine can start."""

import time
from collections.abc import Callable

from deployments.demo.orchestrator import Orchestrator

EVERY_SECONDS = {"orders": 15.0, "dispatch": 20.0, "stock": 40.0, "items": 120.0, "alerts": 60.0}
WORK_OFF_SECONDS = {**EVERY_SECONDS, "orders": 4.0, "dispatch": 4.0}
_MOST_AT_ONCE = 4  # three that run, and one that starts as soon as a place is free


class Pace:
    """Starts the run that is most overdue, whenever a place is free. A run that a push started counts like ours.

    `every` is how often each loop is due; `slower` stretches all of it; `only` names the deployments that are started at all, None: every one.
    """

    def __init__(
        self, orchestrator: Orchestrator, installations: list[str], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._orchestrator = orchestrator
        loops = {f"{loop}-{name}": loop for loop in EVERY_SECONDS for name in installations if loop != "alerts"}
        self._loops = {**loops, "alerts": "alerts"}
        begun = {"items", "alerts"}  # items are read before the day
        self._seen_at = {name: now() if loop in begun else 0.0 for name, loop in self._loops.items()}
        self.every = EVERY_SECONDS
        self.slower = 1.0
        self.only: set[str] | None = None

    def step(self, now: Callable[[], float] = time.monotonic) -> None:
        """Look at the runs that are on, and start those that are due."""
        active = [run.deployment for run in self._orchestrator.active()]
        self._seen_at |= {name: now() for name in active if name in self._loops}
        while len(active) < _MOST_AT_ONCE and (name := self._most_overdue(set(active), now())) is not None:
            self._seen_at[name] = now()
            self._orchestrator.run(name)
            active.append(name)

    def _most_overdue(self, active: set[str], now: float) -> str | None:
        overdue = {
            name: (now - self._seen_at[name]) / (self.every[loop] * self.slower)
            for name, loop in self._loops.items()
            if name not in active and (self.only is None or name in self.only)
        }
        name = max(overdue, key=lambda one: overdue[one], default=None)
        return name if name is not None and overdue[name] >= 1 else None
