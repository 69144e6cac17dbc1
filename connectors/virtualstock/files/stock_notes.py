"""Our notes of the stock files that we sent, each a copy: by them any process finds which file named a product last.

Many may be at hand at once. So of each only the stock numbers' hashes are kept beside its text, and a file is
taken apart only where one of them is looked for.
"""

from array import array
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from connectors.files import FileStore, NoSuchFile
from connectors.virtualstock.files.folders import Folders, keep
from connectors.virtualstock.files.layout import numbers_in

KEPT_FOR = timedelta(days=2)


class Sent(NamedTuple):
    """One stock file that we sent, as it is, and when; `hashes` are those of the stock numbers in it."""

    name: str
    content: bytes
    sent_at: datetime
    hashes: "array[int]"


class Named(NamedTuple):
    """The newest file that names a product, and the number that it gives."""

    sent: Sent
    number: str


class StockNotes:
    """The notes of one account. A note never changes, so each is read once; what this process wrote it knows."""

    def __init__(self, store: FileStore, folders: Folders, column: str) -> None:
        self._store, self._folders, self._column = store, folders, column
        self._names: set[str] | None = None
        self._known: dict[str, Sent] = {}

    async def listed(self) -> frozenset[str]:
        """Return the names of all files that have a note now."""
        try:
            entries = await self._store.entries(self._folders.sent)
        except NoSuchFile:
            entries = []
        self._names = {entry.name for entry in entries if entry.name.startswith("inventory-")}
        return frozenset(self._names)

    async def names(self, among: Collection[str] = ()) -> Collection[str]:
        """Return the names that have a note, of an earlier listing where that shows `among` already."""
        if self._names is None or not self._names.issuperset(among):
            await self.listed()
        return self._names or ()

    async def newest(self, stock_numbers: Iterable[str], names: Iterable[str]) -> dict[str, Named]:
        """Return, by stock number, the first of these files that names it."""
        missing = {hash(number): number for number in stock_numbers}
        found: dict[str, Named] = {}
        for name in names:
            if not missing:
                break
            sent = await self._sent(name)
            if here := missing.keys() & sent.hashes:
                wanted = {missing[one] for one in here}
                rows = numbers_in(sent.content, self._column)
                found |= {number: Named(sent, quantity) for number, quantity in rows if number in wanted}
                missing = {one: number for one, number in missing.items() if number not in found}
        return found

    async def keep(self, name: str, content: bytes) -> None:
        """Write a note."""
        await keep(self._store, f"{self._folders.sent}/{name}", content)
        self._known[name] = self._taken_apart(name, content)
        if self._names is not None:
            self._names.add(name)

    async def forget_old(self, now: datetime) -> None:
        """Take away notes of days ago, and drafts that were never sent: what they say was answered or is with a person."""
        for name in [name for name in await self.names() if now - moment_in(name) > KEPT_FOR]:
            await self._store.remove(f"{self._folders.being_written}/{name}")
            await self._store.remove(f"{self._folders.sent}/{name}")
            if self._names is not None:
                self._names.discard(name)

    async def _sent(self, name: str) -> Sent:
        if name not in self._known:
            try:
                content = await self._store.read(f"{self._folders.sent}/{name}")
            except NoSuchFile:
                content = b""
            self._known[name] = self._taken_apart(name, content)
        return self._known[name]

    def _taken_apart(self, name: str, content: bytes) -> Sent:
        hashes = array("q", (hash(number) for number, _ in numbers_in(content, self._column)))
        return Sent(name, content, moment_in(name), hashes)


def moment_in(name: str) -> datetime:
    """Return when one of our files was named."""
    try:
        return datetime.strptime(name.removeprefix("inventory-")[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
