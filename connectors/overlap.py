"""How far back a walk through a log begins, so that what shows only after an earlier walk had passed it is not missed.

A row shows late because it was written late, or because the vendor's clock is behind ours. Every walk that began as far
back as that can be would bring each row of a busy hour again and again: so one does now and then, and the others go
back a little more than the vendor's clock has shown itself to be behind.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.reading import Unreadable

NEAR = timedelta(minutes=1)


@dataclass(frozen=True)
class Overlap:
    """Where the walks of a log stand. `far` is how late a row may show, and how often a walk goes back that far.

    `last_at` and `far_at` are when the last walk began, and the last that went far. `behind` is the most that the
    vendor's clock can be behind ours, by the youngest row that was read since.
    """

    far: timedelta
    last_at: datetime
    far_at: datetime
    behind: timedelta

    @classmethod
    def since(cls, at: datetime, far: timedelta) -> "Overlap":
        """Return the overlap of a log of which nothing was read that changed after a moment."""
        return cls(far, at, at, far)

    @classmethod
    def held(cls, fields: Mapping[str, Any], far: timedelta) -> "Overlap":
        """Return the overlap that a cursor holds."""
        last_at, far_at = (datetime.fromisoformat(fields[name]) for name in ("last_at", "far_at"))
        return cls(far, last_at, far_at, timedelta(seconds=fields["behind"]))

    def fields(self) -> dict[str, Any]:
        """Return what a cursor has to hold."""
        times = {"last_at": self.last_at.isoformat(), "far_at": self.far_at.isoformat()}
        return {**times, "behind": self.behind.total_seconds()}

    def is_far(self, began_at: datetime) -> bool:
        """Tell whether a walk that begins at this moment goes far back."""
        return began_at - self.far_at >= self.far

    def begun(self, began_at: datetime) -> "Overlap":
        """Return the overlap when a walk begins: with one that goes far the vendor's clock has to show itself anew."""
        return replace(self, behind=self.far) if self.is_far(began_at) else self

    def start(self, began_at: datetime) -> datetime:
        """Return the moment since which the walk that began then asks for changes."""
        return self.far_at - self.far if self.is_far(began_at) else self.last_at - min(self.behind + NEAR, self.far)

    def earliest(self, began_at: datetime) -> datetime:
        """Return the moment before which no walk will ask for changes, once the one that began then has ended."""
        return (began_at if self.is_far(began_at) else self.far_at) - self.far

    def shown(self, changed_at: Iterable[datetime], now: datetime) -> "Overlap":
        """Learn from rows that were just read: where the youngest was written, it was then at least that time.

        A time that is still to come proves nothing.
        """
        return replace(self, behind=min([self.behind, *(now - at for at in changed_at if at <= now)]))

    def after(self, began_at: datetime) -> "Overlap":
        """Return the overlap when the walk that began then has come to its end."""
        return replace(self, last_at=began_at, far_at=began_at if self.is_far(began_at) else self.far_at)


def changes(rows: Iterable[Any], changed_at: Callable[[Any], datetime]) -> list[datetime]:
    """Return when these rows changed, of those of which that can be read."""
    found = []
    for row in rows:
        with suppress(Unreadable):
            found.append(changed_at(row))
    return found
