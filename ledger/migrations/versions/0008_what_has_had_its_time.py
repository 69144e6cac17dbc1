"""Indexes by which what has had its time is found; and orders that were final and did not say so are final now."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from ledger.tables import Moment

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_PARTIAL = {
    "ix_payload_person_kept_at": ("payload", ["kept_at"], "person IS NOT NULL"),
    "ix_payload_bare_kept_at": ("payload", ["kept_at"], "person IS NULL"),
    "ix_inbox_of_nobody": ("inbox", ["installation", "received_at"], "order_key = ''"),
}
_PLAIN = {
    "ix_inbox_payload_id": ("inbox", ["payload_id"]),
    "ix_sales_order_life": ("sales_order", ["installation", "final_at", "filed_at"]),
    "ix_cause_closed": ("cause", ["installation", "closed_at"]),
    "ix_event_order": ("event", ["installation", "order_key", "id"]),
    "ix_evidence_kept_at": ("evidence", ["kept_at"]),
}
_FORMER = {
    "ix_sales_order_installation_final_at": ("sales_order", ["installation", "final_at"]),
    "ix_event_order": ("event", ["installation", "order_key"]),
}


def upgrade() -> None:
    """Apply."""
    for name, (table, _) in _FORMER.items():
        op.drop_index(name, table_name=table)
    for name, (table, columns) in _PLAIN.items():
        op.create_index(name, table, columns)
    for name, (table, columns, some) in _PARTIAL.items():
        where = sa.text(some)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
    _mark_final()


def downgrade() -> None:
    """Take back."""
    for name, (table, _, _) in _PARTIAL.items():
        op.drop_index(name, table_name=table)
    for name, (table, _) in _PLAIN.items():
        op.drop_index(name, table_name=table)
    for name, (table, columns) in _FORMER.items():
        op.create_index(name, table, columns)


def _mark_final() -> None:
    """Let the clock of orders that were cancelled after their creation begin now: nothing else ever began it."""
    lines = (
        "SELECT 1 FROM order_line l WHERE l.installation = sales_order.installation AND l.order_key = sales_order.key"
    )
    statement = f"""UPDATE sales_order SET final_at = :now WHERE final_at IS NULL
        AND EXISTS ({lines}) AND NOT EXISTS ({lines} AND l.dispatched + l.cancelled < l.ordered)"""  # noqa: S608 - our own text
    op.get_bind().execute(
        sa.text(statement).bindparams(sa.bindparam("now", type_=Moment(timezone=True))), {"now": datetime.now(UTC)}
    )
