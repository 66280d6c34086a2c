"""Alembic's entry: migrations run on the connection that `migrate` opened."""

from alembic import context

from alerts.desk.core.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
