"""Receive: what a vendor pushes is proved, kept and answered for. No call is made, and nothing is lost in silence.

A push is evidence of what it names and a hint for the rest. What it brings is kept in the inbox as
waiting; the loop that reads that kind judges and files it with its next run, as it does what was released.
"""

import logging
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from connectors.roles import Delivery, FeedShape, Forged
from domain.holds import TROUBLES
from domain.installation import Mode
from domain.payloads import address_of
from domain.records import Kind, Received, Reject
from ledger import holds, inbox, journal, payloads
from ledger.database import Database, LedgerUnusable, Transaction
from ledger.schema import migrate
from tasks import calls
from tasks.changed_dispatches import begun_dispatches, tell_change
from tasks.doors import Door, Doors, open_doors
from tasks.filing_rejects import file_rejects
from tasks.installations import all_installations
from tasks.loops import INTAKES, READS, Intake, Loop
from tasks.run import Run, age, clock_from_environment, ledger_url, surroundings
from tasks.telling import News

AGAIN_SECONDS = 60
_log = logging.getLogger(__name__)
_HINTS_EVERY = timedelta(minutes=1)
_PUSHED = Loop("push", ())
_LATE = "an older version, or a repeat of one, came late: the newer one stands"
_UNREADABLE = "it came again and could not be read: what was readable stands, and the original is kept"


@dataclass(frozen=True)
class Reply:
    """What the vendor is answered, and which loops have something to do now."""

    status: int
    body: bytes = b""
    media_type: str = "application/json"
    wait_seconds: int = 0
    wakes: frozenset[str] = frozenset()


class Reception:
    """All doors on one ledger. Its methods may block: the shell calls them in a thread."""

    def __init__(self, database: Database, doors: Doors) -> None:
        self._database, self.doors = database, doors
        self._migrated = False

    def usable(self) -> bool:
        """Tell whether the ledger can be written now, by writing to it; its schema is up to date then."""
        try:
            self._prepare()
            with self._database.transaction("receiver") as tx:
                journal.set_watermark(tx, "health", None, tx.now, tx.now)
            return True
        except LedgerUnusable as unusable:
            _log.error("%s", unusable)
            return False

    def wait_seconds(self, door: Door) -> int:
        """Count one push: 0 when it may come in, else the seconds until another may."""
        return door.wait_seconds(self._database.clock.now())

    def take(self, door: Door, headers: Mapping[str, str], body: bytes) -> Reply:
        """Prove a push, keep what it brings, and only then return what the vendor wants to see.

        A ledger that cannot be written is a 503, and a push that is not what it should be is refused
        and opens a cause: the vendor repeats it, and a person knows.
        """
        try:
            delivery = _checked(door, door.connector.unpack(headers, body))
            self._prepare()
            with self._database.transaction(door.installation.name, f"push-{uuid.uuid4().hex[:12]}") as tx:
                run = Run(door.installation, _PUSHED, self._database, {door.side: door.connector}, run_id=tx.run_id)
                wakes = _file(run, tx, door, delivery)
        except Forged:
            return self.refuse(door, 403, "its proof is missing or wrong")
        except LedgerUnusable as trouble:
            return _unusable(door, trouble)
        except Exception as fault:  # noqa: BLE001 - the vendor must keep what it has; the text may hold what it sent
            return self.refuse(door, 500, f"we fail on it ({type(fault).__name__})")
        _log.info("%s: a push was taken; it wakes %s", door.account, ", ".join(sorted(wakes)) or "nothing")
        reply = door.connector.push_reply
        return Reply(reply.status, reply.body, reply.media_type, wakes=wakes)

    def refuse(self, door: Door, status: int, why: str) -> Reply:
        """Refuse a push: one cause, until a push of this account is taken again."""
        trouble = TROUBLES["push_refused"]
        _log.error("%s: a push was refused: %s", door.account, why)
        try:
            self._prepare()
            with self._database.transaction(door.installation.name) as tx:
                holds.open_cause_once(
                    tx,
                    signature=_signature(door),
                    type_=trouble.name,
                    owner=trouble.owner,
                    title=f"{trouble.title}: {door.account}",
                    detail=f"A push was answered with HTTP {status}: {why}.",
                )
        except LedgerUnusable as unusable:
            return _unusable(door, unusable)
        return Reply(status)

    def _prepare(self) -> None:
        if not self._migrated:
            migrate(self._database)
            self._migrated = True


@asynccontextmanager
async def reception() -> AsyncIterator[Reception]:
    """Open every door on the ledger that the environment names. Raises `WrongConfiguration` with every fault."""
    database = Database(ledger_url(), clock_from_environment())
    try:
        doors = open_doors(all_installations(), surroundings(database))
        yield Reception(database, doors)
        for door in doors:
            await door.connector.close()
    finally:
        database.close()


def _unusable(door: Door, unusable: LedgerUnusable) -> Reply:
    _log.error("%s: a push could not be kept, and the vendor is asked to repeat it. %s", door.account, unusable)
    return Reply(503, wait_seconds=AGAIN_SECONDS)


def _signature(door: Door) -> str:
    return f"push:{door.account}"


def _checked(door: Door, delivery: Delivery) -> Delivery:
    """Refuse what no feed reads: a scan is whole or nothing, and never comes in pieces."""
    for kind, _ in delivery.brought:
        intake = INTAKES.get((door.side, kind))
        if intake is None or getattr(door.connector, intake.feed).shape is FeedShape.SNAPSHOT:
            raise ValueError(f"{kind} cannot be brought by a push from the {door.side.value}")
    return delivery


def _file(run: Run, tx: Transaction, door: Door, delivery: Delivery) -> frozenset[str]:
    """Keep what was brought; return the loops that have something to do now."""
    fresh = set(delivery.news)
    with run.news.if_done() as told:
        for kind in sorted({kind for kind, _ in delivery.brought}):
            intake = INTAKES[door.side, kind]
            brought = [one for its_kind, one in delivery.brought if its_kind is kind]
            if _file_records(run, tx, intake, [one for one in brought if isinstance(one, Received)]):
                fresh.add(kind)
            _file_rejects(run, tx, intake, {one.key: one for one in brought if isinstance(one, Reject)})
        _note(tx, door, delivery, told)
    holds.close_cause(tx, _signature(door))
    calls.came(tx, door.account)
    named = {READS[door.side, kind] for kind in fresh if (door.side, kind) in READS}
    return frozenset(name for name in named if getattr(run.installation.loops, name).mode is not Mode.OFF)


def _file_records(run: Run, tx: Transaction, intake: Intake, records: Sequence[Received]) -> bool:
    """Keep the records that are new or newer as waiting; tell whether there were any."""
    feed, newest = run.feed(intake), dict[str, Received]()
    for one in records:
        if (other := newest.get(one.record.key)) is None or not _older(one, other):
            newest[one.record.key] = one
    begun = begun_dispatches(tx, list(newest)) if intake.kind is Kind.DISPATCH else {}
    standing = inbox.current(tx, intake.side, intake.kind, list(newest))
    originals = inbox.originals(tx, [row.id for row in standing.values()])
    came_before = payloads.kept(tx, [address_of(one.raw, feed.keeps) for one in newest.values()])
    arrivals = []
    for key, one in newest.items():
        row = standing.get(key)
        if row is not None and row.gate != inbox.REJECTED:
            stood = feed.parse(originals[row.id])
            if row.fingerprint == one.fingerprint:
                if isinstance(stood, Received) and _older(stood, one) and key not in begun:
                    inbox.renew(tx, row.id, one.raw, feed.keeps)
                continue
            if (isinstance(stood, Received) and _older(one, stood)) or (
                one.revision is None and address_of(one.raw, feed.keeps) in came_before
            ):
                run.tell(News(row.order_key, intake.kind, key, "pushed", _LATE))
                continue
            if key in begun:
                tell_change(run, tx, begun[key], stood, one, feed.keeps)
                continue
        arrivals.append(_arrival(intake, one, feed.keeps, row))
        run.tell(
            News("" if row is None else row.order_key, intake.kind, key, "pushed", "new" if row is None else "changed")
        )
    inbox.store(tx, arrivals)
    return bool(arrivals)


def _arrival(intake: Intake, one: Received, keeps: Mapping[str, object], row: inbox.Current | None) -> inbox.Arrival:
    return inbox.Arrival(
        intake.side,
        intake.kind,
        one.record.key,
        one.fingerprint,
        one.raw,
        keeps,
        inbox.WAITING,
        row.order_key if row is not None else "",
        getattr(one.record, "tracking_number", None) or "",
    )


def _older(one: Received, other: Received) -> bool:
    return one.revision is not None and other.revision is not None and one.revision < other.revision


def _file_rejects(run: Run, tx: Transaction, intake: Intake, rejects: Mapping[str, Reject]) -> None:
    """Hold what cannot be read, but never let it replace what could be: in whichever order both come."""
    standing = inbox.current(tx, intake.side, intake.kind, list(rejects))
    readable = {key for key, row in standing.items() if row.gate != inbox.REJECTED}
    for key in sorted(readable):
        payloads.keep(tx, [(rejects[key].raw, run.feed(intake).keeps)])
        run.tell(News(standing[key].order_key, intake.kind, key, "pushed", _UNREADABLE))
    file_rejects(run, tx, intake, {key: reject for key, reject in rejects.items() if key not in readable})


def _note(tx: Transaction, door: Door, delivery: Delivery, news: list[News]) -> None:
    """Write the journal, and when the vendor last called; mere hints have one line a minute."""
    feed = f"push:{door.side.value}"
    last = journal.watermark(tx, feed)
    journal.set_watermark(tx, feed, None, tx.now, tx.now)
    entries = [(n.order_key, n.kind, n.key, n.what, n.detail) for n in news]
    if delivery.brought or last is None or age(last.completed_at, tx.now) > _HINTS_EVERY:
        told = f"{len(delivery.brought)} brought; news of {', '.join(sorted(delivery.news)) or 'nothing else'}"
        entries.append(("", "push", door.account, "received", told))
    journal.write(tx, entries)
