"""Which account an order came over, what a side of an installation works with, and the listings that it left."""

import sqlalchemy as sa
from alembic import op

import ledger.tables

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_WITH_ACCOUNT = ("inbox", "message", "sales_order")


def upgrade() -> None:
    """Apply: every row that is there came over the account of today."""
    for name in _WITH_ACCOUNT:
        with op.batch_alter_table(name, schema=None) as batch_op:
            batch_op.add_column(sa.Column("account", sa.String(), nullable=False, server_default=""))
        with op.batch_alter_table(name, schema=None) as batch_op:
            batch_op.alter_column("account", server_default=None)
    op.create_table(
        "account",
        sa.Column("installation", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("since", ledger.tables.Moment(timezone=True), nullable=False),
        sa.Column("left_at", ledger.tables.Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("installation", "side", "account", name=op.f("pk_account")),
    )
    op.create_table(
        "former_listing",
        sa.Column("installation", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("stock_number", sa.String(), nullable=False),
        sa.Column("listing_id", sa.String(), nullable=False),
        sa.Column("ticket", sa.String(), nullable=True),
        sa.Column("proofs", sa.Integer(), nullable=False),
        sa.Column("due_at", ledger.tables.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("installation", "account", "sku", name=op.f("pk_former_listing")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("former_listing")
    op.drop_table("account")
    for name in reversed(_WITH_ACCOUNT):
        with op.batch_alter_table(name, schema=None) as batch_op:
            batch_op.drop_column("account")
