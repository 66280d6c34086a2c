"""Batches of free months that billing confirms; one at a time is not confirmed."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0011"


def upgrade() -> None:
    """Add the columns and the index."""
    op.add_column("compensation_export", sa.Column("unconfirmed", sa.Boolean()))
    op.add_column("compensation_export", sa.Column("confirmed_at", sa.BigInteger()))
    op.add_column(
        "compensation_export", sa.Column("confirmed_by", sa.Text(), nullable=False, server_default=sa.text("''"))
    )
    op.create_index("uq_compensation_export_unconfirmed", "compensation_export", ["unconfirmed"], unique=True)
