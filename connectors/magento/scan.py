"""How far a snapshot has come, and whether its pages are proved to be all of it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from connectors.magento.search import Listed


@dataclass(frozen=True)
class Scan:
    """One part of a snapshot under way. It travels in the cursor, so that any worker can go on.

    `sound` turns false when a page repeats a row of the page before, when the counted total or the
    allowed page size changes on the way, or when the rows do not add up to the total.
    """

    began_at: datetime
    part: str
    size: int
    sources: tuple[str, ...] = ()
    page: int = 1
    rows: int = 0
    total: int | None = None
    last: str = ""
    sound: bool = True
    ended: bool = False

    @classmethod
    def from_cursor(cls, cursor: str) -> "Scan":
        """Return the scan that `cursor` describes."""
        held = json.loads(cursor)
        return cls(**{**held, "began_at": datetime.fromisoformat(held["began_at"]), "sources": tuple(held["sources"])})

    @property
    def cursor(self) -> str:
        """Return the scan as text."""
        return json.dumps({**asdict(self), "began_at": self.began_at.isoformat()})

    def counted(self, listed: Listed, keys: Sequence[str]) -> "Scan":
        """Return the scan after a page of a list whose `total_count` is true."""
        after = self._after(listed, keys, listed.total)
        ended = not keys or after.rows >= listed.total
        return replace(after, ended=ended, sound=after.sound and (not ended or after.rows == listed.total))

    def until_empty(self, listed: Listed, keys: Sequence[str], at_least: int) -> "Scan":
        """Return the scan after a page of a list that counts only its own page.

        It ends at an empty page, but not before the pages cover `at_least` rows: a page whose rows
        are all left out (configurable products) is empty in the middle.
        """
        after = self._after(listed, keys, at_least)
        return replace(after, ended=not keys and self.page * after.size >= at_least)

    def _after(self, listed: Listed, keys: Sequence[str], total: int) -> "Scan":
        same_list = self.page == 1 or (listed.size == self.size and self.total == total)
        return replace(
            self,
            size=listed.size,
            page=self.page + 1,
            rows=self.rows + len(keys),
            total=total,
            last=next(filter(None, reversed(keys)), self.last),  # a row that cannot be read has no key
            sound=self.sound and same_list and not (self.last and self.last in keys),
        )
