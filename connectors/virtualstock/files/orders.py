"""The incoming folder as a log: what is there, has its marker and was not read yet; put away only once it is filed.

The cursor names the files that earlier reads brought (with size and time of change, so that another
file under an old name is a new one). The core writes it in the transaction that files the rows. So what
the first read of a connector is handed as its cursor is durable with us, and may be put away;
what this connector's later reads are handed may not be filed yet.
"""

import json
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

from connectors.files import Entry, FileStore, NoSuchFile
from connectors.reading import never_raises, told_apart
from connectors.roles import FeedShape, OpenOrder
from connectors.virtualstock.files.dossier import dossier_of, joined
from connectors.virtualstock.files.folders import Folders
from connectors.virtualstock.files.layout import MARKER
from connectors.virtualstock.originals import KEEPS, read_original
from domain.answers import Fatal, OutcomeUnknown, Unavailable
from domain.clock import Clock
from domain.records import Page, Received, Reject

PAGE_FILES = 50
MOST_LEFT = 10_000


class SalesOrderFiles:
    """Order and cancel files; of one order in one page they are one record. Return files are left where they are."""

    shape = FeedShape.LOG
    keeps: Mapping[str, Any] = KEEPS
    absent_is_zero = False

    def __init__(
        self,
        account: str,
        store: FileStore,
        folders: Folders,
        clock: Clock,
        zone: ZoneInfo,
        town_column: str,
        *,
        test: bool,
        puts_away: bool,
    ) -> None:
        self._account, self._store, self._folders, self._clock = account, store, folders, clock
        self._zone, self._town_column, self._test, self._puts_away = zone, town_column, test, puts_away
        self._first = True

    async def read(self, cursor: str | None, about: Sequence[OpenOrder]) -> Page:  # noqa: ARG002 - the folder needs no orders
        """Read the next files that are whole, oldest name first."""
        began_at, known = self._clock.now(), _entries(cursor)
        here = {entry.name: entry for entry in await self._listed()}
        known = {entry for entry in known if here.get(entry.name) == entry or f"{entry.name}{MARKER}" in here}
        if self._puts_away and self._first and known:
            away = await self._put_away_all(sorted(known), here)
            known -= away
            here = {name: entry for name, entry in here.items() if entry not in away}  # a listing of before
        self._first = False
        ready = [one for one in _whole(here) if one not in known]
        brought, gone = dict[Entry, bytes](), 0
        for entry in ready[:PAGE_FILES]:
            try:
                content = await self._content(entry)
            except Unavailable:
                if not brought:
                    raise
                break  # what was read counts; the next read begins here
            if content is None:
                gone += 1
            else:
                brought[entry] = content
        known |= set(brought)
        if len(known) > MOST_LEFT:
            raise Fatal(
                self._account,
                f"{len(known)} files that were read lie in {self._folders.incoming}.",
                "Set the option puts_away, or have old files removed.",
            )
        read = self._parsed(brought)
        return Page(
            *told_apart(read),
            began_at=began_at,
            cursor=_cursor(known),
            more=len(ready) > len(brought) + gone and bool(brought),
        )

    @never_raises
    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        """Map one original again."""
        return read_original(raw, self._zone, None, self._town_column, test=self._test)

    def joined(self, former: Any, latter: Any) -> Any:
        """Return the original of one order of what was kept of it and what came now."""
        return joined(former, latter)

    def _parsed(self, brought: Mapping[Entry, bytes]) -> list[Received | Reject]:
        dossiers: dict[str, Any] = {}
        for entry, content in brought.items():
            dossier = dossier_of(entry.name, content)
            key = dossier["order_number"] or entry.name
            dossiers[key] = joined(dossiers[key], dossier) if key in dossiers else dossier
        return [self.parse(dossier) for dossier in dossiers.values()]

    async def _listed(self) -> Sequence[Entry]:
        try:
            return await self._store.entries(self._folders.incoming)
        except NoSuchFile:
            raise Fatal(
                self._account,
                f"there is no folder {self._folders.incoming}.",
                "Correct the options environment and root, or ask Virtualstock.",
            ) from None

    async def _content(self, entry: Entry) -> bytes | None:
        """Return a whole file, or None when it went or changed meanwhile: then the next read looks at it again."""
        try:
            content = await self._store.read(posixpath.join(self._folders.incoming, entry.name))
        except NoSuchFile:
            return None
        return content if len(content) == entry.size else None

    async def _put_away_all(self, known: Iterable[Entry], here: Mapping[str, Entry]) -> set[Entry]:
        """Put filed files away; return those that are. The others stay known and are put away by another run."""
        away = set[Entry]()
        for entry in known:
            try:
                await self._put_away(entry, here)
            except OutcomeUnknown:
                continue  # this answer was lost; the next one shows whether the server is
            except Unavailable:
                break
            away.add(entry)
        return away

    async def _put_away(self, entry: Entry, here: Mapping[str, Entry]) -> None:
        """Move a filed file and its marker out of the folder, the marker last."""
        for name in (entry.name, f"{entry.name}{MARKER}"):
            if name != entry.name and name in here and here.get(entry.name, entry) != entry:
                return  # the marker is that of a newer file under the same name
            if name in here and (name != entry.name or here[name] == entry):
                await self._move(name, entry)

    async def _move(self, name: str, entry: Entry) -> None:
        """Move a file, under another name where one of that name was put away before; gone is as good: another worker was faster."""
        source, target = f"{self._folders.incoming}/{name}", f"{self._folders.read}/{name}"
        try:
            await self._store.rename(source, target)
        except (NoSuchFile, Unavailable):
            if await self._store.find(target) is None:
                await self._store.make_folder(self._folders.read)
            else:
                target = f"{target}.{entry.modified_at}.{self._clock.now():%Y%m%d%H%M%S%f}"
            with suppress(NoSuchFile):
                await self._store.rename(source, target)


def _whole(here: Mapping[str, Entry]) -> list[Entry]:
    """Return the files that have their marker, by name; not returns, and not what other files are made of."""
    return [
        entry
        for name, entry in sorted(here.items())
        if f"{name}{MARKER}" in here and not name.endswith(MARKER) and not name.startswith("return-")
    ]


def _cursor(known: Iterable[Entry]) -> str:
    return json.dumps(sorted(known), separators=(",", ":"))


def _entries(cursor: str | None) -> set[Entry]:
    """Return the files that a cursor names; that of another road to The Edge names none."""
    try:
        return {Entry(str(name), int(size), int(at)) for name, size, at in json.loads(cursor or "[]")}
    except ValueError:
        return set()
