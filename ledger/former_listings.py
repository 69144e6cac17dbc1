"""The listings of an account that was left: each is to show zero, proved by what the marketplace shows."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from domain.records import Item
from ledger.accounts import PROOFS
from ledger.database import Transaction
from ledger.rows import among, insert_new, table
from ledger.stock_tables import FormerListing
from ledger.tables import ItemRow

_listing, _item = table(FormerListing), table(ItemRow)
_KEYS = ["installation", "account", "sku"]


def leave_listed(tx: Transaction, account: str) -> int:
    """Begin with all that is listed now; return how many they are. Asked again, nothing is begun twice."""
    rows = tx.rows(
        select(_item.c.sku, _item.c.stock_number, _item.c.listing_id).where(
            _item.c.installation == tx.installation, _item.c.listed
        )
    )
    _begin(tx, account, [row._asdict() for row in rows])
    return len(rows)


def seen(tx: Transaction, account: str, listings: Sequence[Item]) -> None:
    """Begin with those of these listings that were not known when the account was left."""
    named = [one for one in listings if one.sku]
    columns = [
        {"sku": one.sku, "stock_number": one.stock_number or "", "listing_id": one.external_id or ""} for one in named
    ]
    _begin(tx, account, columns)


def due(tx: Transaction, account: str, limit: int) -> list[Any]:
    """Return the listings that are to be looked at now, those with a ticket first."""
    mine = (_listing.c.installation == tx.installation, _listing.c.account == account)
    order = (_listing.c.ticket.is_(None), _listing.c.proofs, _listing.c.due_at, _listing.c.sku)
    return tx.rows(select(_listing).where(*mine, _listing.c.due_at <= tx.now).order_by(*order).limit(limit))


def under_way(tx: Transaction, account: str) -> bool:
    """Tell whether the marketplace still works on a file of zeroes."""
    mine = (_listing.c.installation == tx.installation, _listing.c.account == account)
    return tx.value(select(_listing.c.sku).where(*mine, _listing.c.ticket.is_not(None)).limit(1)) is not None


def note(tx: Transaction, account: str, skus: Iterable[str], due_at: datetime, **facts: object) -> None:
    """Note what was seen of these listings, and when they are looked at again."""
    mine = (_listing.c.installation == tx.installation, _listing.c.account == account)
    tx.run(update(_listing).where(*mine, among(tx, _listing.c.sku, sorted(skus))).values(due_at=due_at, **facts))


def proved(tx: Transaction, account: str, skus: Iterable[str], soon: datetime, later: datetime) -> None:
    """These were seen at zero: they are looked at again soon, until they were often enough, and then later."""
    note(tx, account, skus, soon, ticket=None, proofs=_listing.c.proofs + 1)
    enough = (_listing.c.installation == tx.installation, _listing.c.account == account, _listing.c.proofs >= PROOFS)
    tx.run(update(_listing).where(*enough, among(tx, _listing.c.sku, sorted(skus))).values(due_at=later))


def _begin(tx: Transaction, account: str, listings: Sequence[dict[str, Any]]) -> None:
    common = {"installation": tx.installation, "account": account, "ticket": None, "proofs": 0, "due_at": tx.now}
    insert_new(tx, FormerListing, [{**common, **one} for one in listings], _KEYS)
