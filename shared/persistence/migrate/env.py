"""Alembic environment: runs the migrations of a service on the connection opened by `migrate`."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
