"""The most that may show of a SKU, so that what falls is known even while nobody knows what is published; how often one was tried."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
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


def upgrade() -> None:
    """Apply: what is published is the most that may show."""
    op.drop_index("ix_level_owed", table_name="level")
    op.add_column("level", sa.Column("may_show", sa.Integer(), nullable=True))
    op.add_column("level", sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE level SET may_show = published WHERE published IS NOT NULL")
    _by_urgency("may_show")


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_level_owed", table_name="level")
    op.drop_column("level", "tries")
    op.drop_column("level", "may_show")
    _by_urgency("published")


def _by_urgency(shown: str) -> None:
    columns: list[sa.TextClause | str] = ["installation", sa.text(_URGENCY.format(shown=shown)), "sku"]
    op.create_index(
        "ix_level_owed", "level", columns, sqlite_where=sa.text("owed = 1"), postgresql_where=sa.text("owed")
    )
