"""Alembic runs this with the connection that `ledger.schema` hands it, inside that transaction."""

from alembic import context

from ledger.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
