"""What Slack is to show of causes, and what it shows. An alert is a level: only the newest is ever owed."""

import hashlib
import json
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, cast, func, select, update

from domain.records import Kind
from ledger.database import Transaction
from ledger.holds import INBOX, LEVEL, MESSAGE
from ledger.rows import table
from ledger.tables import Cause, Hold, Inbox, Message

_cause, _hold, _inbox, _message = table(Cause), table(Hold), table(Inbox), table(Message)
_SENDING = "sending until "
_SHOWN_BY = {"channel", "timestamp", "shown", "told_at"}


@dataclass(frozen=True)
class Impact:
    """How much waits for a cause; once it is closed, how much did."""

    orders: int = 0
    dispatches: int = 0
    skus: int = 0


@dataclass(frozen=True)
class Alert:
    """A cause as people should see it, and where it is shown.

    `closed_as` is how its last hold left. `shown` is the fingerprint of what Slack shows, empty
    where that is not known, or the mark of a sender that is at work. `told_at` is when somebody was
    last told of it.
    """

    cause_id: int
    installation: str
    signature: str
    type: str
    owner: str
    title: str
    detail: str
    count: int
    impact: Impact
    opened_at: datetime
    first_deadline_at: datetime | None = None
    closed_at: datetime | None = None
    closed_as: str = ""
    run_id: str = ""
    fix: dict[str, Any] | None = None
    escalated_to: str = ""
    escalated_at: datetime | None = None
    taken_by: str = ""
    taken_at: datetime | None = None
    channel: str = ""
    timestamp: str = ""
    shown: str = ""
    told_at: datetime | None = None

    def fingerprint(self) -> str:
        """Return a hash of everything but where and when it was shown."""
        content = [str(getattr(self, one.name)) for one in fields(self) if one.name not in _SHOWN_BY]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    @property
    def posted(self) -> bool:
        """Tell whether Slack has a message for it."""
        return bool(self.channel)

    @property
    def untold(self) -> bool:
        """Tell whether its last escalation is still to be told: to whom, an edit would not tell."""
        if self.escalated_at is None or self.taken_at is not None or self.closed_at is not None:
            return False
        return self.told_at is None or self.told_at < self.escalated_at


def owed(tx: Transaction) -> list[tuple[str, int]]:
    """Return the installation and number of every cause whose alert is owed, of all installations, oldest first."""
    rows = tx.rows(select(_cause.c.installation, _cause.c.id).where(_cause.c.alert_owed).order_by(_cause.c.id))
    return [(row.installation, row.id) for row in rows]


def owed_types(tx: Transaction) -> set[str]:
    """Return the types of the causes whose alerts are owed."""
    return {row.type for row in tx.rows(select(_cause.c.type).where(_cause.c.alert_owed).distinct())}


def take(tx: Transaction, cause_id: int) -> Alert | None:
    """Return an alert that is owed; None when it is not owed any more, or another sender is at work on it."""
    row = tx.one(select(_cause).where(_cause.c.id == cause_id, _cause.c.alert_owed))
    if row is None:
        return None
    if row.alert_shown.startswith(_SENDING) and datetime.fromisoformat(row.alert_shown[len(_SENDING) :]) > tx.now:
        return None
    return _read(tx, row)


def mark(tx: Transaction, alert: Alert, until: datetime) -> str:
    """Note that a sender is at work until a moment, and return its mark, which proves it later.

    Two senders never post the same alert; only a crash between the post and its note can repeat one.
    """
    sending = f"{_SENDING}{until.isoformat()}"
    tx.run(update(_cause).where(_cause.c.id == alert.cause_id).values(alert_shown=sending))
    return sending


def settle(tx: Transaction, alert: Alert) -> None:
    """Note that nothing is to be sent for this alert as it is."""
    tx.run(update(_cause).where(_cause.c.id == alert.cause_id).values(alert_owed=False))


def shown(tx: Transaction, alert: Alert, sending: str, channel: str, timestamp: str) -> None:
    """Note what Slack shows now, and where, and who was told by it; what changed meanwhile stays owed."""
    row = tx.one(select(_cause).where(_cause.c.id == alert.cause_id))
    if row is None or row.alert_shown != sending:
        return
    now = _read(tx, row)
    tx.run(
        update(_cause)
        .where(_cause.c.id == alert.cause_id)
        .values(
            slack_channel=channel,
            slack_timestamp=timestamp,
            alert_shown=alert.fingerprint(),
            alert_owed=now.fingerprint() != alert.fingerprint(),
            told_at=_told_at(tx, alert),
        )
    )


def _told_at(tx: Transaction, alert: Alert) -> datetime:
    """Return when somebody was last told, now that this alert is shown. Clocks of two workers differ: a step that was told is told."""
    if alert.told_at is not None and not alert.untold:
        return alert.told_at
    return max(tx.now, alert.escalated_at or tx.now)


def not_shown(tx: Transaction, alert: Alert, sending: str, *, gone: bool) -> None:
    """Give an alert back that Slack did not take: it stays owed. `gone`: its message is not there any more."""
    values = {"alert_shown": "", **({"slack_channel": "", "slack_timestamp": ""} if gone else {})}
    tx.run(update(_cause).where(_cause.c.id == alert.cause_id, _cause.c.alert_shown == sending).values(**values))


def _read(tx: Transaction, row: Any) -> Alert:
    return Alert(
        cause_id=row.id,
        installation=row.installation,
        signature=row.signature,
        type=row.type,
        owner=row.owner,
        title=row.title,
        detail=row.detail,
        count=row.count,
        impact=_impact(tx, row.id, still_open=row.closed_at is None),
        opened_at=row.opened_at,
        first_deadline_at=row.first_deadline_at,
        closed_at=row.closed_at,
        closed_as=_closed_as(tx, row.id) if row.closed_at else "",
        run_id=row.run_id,
        fix=row.fix,
        escalated_to=row.escalated_to,
        escalated_at=row.escalated_at,
        taken_by=row.taken_by,
        taken_at=row.taken_at,
        channel=row.slack_channel,
        timestamp=row.slack_timestamp,
        shown=row.alert_shown,
        told_at=row.told_at,
    )


def _impact(tx: Transaction, cause_id: int, *, still_open: bool) -> Impact:
    of_cause = [_hold.c.cause_id == cause_id, *([_hold.c.closed_at.is_(None)] if still_open else [])]

    def ids(subject: str) -> Any:
        return select(cast(_hold.c.subject_id, Integer)).where(*of_cause, _hold.c.subject == subject)

    orders = tx.value(select(func.count(_hold.c.order_key.distinct())).where(*of_cause, _hold.c.order_key != ""))
    skus = tx.value(select(func.count(_hold.c.subject_id.distinct())).where(*of_cause, _hold.c.subject == LEVEL))
    dispatches = sum(
        tx.value(select(func.count()).where(one.c.kind == Kind.DISPATCH.value, one.c.id.in_(ids(subject))))
        for one, subject in ((_inbox, INBOX), (_message, MESSAGE))
    )
    return Impact(orders, dispatches, skus)


def _closed_as(tx: Transaction, cause_id: int) -> str:
    last = select(_hold.c.closed_as).where(_hold.c.cause_id == cause_id).order_by(_hold.c.closed_at.desc()).limit(1)
    return tx.value(last) or ""
