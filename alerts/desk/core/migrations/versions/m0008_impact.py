"""How many viewers a ticket concerns."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("ticket", sa.Column("impact", sa.JSON()))
    op.add_column("ticket", sa.Column("impact_rank", sa.Float()))
    op.add_column("ticket", sa.Column("impact_at", sa.BigInteger()))
