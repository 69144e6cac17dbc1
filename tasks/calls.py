"""See to it that the vendors that can be told whom to call go on calling us, and say loudly when one had stopped."""

import os
from datetime import timedelta

from connectors.roles import CallsAgain, PushesNews
from domain.answers import Fatal, NotNow, SystemTrouble
from domain.holds import TROUBLES
from domain.installation import Installation, Side
from domain.records import Kind
from ledger import holds, inbox, journal
from ledger.database import Transaction
from tasks.doors import path_of, secret_of
from tasks.run import Run
from tasks.telling import News

SILENT_AFTER = timedelta(hours=6)


async def keep_called(run: Run) -> None:
    """Look, at each vendor that pushes and may be asked, whether it calls us, and mend it where it does not."""
    public = os.environ.get("RECEIVER_URL", "").rstrip("/")
    for side, connector in run.connectors.items():
        secret = secret_of(run.installation, side) if public else None
        if secret is None or not isinstance(connector, PushesNews) or run.in_trouble(side):
            continue
        try:
            seen = await connector.subscribe(public + path_of(run.installation, side, secret))
        except NotNow:
            continue
        except Fatal as refusal:
            with run.transaction() as tx:
                _open(tx, run.account(side), f"uncallable:{run.account(side)}", f"{refusal.what} {refusal.advice}")
            run.tell(News("", "push", run.account(side), "cannot be asked to call", refusal.what))
        except SystemTrouble as trouble:
            run.troubles.append(trouble)
        else:
            with run.transaction() as tx:
                _note(run, tx, side, seen)


def came(tx: Transaction, account: str) -> None:
    """A push came from this account: it calls us."""
    holds.close_cause(tx, _stopped(account))


def notice_silence(tx: Transaction, installation: Installation) -> bool:
    """Open a cause where a dispatch had to be read and its vendor, which has called before, has not called since."""
    side = Side.BACK_OFFICE
    mark = journal.watermark(tx, f"push:{side.value}")
    if mark is None or mark.completed_at is None:
        return False
    read = inbox.count_received(tx, side, Kind.DISPATCH, mark.completed_at, tx.now - SILENT_AFTER)
    if read:
        account, last = installation.back_office.account, mark.completed_at
        told = f"{account} last called {last:%d %b %H:%M} UTC; dispatches read since then, and never pushed: {read}."
        _open(tx, account, _stopped(account), told)
    return read > 0


def _note(run: Run, tx: Transaction, side: Side, seen: str) -> None:
    account, feed = run.account(side), f"called:{side.value}"
    is_first = journal.watermark(tx, feed) is None
    journal.set_watermark(tx, feed, None, tx.now, tx.now)
    holds.close_cause(tx, f"uncallable:{account}")
    if isinstance(seen, CallsAgain) and not is_first:
        _open(tx, account, _stopped(account), f"{account} had stopped calling us. {seen}.")
    if isinstance(seen, CallsAgain) or is_first:
        run.tell(News("", "push", account, "asked to call", seen))
        journal.write(tx, [("", "push", account, "asked to call", seen)])


def _open(tx: Transaction, account: str, signature: str, detail: str) -> None:
    trouble = TROUBLES["not_called"]
    title = f"{trouble.title}: {account}"
    holds.open_cause_once(tx, signature=signature, type_=trouble.name, owner=trouble.owner, title=title, detail=detail)


def _stopped(account: str) -> str:
    return f"called:{account}"
