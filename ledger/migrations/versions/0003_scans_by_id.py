"""What a scan changes is staged by the id of its count, and the few counts that have a moment of their own are found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_DATED = sa.text("counted_at IS NOT NULL")


def upgrade() -> None:
    """Apply: a scan that is under way begins anew."""
    op.drop_table("stock_change")
    _create_stock_change(sa.Column("count_id", sa.Integer(), nullable=True))
    op.execute("UPDATE scan SET began_at = NULL, cursor = NULL, seen = NULL")
    op.create_index(
        "ix_stock_count_dated",
        "stock_count",
        ["installation", "counted_at"],
        sqlite_where=_DATED,
        postgresql_where=_DATED,
    )


def downgrade() -> None:
    """Take back: a scan that is under way begins anew."""
    op.drop_index("ix_stock_count_dated", table_name="stock_count")
    op.drop_table("stock_change")
    _create_stock_change()
    op.execute("UPDATE scan SET began_at = NULL, cursor = NULL, seen = NULL")


def _create_stock_change(*more: sa.Column[int]) -> None:
    op.create_table(
        "stock_change",
        sa.Column("installation", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("pool", sa.String(), nullable=False),
        sa.Column("deducts", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        *more,
        sa.PrimaryKeyConstraint("installation", "sku", "pool", "deducts", name=op.f("pk_stock_change")),
        sqlite_with_rowid=not more,
    )
