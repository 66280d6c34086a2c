"""Works whose end somebody confirms, and listeners of service problems."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("works", sa.Column("confirm_end", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.add_column("works", sa.Column("finished_at", sa.BigInteger()))
    op.add_column("hub", sa.Column("api", sa.String(16), nullable=False, server_default=sa.text("'TMF621'")))
