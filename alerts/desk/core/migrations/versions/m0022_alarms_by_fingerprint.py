"""Alarms are found by their fingerprints, whatever group Alertmanager brings them in."""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Add the indexes."""
    op.create_index("ix_alarm_fingerprint", "alarm", ["fingerprint"])
    op.create_index("ix_works_alarm_fingerprint", "works_alarm", ["fingerprint"])
