"""A snapshot that is read page by page, by our own offset, from a list that counts itself."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from connectors.reading import told_apart
from domain.records import Page, Received, Reject


class Scan(NamedTuple):
    """A scan under way: when it began, how many rows it read, how many it was told of, and the last one's id.

    It is `steady` while every page tells of the same number and none shows the last row of the page before again.
    """

    began_at: datetime
    offset: int = 0
    total: int | None = None
    last: str = ""
    steady: bool = True

    def __str__(self) -> str:
        return f"{self.began_at.isoformat()}|{self.offset}|{self.total}|{self.last}|{int(self.steady)}"

    def after(self, total: int, ids: Sequence[str]) -> "Scan":
        """Return the scan after a page of rows with these ids."""
        steady = self.steady and self.total in {None, total} and not (self.last and self.last in ids)
        return Scan(self.began_at, self.offset + len(ids), total, ids[-1] if ids else self.last, steady)

    def page(self, outcomes: Iterable[Received | Reject], total: int, ids: Sequence[str]) -> Page:
        """Return the page of rows with these ids, which became these outcomes."""
        after = self.after(total, ids)
        more = bool(ids) and after.offset < total
        return Page(
            *told_apart(outcomes),
            began_at=self.began_at,
            cursor=str(after) if more else None,
            more=more,
            complete=after.steady and after.offset == total,
        )

    @classmethod
    def parsed(cls, cursor: str) -> "Scan":
        """Return the scan that a cursor names."""
        began_at, offset, total, last, steady = cursor.split("|")
        return cls(datetime.fromisoformat(began_at), int(offset), int(total), last, steady == "1")
