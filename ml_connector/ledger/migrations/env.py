"""Alembic's entry: runs over the connection that `ledger.database.schema` hands in, inside its transaction."""

from alembic import context

from ml_connector.ledger.tables.documents import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    transaction_per_migration=False,
)
context.run_migrations()
