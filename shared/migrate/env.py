"""Loaded by Alembic: run a service's versions on the connection that `migrate` opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
