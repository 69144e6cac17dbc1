"""Stock files: each is taken as soon as it appears, so it appears whole; and what became of the numbers in them.

A file is written in a folder of our own, copied into the notes, and then moved into the vendor's folder in
one step: that is the deed. While a file is not taken, no newer number for what it names may pass it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.files import Entry, FileStore, NoSuchFile
from connectors.virtualstock.files.folders import Folders
from connectors.virtualstock.files.layout import MARKER, numbers_in, stamp, written_inventory
from connectors.virtualstock.files.outbox import LONGEST_UNREAD
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

KEPT_FOR = timedelta(days=2)
LOOK_AGAIN = timedelta(minutes=1)
MOST_UNREAD = 40
"""So many files may wait to be taken: each is looked into before the next is written."""
_COLUMNS = frozenset({"part_number", "tradedCode", "current_lead_time_to_delivery_in_days"})


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


class Sent(NamedTuple):
    """One stock file that we sent, as it is, and when. Many may be at hand at once, so none is kept taken apart."""

    name: str
    content: bytes
    sent_at: datetime

    def numbers(self, column: str) -> Iterator[tuple[str, str]]:
        """Return the stock numbers in it, each with its number."""
        return numbers_in(self.content, column)


class Named(NamedTuple):
    """The newest file that names a product, and the number that it gives."""

    sent: Sent
    number: str


class Shown(NamedTuple):
    """What the folders show now."""

    sent: Sequence[Entry]
    unread: Mapping[str, Entry]
    unsent: frozenset[str]
    errors: Sequence[Entry]


class InventoryFiles:
    """The inventory folder of one account."""

    batch = 5_000
    parallel = 1

    def __init__(self, account: str, store: FileStore, folders: Folders, clock: Clock, form: InventoryForm) -> None:
        self._account, self._store, self._folders, self._clock, self._form = account, store, folders, clock, form
        self.visible_after = timedelta(minutes=form.errors_within_minutes)
        self._read_before: dict[str, Sent] = {}

    async def send(self, records: Sequence[Availability]) -> Mapping[str, Answer]:
        """Put the numbers into one file; those that an unread file names wait until it is taken.

        Raises `NotNow` while too many files wait to be taken.
        """
        shown = await self._shown(errors=False)
        if len(self._not_taken(shown)) >= MOST_UNREAD:
            raise NotNow(self._account, self._clock.now() + LOOK_AGAIN)
        unread = await self.unread(records, shown)
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
            answers |= dict.fromkeys((record.key for record in going), await self._put(going, shown))
        return answers

    async def unread(self, records: Sequence[Availability], shown: Shown | None = None) -> Mapping[str, Named]:
        """Return, by stock number, the file that names one of the records and was not taken yet."""
        return await self._named(records, self._not_taken(shown or await self._shown(errors=False)))

    @staticmethod
    def _not_taken(shown: Shown) -> list[str]:
        return sorted({*shown.unread} & {entry.name for entry in shown.sent}, reverse=True)

    async def _named(self, records: Sequence[Availability], names: Iterable[str]) -> dict[str, Named]:
        """Return, by stock number, the first of these files that names each record."""
        missing = {record.stock_number for record in records}
        found: dict[str, Named] = {}
        for name in names:
            if not missing:
                break
            sent = await self._sent(name)
            numbers = sent.numbers(self._form.stock_column)
            found |= {number: Named(sent, quantity) for number, quantity in numbers if number in missing}
            missing -= found.keys()
        return found

    def _behind(self, record: Availability, named: Named) -> Answer:
        """Answer for a number while a file that names it is not taken: its own is on its way, another one waits."""
        if named.number == str(record.quantity):
            return Accepted(named.sent.name)
        return Later(self._clock.now() + LOOK_AGAIN, f"{named.sent.name} names it and is not taken yet")

    async def find(self, records: Sequence[Availability]) -> Mapping[str, Finding]:
        """Return what became of the newest number that was sent of each record."""
        shown = await self._shown()
        named = await self._named(records, self._went(shown))
        return {
            record.key: await self._finding(record, named[record.stock_number], shown)
            if record.stock_number in named
            else Absent()
            for record in records
        }

    async def sent_at(self, records: Sequence[Availability]) -> Mapping[str, datetime]:
        """Return, by key, when the newest file that names a record was sent."""
        named = await self._named(records, self._went(await self._shown()))
        return {
            record.key: named[record.stock_number].sent.sent_at for record in records if record.stock_number in named
        }

    @staticmethod
    def _went(shown: Shown) -> list[str]:
        """Return the files that were sent, the newest first."""
        return [entry.name for entry in sorted(shown.sent, reverse=True) if entry.name not in shown.unsent]

    async def _finding(self, record: Availability, named: Named, shown: Shown) -> Finding:
        sent = named.sent
        if named.number != str(record.quantity):
            return Absent()
        age = self._clock.now() - sent.sent_at
        if (there := shown.unread.get(sent.name)) is not None:
            return self._unread(sent, there, age)
        stem = sent.name.removesuffix(".csv")
        if errors := [entry for entry in shown.errors if stem in entry.name]:
            return await self._refused(record, sent, errors)
        if age < self.visible_after:
            return NotYet(f"The Edge may still refuse {sent.name}")
        return Found(f"The Edge took {sent.name} with {record.quantity} and refused nothing of it")

    def _unread(self, sent: Sent, there: Entry, age: timedelta) -> Finding:
        if there.size != len(sent.content):
            return Contradicted(f"{sent.name} has another size than what we wrote")
        if age > LONGEST_UNREAD:
            return Refused(f"The Edge did not take {sent.name} since {sent.sent_at:%d %b %H:%M}", "unknown_outcome")
        return NotYet(f"The Edge has not taken {sent.name} yet")

    async def _refused(self, record: Availability, sent: Sent, errors: Sequence[Entry]) -> Finding:
        """Those that the error names are refused, or all, when it names none; the others go again."""
        text = ""
        for entry in errors:
            try:
                text += (await self._store.read(f"{self._folders.inventory_errors}/{entry.name}")).decode(
                    "utf-8", "replace"
                )
            except NoSuchFile:
                continue
        numbers = (number for number, _ in sent.numbers(self._form.stock_column))
        if record.stock_number not in text and any(number in text for number in numbers):
            return Absent()
        return Refused(f"The Edge refused {sent.name}; see {', '.join(entry.name for entry in errors)}.")

    async def _shown(self, *, errors: bool = True) -> Shown:
        try:
            unread = await self._store.entries(self._folders.inventory)
        except NoSuchFile:
            raise Fatal(
                self._account,
                f"there is no folder {self._folders.inventory}.",
                "Correct the options environment and root, or ask Virtualstock.",
            ) from None
        sent = [entry for entry in await self._own(self._folders.sent) if entry.name.startswith("inventory-")]
        unsent = frozenset(entry.name for entry in await self._own(self._folders.being_written))
        refused = await self._own(self._folders.inventory_errors) if errors else []
        return Shown(sent, {entry.name: entry for entry in unread}, unsent, refused)

    async def _own(self, folder: str) -> Sequence[Entry]:
        try:
            return await self._store.entries(folder)
        except NoSuchFile:
            return []

    async def _sent(self, name: str) -> Sent:
        """Return one of our files by its note; a note never changes, so it is read once."""
        if name not in self._read_before:
            try:
                content = await self._store.read(f"{self._folders.sent}/{name}")
            except NoSuchFile:
                content = b""
            self._read_before[name] = Sent(name, content, _moment_in(name))
        return self._read_before[name]

    async def _put(self, records: Sequence[Availability], shown: Shown) -> Answer:
        content = written_inventory(self._form.columns, [self._form.row(record) for record in records])
        name = self._free_name(shown)
        draft, place = f"{self._folders.being_written}/{name}", f"{self._folders.inventory}/{name}"
        try:
            await self._forget_old(shown)
            await self._keep(self._folders.being_written, name, content)
            await self._keep(self._folders.sent, name, content)
        except OutcomeUnknown as trouble:  # nothing that the vendor looks at
            raise Unavailable(self._account, str(trouble), "Nothing was sent; it is tried again.") from trouble
        try:
            await self._store.rename(draft, place)
            if self._form.marker:
                await self._store.write(f"{place}{MARKER}", b"")
        except OutcomeUnknown as trouble:
            return Unknown(str(trouble))
        return Accepted(name)

    async def _keep(self, folder: str, name: str, content: bytes) -> None:
        """Write a file into a folder of our own, which is made where it is missing."""
        try:
            await self._store.write(f"{folder}/{name}", content)
        except NoSuchFile:
            await self._store.make_folder(folder)
            await self._store.write(f"{folder}/{name}", content)

    def _free_name(self, shown: Shown) -> str:
        now, tail = self._clock.now(), self._clock.now().microsecond
        taken = {entry.name for entry in shown.sent}
        while (name := f"inventory-{stamp(now, tail)}.csv") in taken:
            tail += 1
        return name

    async def _forget_old(self, shown: Shown) -> None:
        """Take away notes and drafts of days ago: whatever they say was answered or is with a person."""
        notes = {entry.name for entry in shown.sent}
        for folder, names in ((self._folders.sent, notes), (self._folders.being_written, shown.unsent)):
            for name in names:
                if name.startswith("inventory-") and self._clock.now() - _moment_in(name) > KEPT_FOR:
                    await self._store.remove(f"{folder}/{name}")


def _moment_in(name: str) -> datetime:
    """Return when one of our files was named."""
    try:
        return datetime.strptime(name.removeprefix("inventory-")[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
