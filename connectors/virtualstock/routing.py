"""Stock of an account with two roads: zeroes and small changes by REST, large changes by file. Never both at once for one SKU.

Over REST a number counts at once; a file counts when the vendor takes it, which may be late. So a file that
is not taken yet stands before every newer number of the SKUs that it names. Only a zero passes it over REST,
stays unanswered until the file is taken, and is then looked up: what the file put over it is owed again.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from connectors.virtualstock.availability import AvailabilitySink
from connectors.virtualstock.files.inventory import LOOK_AGAIN, InventoryFiles
from domain.answers import (
    Absent,
    Accepted,
    Answer,
    Done,
    Finding,
    Found,
    Later,
    NotNow,
    NotYet,
    OutcomeUnknown,
    SystemTrouble,
)
from domain.clock import Clock
from domain.records import Availability

_log = logging.getLogger(__name__)
SLICE_SECONDS = 20.0
"""No REST call of one sending begins later than this after its first: its claim must not run out under it."""
APPLIED_WITHIN = timedelta(minutes=15)
"""So long after a file was sent, a number that it set is believed only when exactly that is shown: the file may be
taken and not worked off yet, and a newer number would then be overwritten by it."""


@dataclass(frozen=True)
class Roads:
    """What each road allows: the calls that stock may have of a minute, and the minutes until a file is taken."""

    calls_per_minute: int
    share: float
    file_minutes: float

    @property
    def break_even(self) -> int:
        """Return how many numbers REST can set while a file waits to be taken; more than these go sooner by file."""
        return max(1, int(self.calls_per_minute * self.share * self.file_minutes))


@dataclass(frozen=True)
class Plan:
    """Which number goes by which road, and why."""

    by_rest: tuple[Availability, ...]
    by_file: tuple[Availability, ...]
    waiting: tuple[Availability, ...]
    why: str


def plan(records: Sequence[Availability], unread: Collection[str], roads: Roads) -> Plan:
    """Choose the road of each number. `unread` are the stock numbers that a file names which is not taken yet.

    Zeroes go by REST, first. The others follow by REST while all of it is no more than the break-even; else
    they go by file, and with them the zeroes beyond it.
    """
    waiting = tuple(record for record in records if record.stock_number in unread and record.quantity != 0)
    urgent = [record for record in records if record.quantity == 0]
    urgent.sort(key=lambda record: record.stock_number not in unread)  # these have no other road
    blocked = sum(record.stock_number in unread for record in urgent)
    others = [record for record in records if record.quantity != 0 and record.stock_number not in unread]
    minutes = (len(urgent) + len(others)) / (roads.calls_per_minute * roads.share)
    numbers = (
        f"{len(urgent)} zeroes, {len(others)} others, {len(waiting)} behind an unread file; by REST {minutes:.1f} minutes"
        f" at {roads.calls_per_minute * roads.share:.0f} calls a minute, a file about {roads.file_minutes:g};"
        f" break-even {roads.break_even}"
    )
    if len(urgent) + len(others) <= roads.break_even:
        return Plan((*urgent, *others), (), waiting, numbers)
    cut = max(roads.break_even, blocked)
    return Plan(tuple(urgent[:cut]), (*urgent[cut:], *others), waiting, numbers)


class RoutedAvailability:
    """Both roads of one account as one sink."""

    parallel = 1
    zero_overtakes = True
    batch = InventoryFiles.batch

    def __init__(self, account: str, rest: AvailabilitySink, files: InventoryFiles, clock: Clock, roads: Roads) -> None:
        self._account, self._rest, self._files, self._clock, self._roads = account, rest, files, clock, roads
        self.visible_after = max(rest.visible_after, files.visible_after)

    async def send(self, records: Sequence[Availability]) -> Mapping[str, Answer]:
        """Send each number by its road. Zeroes go even while the folders cannot be looked at."""
        try:
            unread: Collection[str] = await self._files.unread(records)
        except SystemTrouble as trouble:
            return await self._only_zeroes(records, trouble)
        chosen = plan(records, unread, self._roads)
        _log.info("%s: %s", self._account, chosen.why)
        at = self._clock.now() + LOOK_AGAIN
        answers: dict[str, Answer] = {
            one.key: Later(at, "a stock file that names it is not taken yet") for one in chosen.waiting
        }
        if chosen.by_rest:
            by_rest = await self._by_rest(chosen.by_rest)
            blocked = {one.key for one in chosen.by_rest if one.stock_number in unread}
            answers |= {key: _still_open(answer) if key in blocked else answer for key, answer in by_rest.items()}
        if chosen.by_file:
            answers |= await self._by_file(chosen.by_file, alone=not answers)
        return answers

    async def find(self, records: Sequence[Availability]) -> Mapping[str, Finding]:
        """Return what is shown; what a file set is proved by exactly its number, and lately anything else is no answer yet.

        A smaller number may be what is left after a sale, or a file of which this number was lost: it is owed again.
        """
        by_file = await self._files.standings(records)
        found: dict[str, Finding] = {}
        asked, exact, early = [], set[str](), set[str]()
        for record in records:
            finding, waits, sent_at = by_file[record.key]
            if isinstance(finding, Found | Absent):
                if waits:
                    found[record.key] = NotYet("a stock file that names it is not taken yet")
                    continue
                asked.append(record)
                if isinstance(finding, Found):
                    exact.add(record.key)
                    if sent_at is not None and self._clock.now() - sent_at < APPLIED_WITHIN:
                        early.add(record.key)
            else:
                found[record.key] = finding
        shown = await self._rest.find(asked, exact=exact) if asked else {}
        for key, finding in shown.items():
            unseen = key in early and isinstance(finding, Absent)
            found[key] = NotYet("a stock file is taken, and its number is not shown yet") if unseen else finding
        return found

    async def _only_zeroes(self, records: Sequence[Availability], trouble: SystemTrouble) -> Mapping[str, Answer]:
        urgent = [record for record in records if record.quantity == 0]
        if not urgent:
            raise trouble
        answers = await self._by_rest(urgent)
        at = self._clock.now() + LOOK_AGAIN
        rest: dict[str, Answer] = {one.key: Later(at, trouble.what) for one in records if one.quantity != 0}
        return rest | {key: _still_open(answer) for key, answer in answers.items()}

    async def _by_rest(self, records: Sequence[Availability]) -> dict[str, Answer]:
        """Send four at once, and put off what there is no time for."""
        answers: dict[str, Answer] = {}
        ends_at = self._clock.now() + self._clock.machine(SLICE_SECONDS)
        size = self._rest.parallel
        for start in range(0, len(records), size):
            group = records[start : start + size]
            if self._clock.now() >= ends_at:
                return answers | {one.key: Later(self._clock.now(), "no time was left") for one in records[start:]}
            outcomes = await asyncio.gather(*(self._rest.send([one]) for one in group), return_exceptions=True)
            for outcome in outcomes:
                if isinstance(outcome, Mapping):
                    answers |= outcome
            if trouble := next((one for one in outcomes if isinstance(one, BaseException)), None):
                if not answers or not isinstance(trouble, NotNow | SystemTrouble):
                    raise trouble
                at = trouble.at if isinstance(trouble, NotNow) else self._clock.now()
                return {one.key: Later(at, str(trouble)) for one in records} | answers
        return answers

    async def _by_file(self, records: Sequence[Availability], *, alone: bool) -> Mapping[str, Answer]:
        try:
            return await self._files.send(records)
        except (SystemTrouble, NotNow, OutcomeUnknown) as trouble:
            if alone:
                raise
            return {one.key: Later(self._clock.now() + LOOK_AGAIN, str(trouble)) for one in records}


def _still_open(answer: Answer) -> Answer:
    """Turn a proof into a ticket: a file may still be put over it."""
    return Accepted(f"zero ahead of a stock file: {answer.evidence}") if isinstance(answer, Done) else answer
