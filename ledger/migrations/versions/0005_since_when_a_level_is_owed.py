"""Since when a level is owed, so that stock which nobody shows is noticed."""

import sqlalchemy as sa
from alembic import op

from ledger.tables import Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_INDEX, _SOME = "ix_level_owed_since", "owed_since IS NOT NULL"


def upgrade() -> None:
    """Apply."""
    op.add_column("level", sa.Column("owed_since", Moment(timezone=True), nullable=True))
    op.create_index(
        _INDEX, "level", ["installation", "owed_since"], sqlite_where=sa.text(_SOME), postgresql_where=sa.text(_SOME)
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index(_INDEX, table_name="level")
    op.drop_column("level", "owed_since")
