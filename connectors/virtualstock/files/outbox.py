"""Sending one file and learning what became of it, also by another process than the one that sent it.

The vendor takes a file only when its marker stands beside it: writing the marker is the deed. Before it, a note
of our own says under which name the file went. So: no note, nothing was sent; a note and the file without
marker, nothing was sent yet; a note and no file any more, the vendor took it. A bad file comes back
with an `.err`. What the vendor neither takes nor refuses for hours is for a person: never a silent success.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from connectors.files import FileStore, NoSuchFile, write_whole
from connectors.virtualstock.files.folders import Folders, keep
from connectors.virtualstock.files.layout import MARKER, stamp
from connectors.virtualstock.refusals import shown_lines_of
from domain.answers import (
    Absent,
    Accepted,
    Answer,
    Contradicted,
    Done,
    Fatal,
    Finding,
    Found,
    NotYet,
    OutcomeUnknown,
    Refused,
    SystemTrouble,
    Unavailable,
    Unknown,
)
from domain.budgets import Archive
from domain.clock import Clock

ERROR, FAILED = ".err", ".failed"
LONGEST_UNREAD = timedelta(hours=4)
_NAME = re.compile(r"[a-z]+-([0-9]{14})[0-9]{6}\.[a-z]+")


class Note(NamedTuple):
    """What we sent: under which name, when, and the digest of it."""

    name: str
    sent_at: datetime
    digest: str

    def __str__(self) -> str:
        return f"{self.name}\n{self.sent_at.isoformat()}\n{self.digest}\n"

    @classmethod
    def of_file(cls, name: str) -> "Note | None":
        """Return what the name of a file says of it (no digest), or None for another text."""
        found = _NAME.fullmatch(name)
        return cls(name, datetime.strptime(f"{found[1]}+0000", "%Y%m%d%H%M%S%z"), "") if found else None

    @classmethod
    def parsed(cls, content: bytes) -> "Note | None":
        """Return the note, or None for one that broke off (its file was then not sent)."""
        lines = content.decode("utf-8", "replace").split("\n")
        if len(lines) != 4 or lines[3]:
            return None
        try:
            return cls(lines[0], datetime.fromisoformat(lines[1]), lines[2])
        except ValueError:
            return None


class Outbox:
    """The outgoing folder of one account. `errors_within`: after this long without an `.err`, a taken file was good."""

    def __init__(
        self, account: str, store: FileStore, folders: Folders, clock: Clock, archive: Archive, errors_within: timedelta
    ) -> None:
        self._account, self._store, self._folders = account, store, folders
        self._clock, self._archive, self.errors_within = clock, archive, errors_within

    def note_path(self, subject: str) -> str:
        """Return where the note of a subject lies: what it is about, hashed."""
        return f"{self._folders.sent}/{hashlib.sha256(subject.encode()).hexdigest()[:32]}.note"

    async def names(self) -> frozenset[str]:
        """Return the names in the outgoing folder. A listing serves many look-ups."""
        try:
            return frozenset(entry.name for entry in await self._store.entries(self._folders.outgoing))
        except NoSuchFile:
            raise Fatal(
                self._account,
                f"there is no folder {self._folders.outgoing}.",
                "Correct the options environment and root, or ask Virtualstock.",
            ) from None

    async def send(self, subject: str, prefix: str, ending: str, content: bytes) -> Answer:
        """Send a file about a subject, unless one is on its way already. Raises only while nothing was done."""
        note, names = await self._note(subject), frozenset[str]()
        if note is not None:
            names = await self.names()
            match await self.standing(note, names):
                case Found(evidence=evidence):
                    return Done(evidence)
                case NotYet():
                    return Accepted(note.name)
                case Contradicted(reason=reason, hold_type=hold_type):
                    return Refused(reason, hold_type)
        tail = int(hashlib.sha256(subject.encode() + content).hexdigest(), 16) + self._clock.now().microsecond
        fresh = Note(
            f"{prefix}-{stamp(self._clock.now(), tail)}{ending}", self._clock.now(), hashlib.sha256(content).hexdigest()
        )
        path = f"{self._folders.outgoing}/{fresh.name}"
        try:
            await write_whole(self._store, path, content)
            await keep(self._store, self.note_path(subject), str(fresh).encode())
        except OutcomeUnknown as trouble:  # without its marker it is nothing
            raise Unavailable(self._account, str(trouble), "Nothing was sent; it is tried again.") from trouble
        except NoSuchFile:
            raise Fatal(
                self._account, f"{path} cannot be written.", "Correct the options environment and root."
            ) from None
        try:
            await self._store.write(f"{path}{MARKER}", b"")
        except OutcomeUnknown as trouble:
            return Unknown(str(trouble))
        if note is not None:
            await self._clear(note.name, names)
        return Accepted(fresh.name)

    async def find(self, subjects: Mapping[str, tuple[str, str]]) -> dict[str, Finding]:
        """Return what became of the files about these subjects (each with its ticket), by the keys under which they are given.

        A ticket names the file and its time, which is enough once it is taken; else our note says what was in it.
        """
        names = await self.names()
        found: dict[str, Finding] = {}
        for key, (subject, ticket) in subjects.items():
            note = None if ticket in names else Note.of_file(ticket)
            note = note or await self._note(subject)
            found[key] = Absent() if note is None else await self.standing(note, names)
        return found

    async def standing(self, note: Note, names: Collection[str]) -> Finding:
        """Return what became of a file that we noted."""
        age, name = self._clock.now() - note.sent_at, note.name
        if f"{name}{ERROR}{MARKER}" in names:
            return await self._refused(name)
        if name in names:
            return await self._untaken(note, age, marked=f"{name}{MARKER}" in names)
        if age < self.errors_within:
            return NotYet(f"The Edge may still refuse {name}")
        if f"{name}{FAILED}" in names:
            return Refused(f"The Edge put {name} aside and gave no reason.")
        return Found(f"The Edge took {name} of {note.sent_at:%d %b %H:%M} and refused nothing of it")

    async def _untaken(self, note: Note, age: timedelta, *, marked: bool) -> Finding:
        if await self._is_another(note):
            return Contradicted(f"{note.name} holds something else than what we wrote")
        if not marked:
            return NotYet(f"{note.name} has no marker") if age < self.errors_within else Absent()
        if age < LONGEST_UNREAD:
            return NotYet(f"The Edge has not taken {note.name} yet")
        return Contradicted(f"The Edge did not take {note.name} since {note.sent_at:%d %b %H:%M}", "unknown_outcome")

    async def _is_another(self, note: Note) -> bool:
        try:
            content = await self._store.read(f"{self._folders.outgoing}/{note.name}")
        except NoSuchFile:
            return False  # taken just now
        return hashlib.sha256(content).hexdigest() != note.digest

    async def _refused(self, name: str) -> Refused:
        try:
            text = await self._store.read(f"{self._folders.outgoing}/{name}{ERROR}")
        except NoSuchFile:
            text = b""
        evidence = self._archive.keep(self._account, f"{name}{ERROR}", text)
        said = "; ".join(shown_lines_of(text.decode("utf-8", "replace")))
        return Refused(f"The Edge refused {name}: {said or 'reason'} (kept as {evidence}).")

    async def _note(self, subject: str) -> Note | None:
        try:
            return Note.parsed(await self._store.read(self.note_path(subject)))
        except NoSuchFile:
            return None

    async def _clear(self, name: str, names: Collection[str]) -> None:
        """Take away what is left of a refused file, as the vendor asks; a rest does no harm."""
        marks = ("", FAILED, f"{MARKER}{FAILED}", f"{ERROR}{MARKER}", ERROR)
        with suppress(SystemTrouble, OutcomeUnknown):
            for rest in (f"{name}{mark}" for mark in marks):
                if rest in names:
                    await self._store.remove(f"{self._folders.outgoing}/{rest}")
