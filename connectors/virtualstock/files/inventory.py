"""Stock files: each is taken as soon as it appears, so it appears whole; and what became of the numbers in them.

A file is written in a folder of our own, copied into the notes, and then moved into the vendor's folder in
one step: that is the deed. While a file is not taken, no newer number for what it names may pass it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.files import Entry, FileStore, NoSuchFile
from connectors.virtualstock.files.folders import Folders, keep
from connectors.virtualstock.files.layout import MARKER, numbers_in, stamp, written_inventory
from connectors.virtualstock.files.outbox import LONGEST_UNREAD
from connectors.virtualstock.files.stock_notes import Named, Sent, StockNotes
from domain.answers import (
    Absent,
    Accepted,
    Answer,
    Contradicted,
    Fatal,
    Finding,
    Found,
    Later,
    NotNow,
    NotYet,
    OutcomeUnknown,
    Refused,
    Unavailable,
    Unknown,
)
from domain.clock import Clock
from domain.records import Availability

LOOK_AGAIN = timedelta(minutes=1)
MOST_UNREAD = 40
"""So many files may wait to be taken: each is looked into before the next is written."""
LISTED_FOR = timedelta(seconds=30)
"""So long one look at the folders answers for what was sent before it: the numbers of many files are asked about in a row."""
SETTLED_AFTER = timedelta(hours=1)
"""A file that was taken so long ago says nothing any more of a number that has no ticket of a file."""


class InventoryForm(BaseModel):
    """How the retailer wants its stock files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stock_column: str = Field(default="free_stock", description="the retailer's name for the number")
    columns: tuple[str, ...] = Field(default=("part_number", "free_stock"), description="in this order")
    lead_time_days: int | None = Field(default=None, ge=0, description="for the column of the lead time")
    marker: bool = Field(default=False, description="write a .DONE file too; John Lewis wants none")
    errors_within_minutes: int = Field(default=2, ge=1, description="how long a taken file may still be refused")

    @field_validator("columns")
    @classmethod
    def _named(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        if "part_number" not in columns or len(set(columns)) < len(columns):
            raise ValueError("part_number must be among the columns, and each only once")
        return columns

    def row(self, record: Availability) -> Mapping[str, str]:
        """Return the row of one product."""
        known = {
            "part_number": record.stock_number,
            "tradedCode": record.sku,
            "current_lead_time_to_delivery_in_days": "" if self.lead_time_days is None else str(self.lead_time_days),
            self.stock_column: str(record.quantity),
        }
        return {name: known.get(name, "") for name in self.columns}


class Standing(NamedTuple):
    """What became of the newest number that was sent of a product; whether a file that names it waits; when the newest went."""

    finding: Finding
    waits: bool = False
    sent_at: datetime | None = None


@dataclass
class Shown:
    """What the folders showed at a moment; the two that are seldom needed are looked at when they are."""

    at: datetime
    unread: Mapping[str, Entry]
    listed: frozenset[str] | None = None
    answered: set[str] = field(default_factory=set)
    unsent: frozenset[str] | None = None
    errors: Sequence[Entry] | None = None
    said: dict[str, str] = field(default_factory=dict)
    """What the errors say of a file that they name products of, by the name of the file."""

    @property
    def sent(self) -> frozenset[str]:
        """Return the files that have a note."""
        return self.listed or frozenset()

    def answers(self, tickets: Collection[str]) -> bool:
        """Tell whether this look can answer for these files too; one that broke off can be gone on with."""
        return self.listed is None or (self.listed.issuperset(tickets) and self.answered.isdisjoint(tickets))


class InventoryFiles:
    """The inventory folder of one account."""

    batch = 5_000
    parallel = 1

    def __init__(self, account: str, store: FileStore, folders: Folders, clock: Clock, form: InventoryForm) -> None:
        self._account, self._store, self._folders, self._clock, self._form = account, store, folders, clock, form
        self.visible_after = timedelta(minutes=form.errors_within_minutes)
        self._notes = StockNotes(store, folders, form.stock_column)
        self._shown_before: Shown | None = None

    async def send(self, records: Sequence[Availability]) -> Mapping[str, Answer]:
        """Put the numbers into one file; those that an unread file names wait until it is taken.

        Raises `NotNow` while too many files wait to be taken.
        """
        self._shown_before = None
        waiting = await self._not_taken()
        if len(waiting) >= MOST_UNREAD:
            raise NotNow(self._account, self._clock.now() + LOOK_AGAIN)
        unread = await self.unread(records, waiting)
        answers: dict[str, Answer] = {}
        going: list[Availability] = []
        for record in records:
            if not record.stock_number:
                answers[record.key] = Refused("The listing has no stock number.", "listing_without_item")
            elif (named := unread.get(record.stock_number)) is not None:
                answers[record.key] = self._behind(record, named)
            else:
                going.append(record)
        if going:
            answers |= dict.fromkeys((record.key for record in going), await self._put(going))
        return answers

    async def unread(
        self, records: Sequence[Availability], waiting: Collection[str] | None = None
    ) -> Mapping[str, Named]:
        """Return, by stock number, the file that names one of the records and was not taken yet."""
        if waiting is None:
            waiting = await self._not_taken()
        return await self._notes.newest((record.stock_number for record in records), waiting)

    async def _not_taken(self) -> Sequence[str]:
        """Return our files that are not taken now, the newest first."""
        await self._notes.names()  # listed once: where that is tried again, it is not listed again
        waiting = {name for name in await self._unread() if name.startswith("inventory-") and not name.endswith(MARKER)}
        return sorted(waiting.intersection(await self._notes.names(waiting)), reverse=True)

    def _behind(self, record: Availability, named: Named) -> Answer:
        """Answer for a number while a file that names it is not taken: its own is on its way, another one waits."""
        if named.number == str(record.quantity):
            return Accepted(named.sent.name)
        return Later(self._clock.now() + LOOK_AGAIN, f"{named.sent.name} names it and is not taken yet")

    async def find(self, records: Sequence[Availability]) -> Mapping[str, Finding]:
        """Return what became of the newest number that was sent of each record."""
        return {key: standing.finding for key, standing in (await self.standings(records)).items()}

    async def standings(self, records: Sequence[Availability]) -> Mapping[str, Standing]:
        """Return how each record stands, by key."""
        tickets = {record.ticket for record in records}
        shown = await self._shown(tickets)
        numbers = [record.stock_number for record in records]
        newest = await self._notes.newest(numbers, await self._went(shown, records))
        unread = await self._notes.newest(numbers, sorted(shown.sent & shown.unread.keys(), reverse=True))
        standings = {
            record.key: Standing(
                await self._finding(record, named, shown), record.stock_number in unread, named.sent.sent_at
            )
            if (named := newest.get(record.stock_number)) is not None
            else Standing(Absent(), record.stock_number in unread)
            for record in records
        }
        shown.answered |= tickets
        return standings

    async def _went(self, shown: Shown, records: Sequence[Availability]) -> list[str]:
        """Return the files that were sent, the newest first, as far back as the records can be in them.

        A ticket is given once its file is sent. What lies in our folder still was not.
        """
        settled = f"inventory-{shown.at - SETTLED_AFTER:%Y%m%d%H%M%S}"
        tickets = {record.ticket for record in records}
        oldest = min((ticket if ticket in shown.sent else settled for ticket in tickets), default=settled)
        names = {name for name in shown.sent if name >= oldest or name in shown.unread}
        if not names <= tickets and shown.unsent is None:
            shown.unsent = frozenset(entry.name for entry in await self._own(self._folders.being_written))
        return sorted(names - (shown.unsent or frozenset()), reverse=True)

    async def _finding(self, record: Availability, named: Named, shown: Shown) -> Finding:
        sent = named.sent
        if named.number != str(record.quantity):
            return Absent()
        age = shown.at - sent.sent_at
        if (there := shown.unread.get(sent.name)) is not None:
            return self._unread_yet(sent, there, age)
        if shown.errors is None:
            shown.errors = await self._own(self._folders.inventory_errors)
        stem = sent.name.removesuffix(".csv")
        if errors := [entry for entry in shown.errors if stem in entry.name]:
            return await self._refused(record, sent, shown, errors)
        if age < self.visible_after:
            return NotYet(f"The Edge may still refuse {sent.name}")
        return Found(f"The Edge took {sent.name} with {record.quantity} and refused nothing of it")

    def _unread_yet(self, sent: Sent, there: Entry, age: timedelta) -> Finding:
        if there.size != len(sent.content):
            return Contradicted(f"{sent.name} has another size than what we wrote")
        if age > LONGEST_UNREAD:
            return Refused(f"The Edge did not take {sent.name} since {sent.sent_at:%d %b %H:%M}", "unknown_outcome")
        return NotYet(f"The Edge has not taken {sent.name} yet")

    async def _refused(self, record: Availability, sent: Sent, shown: Shown, errors: Sequence[Entry]) -> Finding:
        """Those that the error names are refused, or all, when it names none; the others go again."""
        if sent.name not in shown.said:
            text = "".join([await self._error(entry.name) for entry in errors])
            named = any(number in text for number, _ in numbers_in(sent.content, self._form.stock_column))
            shown.said[sent.name] = text if named else ""
        text = shown.said[sent.name]
        if text and record.stock_number not in text:
            return Absent()
        return Refused(f"The Edge refused {sent.name}; see {', '.join(entry.name for entry in errors)}.")

    async def _error(self, name: str) -> str:
        try:
            content = await self._store.read(f"{self._folders.inventory_errors}/{name}")
        except NoSuchFile:
            return ""
        return content.decode("utf-8", "replace")

    async def _shown(self, tickets: Collection[str]) -> Shown:
        """Look at the folders, or go by a look of just now that shows these files, if each record has one not answered before."""
        before, now = self._shown_before, self._clock.now()
        if before is None or now - before.at > LISTED_FOR or not before.answers(tickets):
            self._shown_before = before = Shown(now, await self._unread())
        if before.listed is None:
            before.listed = await self._notes.listed()
        return before

    async def _unread(self) -> Mapping[str, Entry]:
        try:
            return {entry.name: entry for entry in await self._store.entries(self._folders.inventory)}
        except NoSuchFile:
            raise Fatal(
                self._account,
                f"there is no folder {self._folders.inventory}.",
                "Correct the options environment and root, or ask Virtualstock.",
            ) from None

    async def _own(self, folder: str) -> Sequence[Entry]:
        try:
            return await self._store.entries(folder)
        except NoSuchFile:
            return []

    async def _put(self, records: Sequence[Availability]) -> Answer:
        content = written_inventory(self._form.columns, [self._form.row(record) for record in records])
        name = await self._free_name()
        draft, place = f"{self._folders.being_written}/{name}", f"{self._folders.inventory}/{name}"
        try:
            await self._notes.forget_old(self._clock.now())
            await keep(self._store, draft, content)
            await self._notes.keep(name, content)
        except OutcomeUnknown as trouble:  # nothing that the vendor looks at
            raise Unavailable(self._account, str(trouble), "Nothing was sent; it is tried again.") from trouble
        try:
            await self._store.rename(draft, place)
            if self._form.marker:
                await self._store.write(f"{place}{MARKER}", b"")
        except OutcomeUnknown as trouble:
            return Unknown(str(trouble))
        return Accepted(name)

    async def _free_name(self) -> str:
        now, tail = self._clock.now(), self._clock.now().microsecond
        taken = await self._notes.names()
        while (name := f"inventory-{stamp(now, tail)}.csv") in taken:
            tail += 1
        return name
