"""What may show of a SKU, what was seen of it, how often it was tried; messages to be sent in the order of their deadlines."""

import sqlalchemy as sa
from alembic import op

from ledger.tables import Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_URGENCY = """(
CASE
    WHEN ticket IS NOT NULL THEN 3
    WHEN wanted = 0 THEN 0
    WHEN wanted < {shown} THEN 1
    ELSE 2
END)"""


_FEWER = sa.text("fewer_at IS NOT NULL")
_TO_SEND = sa.text("closed_at IS NULL AND attempted_at IS NULL")


def upgrade() -> None:
    """Apply: what is published is the most that may show."""
    op.drop_index("ix_level_owed", table_name="level")
    op.add_column("level", sa.Column("may_show", sa.Integer(), nullable=True))
    op.add_column("level", sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("level", sa.Column("fewer", sa.Integer(), nullable=True))
    op.add_column("level", sa.Column("fewer_at", Moment(timezone=True), nullable=True))
    op.create_index(
        "ix_level_fewer", "level", ["installation", "fewer_at"], sqlite_where=_FEWER, postgresql_where=_FEWER
    )
    op.execute("UPDATE level SET may_show = published WHERE published IS NOT NULL")
    _by_urgency("may_show")
    columns: list[str | sa.TextClause] = [
        "installation",
        "kind",
        "account",
        "lane",
        sa.text("(deadline_at IS NULL)"),
        "deadline_at",
        "due_at",
        "id",
    ]
    op.create_index("ix_message_to_send", "message", columns, sqlite_where=_TO_SEND, postgresql_where=_TO_SEND)


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_message_to_send", table_name="message")
    op.drop_index("ix_level_owed", table_name="level")
    op.drop_index("ix_level_fewer", table_name="level")
    for name in ("fewer_at", "fewer", "tries"):
        op.drop_column("level", name)
    op.drop_column("level", "may_show")
    _by_urgency("published")


def _by_urgency(shown: str) -> None:
    columns: list[sa.TextClause | str] = ["installation", sa.text(_URGENCY.format(shown=shown)), "sku"]
    op.create_index(
        "ix_level_owed", "level", columns, sqlite_where=sa.text("owed = 1"), postgresql_where=sa.text("owed")
    )
