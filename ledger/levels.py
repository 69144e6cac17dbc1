"""Levels: what each listed SKU should show, and what was last published. No queue, no history, one in flight a SKU."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
    update,
)

from domain.installation import StockPolicy
from domain.records import Deducts
from domain.stock import available_to_sell
from ledger import orders, scans, tickets
from ledger.database import Transaction
from ledger.rows import MINE, NOW, insert_new, listed, table, upsert
from ledger.stock_tables import URGENCY, Level
from ledger.tables import Hold, ItemRow, Moment, OrderLineRow

_level, _item, _line, _hold = table(Level), table(ItemRow), table(OrderLineRow), table(Hold)
_CHUNK = 5000
_urgency = literal_column(URGENCY.text, Integer)
_RISE, _WITH_TICKET = 2, 3
_MINE = _level.c.installation == MINE
_OF_ATTEMPT = (
    update(_level)
    .where(_MINE, _level.c.sku == bindparam("of_sku"), _level.c.attempt == bindparam("of_attempt"))
    .values(sending=None, ticket=None, lease_until=None)
)
_quantity = bindparam("quantity", type_=Integer)
_TAKEN = _OF_ATTEMPT.values(
    published=_quantity,
    may_show=_quantity,
    published_at=NOW,
    proved_at=bindparam("proved", type_=Moment),
    owed=_level.c.wanted != _quantity,
    due_at=None,
)
_POSTPONED = _OF_ATTEMPT.values(due_at=bindparam("due", type_=Moment), owed=True)
_UNANSWERED = _POSTPONED.values(tries=_level.c.tries + 1)
_REFUSED = _UNANSWERED.values(may_show=bindparam("before", type_=Integer))


_KNOWN = select(_level.c.sku, _level.c.wanted, _level.c.published, _level.c.why).where(
    _MINE, listed(_level.c.sku, "skus")
)
_SEND = (
    update(_level)
    .where(_MINE, listed(_level.c.sku, "skus"))
    .values(
        sending=_level.c.wanted,
        attempt=_level.c.attempt + 1,
        lease_until=bindparam("until"),
        published=None,
        fewer=None,
        fewer_at=None,
        may_show=case((_level.c.may_show > _level.c.wanted, _level.c.may_show), else_=_level.c.wanted),
    )
)
_DUE_NOW = (
    update(_level)
    .where(_MINE, listed(_level.c.sku, "skus"), _level.c.due_at.is_not(None), _level.c.ticket.is_(None))
    .values(due_at=None)
)
_OWE_AGAIN = (
    update(_level)
    .where(_MINE, listed(_level.c.sku, "skus"), _level.c.published.is_not(None))
    .values(published=None, owed=True)
)
_ANY_OWED = select(_level.c.sku).where(_MINE, _level.c.owed).limit(1)


@dataclass(frozen=True, slots=True)
class Sending:
    """A level that this worker may publish until `lease_until`: the newest number, read at this moment.

    `before` is the most that the marketplace may show as long as it does not take it; `tries`, how often one was
    sent in vain by now.
    """

    sku: str
    quantity: int
    as_of: datetime
    attempt: int
    lease_until: datetime
    stock_number: str
    listing_id: str
    before: int | None = None
    tries: int = 0


def enrol(tx: Transaction) -> int:
    """Begin a level for every listing whose SKU the back office has; return how many are new."""
    new = tx.rows(
        select(_item.c.sku).where(
            _item.c.installation == tx.installation,
            _item.c.listed,
            _item.c.back_office_id != "",
            ~exists().where(_level.c.installation == _item.c.installation, _level.c.sku == _item.c.sku),
        )
    )
    rows = [
        {"installation": tx.installation, "sku": r.sku, "wanted": 0, "why": "no scan yet", "owed": False} for r in new
    ]
    insert_new(
        tx, Level, [{**row, "attempt": 0, "tries": 0, "zero_approved": False} for row in rows], ["installation", "sku"]
    )
    return len(rows)


def recompute(tx: Transaction, skus: Iterable[str], policy: StockPolicy) -> int:
    """Work out again what these SKUs should show; return how many of them changed."""
    as_of, _ = scans.trusted(tx)
    if as_of is None:
        return 0
    expired_before = tx.now - timedelta(minutes=policy.age_limit_minutes)
    wanted_skus = sorted(set(skus))
    changed = 0
    for start in range(0, len(wanted_skus), _CHUNK):
        chunk = wanted_skus[start : start + _CHUNK]
        known = {row.sku: row for row in tx.rows(_KNOWN, {"skus": chunk})}
        counts = scans.counts(tx, list(known), policy.pools, as_of, expired_before)
        in_flight = _in_flight(tx, {sku: counts[sku].as_of if sku in counts else as_of for sku in known})
        rows = []
        for sku, row in known.items():
            counted = counts.get(sku) or scans.Counted(as_of)
            wanted, why = 0, f"the last whole scan is older than {policy.age_limit_minutes} minutes: 0"
            if as_of > expired_before:
                wanted, why = available_to_sell(counted.units, in_flight.get(sku, {}), policy.buffer_for(sku))
            if (wanted, why) == (row.wanted, row.why):
                continue
            changed += wanted != row.wanted
            rows.append(
                {
                    "installation": tx.installation,
                    "sku": sku,
                    "wanted": wanted,
                    "wanted_as_of": counted.as_of,
                    "why": why,
                    "owed": row.published is None or row.published != wanted,
                    "attempt": 0,
                    "tries": 0,
                    "zero_approved": False,
                }
            )
        upsert(tx, Level, rows, ["installation", "sku"], keep=("attempt", "tries", "zero_approved"))
        due_now(tx, [row["sku"] for row in rows if row["wanted"] == 0 and known[row["sku"]].wanted != 0])
    return changed


def _in_flight(tx: Transaction, as_of: Mapping[str, datetime]) -> dict[str, dict[Deducts, int]]:
    """Return what is in flight for each SKU as of its own moment; nearly all share the last scan's."""
    found: dict[str, dict[Deducts, int]] = {}
    for moment in set(as_of.values()):
        found |= orders.in_flight(tx, [sku for sku, at in as_of.items() if at == moment], moment)
    return found


def touched_since(tx: Transaction, moment: datetime | None) -> set[str]:
    """Return the SKUs of order lines that were in flight, or came to be deducted, since `moment`."""
    since = moment or datetime.min.replace(tzinfo=tx.now.tzinfo)
    rows = tx.rows(
        select(_line.c.sku)
        .where(
            _line.c.installation == tx.installation,
            or_(_line.c.taken_at.is_(None), _line.c.taken_at >= since, _line.c.shipped_at >= since),
        )
        .distinct()
    )
    return {row.sku for row in rows}


def listed_skus(tx: Transaction) -> Iterator[list[str]]:
    """Yield, some at a time, every SKU that has a level."""
    last = ""
    while True:
        rows = tx.rows(
            select(_level.c.sku)
            .where(_level.c.installation == tx.installation, _level.c.sku > last)
            .order_by(_level.c.sku)
            .limit(_CHUNK)
        )
        if not rows:
            return
        yield [row.sku for row in rows]
        last = rows[-1].sku


def claim(
    tx: Transaction,
    limit: int,
    lease: timedelta,
    *,
    orders_seen_at: datetime | None,
    alone: bool = False,
    zero_overtakes: bool = False,
) -> list[Sending]:
    """Claim owed levels: drops to zero first, then falls, then rises.

    Zero goes at once. Every other number goes only when the orders were pulled whole from a moment
    (`orders_seen_at`) after its scan began: else it could offer again what was just sold, even where
    it is lower than what was published, since the channel takes its own sales off by itself.
    A hold stops rises only: what is to show less is sent all the same, as what shows is sold meanwhile.
    `alone`: nothing is claimed while any level is being sent, or its ticket is open, whoever sends it.
    With `zero_overtakes` a zero also goes past an unanswered ticket of another number.
    """
    if alone and tickets.under_way(tx):
        return []
    seen_at = orders_seen_at or datetime.min.replace(tzinfo=UTC)
    given = {"seen_at": seen_at}
    rows = tx.rows(_claimable(overtaking=True), {**given, "limit": limit}) if zero_overtakes else []
    rows += tx.rows(_claimable(overtaking=False), {**given, "limit": limit - len(rows)})
    until = tx.now + lease
    if rows:
        tx.run(_SEND, {"skus": [row.sku for row in rows], "until": until})
    return [
        Sending(
            row.sku,
            row.wanted,
            row.wanted_as_of or tx.now,
            row.attempt + 1,
            until,
            row.stock_number,
            row.listing_id,
            row.may_show,
            row.tries,
        )
        for row in rows
    ]


@cache
def _claimable(*, overtaking: bool) -> Select[Any]:
    """Return a statement of `claim`, built once: building it costs more than running it.

    It walks the index of what is owed in its order: what it costs is what it claims, however much is owed.
    """
    which: tuple[ColumnElement[bool], ...] = (_urgency < _WITH_TICKET,)
    if overtaking:
        which = (_urgency == _WITH_TICKET, _level.c.wanted == 0, _level.c.sending != 0)
    return (
        select(
            _level.c.sku,
            _level.c.wanted,
            _level.c.wanted_as_of,
            _level.c.attempt,
            _level.c.may_show,
            _level.c.tries,
            _item.c.stock_number,
            _item.c.listing_id,
        )
        .join(_item, (_item.c.installation == _level.c.installation) & (_item.c.sku == _level.c.sku))
        .where(
            _MINE,
            _level.c.owed,
            _item.c.listed,
            *which,
            or_(_level.c.lease_until.is_(None), _level.c.lease_until < NOW),
            or_(_level.c.due_at.is_(None), _level.c.due_at <= NOW),
            or_(_level.c.wanted == 0, _level.c.wanted_as_of < bindparam("seen_at", type_=Moment)),
            true() if overtaking else or_(_urgency < _RISE, ~held()),
        )
        .order_by(*((_level.c.sku,) if overtaking else (_urgency, _level.c.sku)))
        .limit(bindparam("limit"))
    )


def published(tx: Transaction, sending: Sending, *, proved: bool) -> bool:
    """The marketplace took the number; what is wanted may have moved on meanwhile. False when the claim was lost."""
    given = {"of_sku": sending.sku, "of_attempt": sending.attempt}
    return tx.run(_TAKEN, {**given, "quantity": sending.quantity, "proved": tx.now if proved else None}) == 1


def postponed(tx: Transaction, sendings: Sequence[Sending], due_at: datetime) -> int:
    """Nothing is known to be shown; the newest numbers are owed again from `due_at`. An old one is never replayed.

    Return how many claims were not lost meanwhile.
    """
    return tx.run(_POSTPONED, [{"of_sku": one.sku, "of_attempt": one.attempt, "due": due_at} for one in sendings])


def unanswered(tx: Transaction, sending: Sending, due_at: datetime) -> bool:
    """Nobody knows whether it was taken: the newest number is owed from `due_at`. False when the claim was lost."""
    return tx.run(_UNANSWERED, {"of_sku": sending.sku, "of_attempt": sending.attempt, "due": due_at}) == 1


def refused(tx: Transaction, sending: Sending, due_at: datetime) -> bool:
    """The marketplace did nothing, so what showed before shows still; what falls is tried again from `due_at`. False when the claim was lost."""
    given = {"of_sku": sending.sku, "of_attempt": sending.attempt, "due": due_at, "before": sending.before}
    return tx.run(_REFUSED, given) == 1


def due_now(tx: Transaction, skus: Sequence[str]) -> None:
    """Let what is owed of these SKUs wait for no moment any more; an answer that is awaited is."""
    if skus:
        tx.run(_DUE_NOW, {"skus": list(skus)})


def owe_again(tx: Transaction, skus: Iterable[str]) -> None:
    """What shows may be less than what was published (the channel took units off that nobody wants any more): send it."""
    if wanted := sorted(set(skus)):
        tx.run(_OWE_AGAIN, {"skus": wanted})


def waiting_zeroes(tx: Transaction) -> list[Any]:
    """Return the levels whose drop to zero waits."""
    return tx.rows(
        select(_level)
        .where(_level.c.installation == tx.installation, _level.c.zero_since.is_not(None))
        .order_by(_level.c.sku)
    )


def approve_zeroes(tx: Transaction) -> int:
    """Let the drops to zero that wait pass with the next scan; return how many."""
    return tx.run(
        update(_level)
        .where(_level.c.installation == tx.installation, _level.c.zero_since.is_not(None))
        .values(zero_approved=True)
    )


def is_owed(tx: Transaction) -> bool:
    """Tell whether any level is owed."""
    return tx.value(_ANY_OWED) is not None


def owed_count(tx: Transaction) -> int:
    """Return how many levels are owed."""
    return int(
        tx.value(
            select(func.count()).select_from(_level).where(_level.c.installation == tx.installation, _level.c.owed)
        )
        or 0
    )


def falls() -> ColumnElement[bool]:
    """Return the condition that the marketplace may show more of a level than is wanted."""
    return or_(_level.c.wanted == 0, _level.c.wanted < _level.c.may_show)


def held() -> ColumnElement[bool]:
    """Return the condition that a hold is open on a level."""
    return exists().where(
        _hold.c.installation == _level.c.installation,
        _hold.c.subject == "level",
        _hold.c.subject_id == _level.c.sku,
        _hold.c.closed_at.is_(None),
    )
