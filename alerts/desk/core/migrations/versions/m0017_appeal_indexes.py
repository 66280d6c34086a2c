"""Indexes for what is asked while customers appeal: what came in lately, and which members of a mass to tell."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Create the indexes."""
    op.create_index("ix_interaction_at", "interaction", ["at"])
    op.drop_index("ix_appeal_mass_id", "appeal")
    op.create_index("ix_appeal_mass_id", "appeal", ["mass_id", "mass_mail_id"])
