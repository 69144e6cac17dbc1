"""Who took a cause, when somebody was last told of it, and whom its escalation has reached."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from ledger.tables import Moment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_INDEX, _SOME = "ix_cause_untaken", "closed_at IS NULL AND taken_at IS NULL"
_MOMENTS, _NAMES = ("told_at", "escalated_at", "taken_at"), ("escalated_to", "taken_by")


def upgrade() -> None:
    """Apply. What is shown already counts as told now: its owner has the whole time to take it."""
    with op.batch_alter_table("cause") as batch_op:
        for name in _MOMENTS:
            batch_op.add_column(sa.Column(name, Moment(timezone=True), nullable=True))
        for name in _NAMES:
            batch_op.add_column(sa.Column(name, sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("cause") as batch_op:
        for name in _NAMES:
            batch_op.alter_column(name, server_default=None)
    told_at = sa.column("told_at", Moment(timezone=True))
    cause = sa.table("cause", told_at, sa.column("closed_at"), sa.column("slack_channel"))
    shown = sa.and_(cause.c.closed_at.is_(None), cause.c.slack_channel != "")
    op.execute(sa.update(cause).where(shown).values(told_at=datetime.now(UTC)))
    op.create_index(
        _INDEX, "cause", ["installation", "told_at"], sqlite_where=sa.text(_SOME), postgresql_where=sa.text(_SOME)
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index(_INDEX, table_name="cause")
    with op.batch_alter_table("cause") as batch_op:
        for name in (*_NAMES, *_MOMENTS):
            batch_op.drop_column(name)
