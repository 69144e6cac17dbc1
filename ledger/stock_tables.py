"""The tables of stock: what was counted, what each listing is to show, and what it was last proved to show."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column as SqlColumn
from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field

from ledger.tables import Moment, Table, moment

_DATED = text("counted_at IS NOT NULL")

URGENCY = text(
    """(
CASE
    WHEN ticket IS NOT NULL THEN 3
    WHEN wanted = 0 THEN 0
    WHEN wanted < may_show THEN 1
    ELSE 2
END)"""
)
"""In which order levels are sent: drops to zero, falls, rises; after them those that a ticket is open for.

It is written as PostgreSQL shows it, so that tables and migrations can be compared.
"""


def _some(name: str, which: str, *columns: Any) -> Index:
    """Return an index of few of a large table's rows; a query must say `which` in the same words to use it."""
    return Index(
        name, *columns, sqlite_where=text("owed = 1" if which == "owed" else which), postgresql_where=text(which)
    )


class StockCount(Table, table=True):
    """The last trusted count of one SKU in one pool.

    `counted_at` is when it was last true, where a later scan did not show it or was not believed
    for it; None: as of the last trusted scan.
    """

    __tablename__ = "stock_count"
    __table_args__ = (
        UniqueConstraint("installation", "sku", "pool", "deducts"),
        Index("ix_stock_count_dated", "installation", "counted_at", sqlite_where=_DATED, postgresql_where=_DATED),
    )
    id: int | None = Field(default=None, primary_key=True)
    installation: str
    sku: str
    pool: str
    deducts: str
    quantity: int
    counted_at: datetime | None = moment()


class StockChange(Table, table=True):
    """A count that the running scan found changed; applied only when the scan is proved whole. `count_id`: where it is known."""

    __tablename__ = "stock_change"
    __table_args__ = ({"sqlite_with_rowid": False},)
    installation: str = Field(primary_key=True)
    sku: str = Field(primary_key=True)
    pool: str = Field(primary_key=True)
    deducts: str = Field(primary_key=True)
    quantity: int
    count_id: int | None = None


class Scan(Table, table=True):
    """The stock scan that is running, and the last trusted one."""

    installation: str = Field(primary_key=True)
    began_at: datetime | None = moment()
    cursor: str | None = None
    rows: int = 0
    seen: bytes | None = Field(default=None, sa_column=SqlColumn(LargeBinary))
    trusted_at: datetime | None = moment()
    trusted_rows: int = 0
    refused: int = 0


class Level(Table, table=True):
    """The stock of one listed SKU: what is wanted, and what was last proved.

    `may_show` is the most that the marketplace may show of what was sent, also while nobody knows what is
    `published`; None: nothing was ever taken. `tries` counts what was sent in vain since a number was last proved.
    """

    __table_args__ = (
        _some("ix_level_owed", "owed", "installation", URGENCY, "sku"),
        _some("ix_level_sending", "sending IS NOT NULL", "installation", "ticket", "sku"),
        _some("ix_level_unproved", "published IS NOT NULL AND proved_at IS NULL", "installation", "published_at"),
        _some("ix_level_owed_since", "owed_since IS NOT NULL", "installation", "owed_since"),
    )
    installation: str = Field(primary_key=True)
    sku: str = Field(primary_key=True)
    wanted: int = 0
    wanted_as_of: datetime | None = moment()
    why: str = ""
    published: int | None = None
    may_show: int | None = None
    published_at: datetime | None = moment()
    proved_at: datetime | None = moment()
    owed: bool = True
    owed_since: datetime | None = moment()
    sending: int | None = None
    attempt: int = 0
    tries: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    lease_until: datetime | None = moment()
    due_at: datetime | None = moment()
    ticket: str | None = None
    zero_since: datetime | None = moment()
    zero_approved: bool = False


class FormerListing(Table, table=True):
    """A listing of an account that was left: it is to show zero, and is looked at again when it is due.

    `proofs` counts how often in a row it was seen at zero.
    """

    __tablename__ = "former_listing"
    installation: str = Field(primary_key=True)
    account: str = Field(primary_key=True)
    sku: str = Field(primary_key=True)
    stock_number: str = ""
    listing_id: str = ""
    ticket: str | None = None
    proofs: int = 0
    due_at: datetime = Field(sa_type=Moment)
