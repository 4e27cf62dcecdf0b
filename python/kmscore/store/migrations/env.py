"""Alembic's entry: runs the migrations over the connection that `kmscore.store.upgrade` hands in."""

from alembic import context

from kmscore.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite commits nothing of a failed upgrade: all steps stand in one transaction, and the upgrade began with a copy.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
