"""The tables, but those of stock. They are shapes for SQL only: hot paths use Core, and records are pydantic models elsewhere."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, Dialect, Index, LargeBinary, MetaData, UniqueConstraint, text
from sqlalchemy import Column as SqlColumn
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """An aware UTC time, on every database: some hand back times without a zone."""

    impl = SqlDateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """Write a moment once: many rows of a transaction share it (a fifth of the time of an import, measured)."""
        written = super().bind_processor(dialect)
        return None if written is None else lru_cache(maxsize=256)(written)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy names it
        """Refuse a naive time; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A time without a zone reached the ledger; make it aware where it is read.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy names it
        """Hand back an aware UTC time."""
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def moment(*, index: bool = False) -> Any:
    """Declare an optional time column."""
    return Field(default=None, sa_type=Moment, index=index)


def json_column() -> Any:
    """Declare an optional JSON column."""
    return Field(default=None, sa_type=JSON)


class Table(SQLModel):
    """The base of all tables; names of constraints are spelled out so that migrations can name them."""

    metadata = MetaData(naming_convention=NAMING)


class Payload(Table, table=True):
    """An original, split at the door: what holds no personal data, and the rest."""

    id: str = Field(primary_key=True)
    skeleton: bytes = Field(sa_column=SqlColumn(LargeBinary, nullable=False))
    person: bytes | None = Field(default=None, sa_column=SqlColumn(LargeBinary))
    kept_at: datetime = Field(sa_type=Moment)


class Inbox(Table, table=True):
    """A record as it last came. `gate` is passed, incomplete, held, rejected, waiting (to be gated again), or moved.

    `account` is the former marketplace account over which it came, empty for the one of today.
    """

    __table_args__ = (
        UniqueConstraint("installation", "side", "kind", "key"),
        Index("ix_inbox_installation_gate", "installation", "gate"),
    )
    id: int | None = Field(default=None, primary_key=True)
    installation: str
    side: str
    kind: str
    key: str
    version: int = 1
    fingerprint: str
    payload_id: str
    order_key: str = Field(default="", index=True)
    tracking: str = Field(default="", index=True)
    gate: str
    account: str = ""
    received_at: datetime = Field(sa_type=Moment)


class SalesOrderRow(Table, table=True):
    """An order, folded from what both sides said of it. `account`: the former marketplace account that it came over."""

    __tablename__ = "sales_order"
    __table_args__ = (Index("ix_sales_order_installation_final_at", "installation", "final_at"),)
    installation: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    reference: str = Field(index=True)
    external_id: str
    inbox_id: int
    back_office_id: str = Field(default="", index=True)
    placed_at: datetime = Field(sa_type=Moment)
    dispatch_by_at: datetime | None = moment()
    filed_at: datetime = Field(sa_type=Moment)
    taken_at: datetime | None = moment()
    acknowledged_at: datetime | None = moment()
    final_at: datetime | None = moment()
    awaits_tracking: bool = False
    account: str = ""


class OrderLineRow(Table, table=True):
    """An order line's life so far: every number is only ever raised."""

    __tablename__ = "order_line"
    __table_args__ = (Index("ix_order_line_installation_sku", "installation", "sku"),)
    installation: str = Field(primary_key=True)
    order_key: str = Field(primary_key=True)
    line: str = Field(primary_key=True)
    sku: str
    stock_number: str = ""
    ordered: int
    cancel_requested: int = 0
    cancelled: int = 0
    shipped: int = 0
    shipped_before: int = 0
    shipped_at: datetime | None = moment()
    dispatched: int = 0
    taken_at: datetime | None = moment()


class Message(Table, table=True):
    """An event owed. Facts only, each filled in once; the state is derived from them. `account` is its order's."""

    __table_args__ = (
        UniqueConstraint("installation", "kind", "key"),
        Index("ix_message_open", "installation", "closed_at", "kind", "lane", "due_at"),
        Index("ix_message_order", "installation", "order_key", "side", "closed_at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    installation: str
    kind: str
    key: str
    order_key: str
    side: str
    inbox_id: int
    lines: list[dict[str, Any]] | None = json_column()
    lane: int = 1
    created_at: datetime = Field(sa_type=Moment)
    due_at: datetime = Field(sa_type=Moment)
    deadline_at: datetime | None = moment()
    attempted_at: datetime | None = moment()
    attempt: int = 0
    resends: int = 0
    lease_until: datetime | None = moment()
    ticket: str | None = None
    evidence: str | None = None
    external_id: str = ""
    closed_at: datetime | None = moment()
    closed_as: str | None = None
    closed_by: str | None = None
    account: str = ""


class Hold(Table, table=True):
    """Something that waits for evidence, for the mend of its cause, or for a person."""

    __table_args__ = (
        Index("ix_hold_open", "installation", "closed_at"),
        Index("ix_hold_subject", "installation", "subject", "subject_id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    installation: str
    type: str
    owner: str
    cause_id: int = Field(index=True)
    subject: str
    subject_id: str
    order_key: str = Field(default="", index=True)
    detail: str
    opened_at: datetime = Field(sa_type=Moment)
    deadline_at: datetime | None = moment()
    closed_at: datetime | None = moment()
    closed_as: str | None = None
    closed_by: str | None = None


_UNTAKEN = text("closed_at IS NULL AND taken_at IS NULL")


class Cause(Table, table=True):
    """What several holds, or a failed run, have in common: one cause is one alert.

    `told_at` is when somebody was last told of it, by a message or a step of its escalation; an edit tells nobody.
    `escalated_at` after it: that step is still to be told.
    """

    __table_args__ = (
        Index("ix_cause_signature", "installation", "signature", "closed_at"),
        Index("ix_cause_alert_owed", "alert_owed"),
        Index("ix_cause_untaken", "installation", "told_at", sqlite_where=_UNTAKEN, postgresql_where=_UNTAKEN),
    )
    id: int | None = Field(default=None, primary_key=True)
    installation: str
    signature: str
    type: str
    owner: str
    title: str
    detail: str
    count: int = 0
    first_deadline_at: datetime | None = moment()
    opened_at: datetime = Field(sa_type=Moment)
    closed_at: datetime | None = moment()
    run_id: str = ""
    fix: dict[str, Any] | None = json_column()
    slack_channel: str = ""
    slack_timestamp: str = ""
    alert_owed: bool = True
    alert_shown: str = ""
    told_at: datetime | None = moment()
    escalated_to: str = ""
    escalated_at: datetime | None = moment()
    taken_by: str = ""
    taken_at: datetime | None = moment()


class ItemRow(Table, table=True):
    """One SKU with what each side calls it."""

    __tablename__ = "item"
    __table_args__ = (Index("ix_item_stock_number", "installation", "stock_number"),)
    installation: str = Field(primary_key=True)
    sku: str = Field(primary_key=True)
    ean: str = ""
    stock_number: str = ""
    listing_ean: str = ""
    listing_id: str = ""
    back_office_id: str = ""
    sellable: bool = False
    listed: bool = False
    seen_at: datetime | None = moment()


class Mapping(Table, table=True):
    """One reviewed translation, such as a carrier to the marketplace's code. The table rules; the file seeds it."""

    installation: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    target: str
    owner: str
    review_on: str
    by: str
    at: datetime = Field(sa_type=Moment)


class Watermark(Table, table=True):
    """How far a feed was read, and when the last whole pull began."""

    installation: str = Field(primary_key=True)
    feed: str = Field(primary_key=True)
    cursor: str | None = None
    began_at: datetime | None = moment()
    completed_at: datetime | None = moment()


class AccountRow(Table, table=True):
    """An account that one side of an installation works with, or (`left_at`) moved away from."""

    __tablename__ = "account"
    installation: str = Field(primary_key=True)
    side: str = Field(primary_key=True)
    account: str = Field(primary_key=True)
    system: str
    since: datetime = Field(sa_type=Moment)
    left_at: datetime | None = moment()


class BudgetRow(Table, table=True):
    """The permits of one account's call budget."""

    __tablename__ = "budget"
    key: str = Field(primary_key=True)
    permits: float
    at: datetime = Field(sa_type=Moment)
    closed_until: datetime | None = moment()
    calls: int = 0
    refused: int = 0


class Event(Table, table=True):
    """The journal: append only, no personal data, each row with its run."""

    __table_args__ = (
        Index("ix_event_order", "installation", "order_key"),
        Index("ix_event_run", "run_id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=Moment)
    installation: str
    run_id: str
    order_key: str = ""
    kind: str
    key: str
    what: str
    detail: str = ""


class Evidence(Table, table=True):
    """The original of an answer that a person may want to see; it counts as personal data."""

    id: str = Field(primary_key=True)
    account: str
    route: str
    body: bytes = Field(sa_column=SqlColumn(LargeBinary, nullable=False))
    kept_at: datetime = Field(sa_type=Moment)
