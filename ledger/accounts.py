"""The accounts of an installation: the one that each side works with now, and those of the marketplace that it left.

A row without an `account` belongs to the marketplace's account of today; with the move it gets that account's name.
"""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import and_, delete, func, literal, select, union_all, update

from domain.installation import Side
from ledger import items
from ledger.database import Transaction
from ledger.rows import MINE, table, upsert
from ledger.stock_tables import FormerListing
from ledger.tables import AccountRow, Inbox, Message, SalesOrderRow, Watermark
from ledger.tables import Mapping as MappingRow

_account, _listing, _mapping = table(AccountRow), table(FormerListing), table(MappingRow)
_inbox, _message, _order, _watermark = table(Inbox), table(Message), table(SalesOrderRow), table(Watermark)
PROOFS = 2
"""How often a listing that was left has to be seen at zero, minutes apart: a number that was under way may come after."""
_JOINED = select(_account.c.side, _account.c.system, _account.c.account).where(
    _account.c.installation == MINE, _account.c.left_at.is_(None)
)
_UNFINISHED = union_all(
    *(
        select(literal(what).label("what"), rows.c.account, func.count().label("open"))
        .where(rows.c.installation == MINE, is_open)
        .group_by(rows.c.account)
        for what, rows, is_open in (
            ("orders", _order, and_(_order.c.final_at.is_(None), _order.c.account != "")),
            ("messages", _message, and_(_message.c.closed_at.is_(None), _message.c.account != "")),
            ("listings", _listing, _listing.c.proofs < PROOFS),
        )
    )
)


class Joined(NamedTuple):
    """An account, and the system by which it is reached."""

    system: str
    account: str


def joined(tx: Transaction) -> dict[Side, Joined]:
    """Return what each side works with, as far as a run has noted it."""
    return {Side(side): Joined(system, account) for side, system, account in tx.rows(_JOINED)}


def join(tx: Transaction, side: Side, now: Joined) -> None:
    """Note what a side works with from now on; what it worked with until now was left, or is reached otherwise."""
    of_side = (_account.c.installation == tx.installation, _account.c.side == side)
    others = (*of_side, _account.c.left_at.is_(None), _account.c.account != now.account)
    tx.run(update(_account).where(*others).values(left_at=tx.now))
    row: dict[str, object] = {"installation": tx.installation, "side": side.value, "account": now.account}
    row |= {"system": now.system, "since": tx.now, "left_at": None}
    upsert(tx, AccountRow, [row], ["installation", "side", "account"])


def strays(tx: Transaction, given: Mapping[Side, Joined]) -> dict[Side, Joined]:
    """Note what was not noted yet; return what the sides work with that is not what is given."""
    noted = joined(tx)
    for side in set(given) - set(noted):
        join(tx, side, given[side])
    return {side: noted[side] for side in noted if noted[side] != given[side]}


def unfinished(tx: Transaction) -> dict[str, dict[str, int]]:
    """Return, of each account that was left, how much of it is open: orders, messages and listings."""
    found: dict[str, dict[str, int]] = {}
    for what, account, count in tx.rows(_UNFINISHED):
        found.setdefault(account, {})[what] = int(count)
    return found


def leave(tx: Transaction, left: str, now: str) -> None:
    """Name the account that is left in everything that came over it; what came over `now`, once left, is today's again."""
    for former, latter in (("", left), (now, "")):
        for rows in (_inbox, _message, _order):
            of_market = (_inbox.c.side == Side.MARKETPLACE,) if rows is _inbox else ()
            mine = (rows.c.installation == tx.installation, rows.c.account == former, *of_market)
            tx.run(update(rows).where(*mine).values(account=latter))
        _rename_marks(tx, former, latter)
        for kind in (items.CARRIER, items.APPROVED_CARRIER):
            _rename_mappings(tx, items.of_account(kind, former), items.of_account(kind, latter))
    tx.run(delete(_listing).where(_listing.c.installation == tx.installation, _listing.c.account == now))


def forget_marks(tx: Transaction) -> int:
    """Forget how far the feeds of the marketplace's account of today were read; return how many were."""
    mine = (_watermark.c.installation == tx.installation, _watermark.c.feed.in_(_feeds(tx, "")))
    return tx.run(delete(_watermark).where(*mine))


def _feeds(tx: Transaction, account: str) -> list[str]:
    rows = tx.rows(select(_watermark.c.feed).where(_watermark.c.installation == tx.installation))
    of_market = [
        row.feed for row in rows if row.feed == "carriers" or row.feed.startswith(f"{Side.MARKETPLACE.value}:")
    ]
    named = [row.feed for row in rows if account and row.feed.endswith(f"@{account}")]
    return named if account else [feed for feed in of_market if "@" not in feed]


def _rename_marks(tx: Transaction, former: str, latter: str) -> None:
    for feed in _feeds(tx, former):
        new = f"{feed.partition('@')[0]}{latter and f'@{latter}'}"
        mine = _watermark.c.installation == tx.installation
        tx.run(delete(_watermark).where(mine, _watermark.c.feed == new))
        tx.run(update(_watermark).where(mine, _watermark.c.feed == feed).values(feed=new))


def _rename_mappings(tx: Transaction, former: str, latter: str) -> None:
    mine = _mapping.c.installation == tx.installation
    if tx.value(select(_mapping.c.kind).where(mine, _mapping.c.kind == former).limit(1)) is not None:
        tx.run(delete(_mapping).where(mine, _mapping.c.kind == latter))
        tx.run(update(_mapping).where(mine, _mapping.c.kind == former).values(kind=latter))
