"""Alembic's entry: migrations run on the connection that `migrate` opened."""

from alembic import context

from alerts.desk.core.appeal_tables import appeal
from alerts.desk.core.billing_tables import billing_case  # noqa: F401 - its tables join the others

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=appeal.metadata,
    on_version_apply=context.config.attributes.get("applied"),
)
context.run_migrations()
