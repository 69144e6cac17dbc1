"""Forget: what has had its time leaves the ledger, once an hour, in transactions so small that no loop waits for one."""

from datetime import timedelta

from domain.installation import Installation
from ledger import journal
from ledger.database import Database
from ledger.retention import PARTS, Ages

EVERY = timedelta(hours=1)
_MARK = "retention"
_SECONDS = 20.0
_BREATH = 0.05  # seconds in which others may write: SQLite keeps no queue of those who wait


async def forget(database: Database, installation: Installation) -> str:
    """Erase and delete what is due of one installation; return in words what was taken, or why nothing is.

    What time does not allow is taken up by the next call, from where this one stopped.
    """
    name, clock = installation.name, database.clock
    ends_at = clock.now() + clock.machine(_SECONDS)
    with database.transaction(name, _MARK) as tx:
        mark = journal.watermark(tx, _MARK)
    if mark is not None and mark.completed_at is not None and clock.now() - mark.completed_at < EVERY:
        return f"{name}: what has had its time was looked for at {mark.completed_at:%H:%M} UTC"
    part, _, after = (mark.cursor or "" if mark is not None else "").partition("|")
    names = list(PARTS)
    taken = dict.fromkeys(names, 0)
    for what in names[names.index(part) if part in PARTS else 0 :]:
        place: str | None = after if what == part else ""
        while place is not None:
            with database.transaction(name, _MARK) as tx:
                keeps = installation.retention
                ages = Ages(tx.now - timedelta(days=keeps.persons_days), tx.now - timedelta(days=keeps.records_days))
                done = PARTS[what](tx, ages, place)
                taken[what] += done.count
                place = done.after
                is_last = place is None and what == names[-1]
                goes_on = None if is_last else f"{what}|{place or ''}"
                journal.set_watermark(tx, _MARK, goes_on, None, tx.now if is_last else None)
            if not is_last and clock.now() >= ends_at:
                return f"{_worded(name, taken)}; the rest follows"
            if done.count:
                await clock.sleep(clock.machine(_BREATH).total_seconds())
    return _worded(name, taken)


def _worded(name: str, taken: dict[str, int]) -> str:
    counted = ", ".join(f"{count} {what}" for what, count in taken.items() if count)
    return f"{name}: had their time: {counted or 'nothing'}"
