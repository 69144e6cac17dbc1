"""Of a large catalogue the levels that are owed, under way or to be read back are found without looking at the others."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_URGENCY = sa.text(
    """(
CASE
    WHEN ticket IS NOT NULL THEN 3
    WHEN wanted = 0 THEN 0
    WHEN wanted < published THEN 1
    ELSE 2
END)"""
)
_UNPROVED = "published IS NOT NULL AND proved_at IS NULL"


def upgrade() -> None:
    """Apply."""
    op.drop_index("ix_level_owed", table_name="level")
    _create("ix_level_owed", ["installation", _URGENCY, "sku"], "owed = 1", "owed")
    _create("ix_level_sending", ["installation", "ticket", "sku"], "sending IS NOT NULL", "sending IS NOT NULL")
    _create("ix_level_unproved", ["installation", "published_at"], _UNPROVED, _UNPROVED)


def downgrade() -> None:
    """Take back."""
    for name in ("ix_level_unproved", "ix_level_sending", "ix_level_owed"):
        op.drop_index(name, table_name="level")
    op.create_index("ix_level_owed", "level", ["installation", "owed", "wanted"])


def _create(name: str, columns: list[sa.TextClause | str], on_sqlite: str, on_postgresql: str) -> None:
    op.create_index(name, "level", columns, sqlite_where=sa.text(on_sqlite), postgresql_where=sa.text(on_postgresql))
