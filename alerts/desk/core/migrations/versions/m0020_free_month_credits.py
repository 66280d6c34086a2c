"""What the agent found in the billing of each free month that was exported."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("compensation", sa.Column("watch", sa.String(16)))
    op.add_column("compensation", sa.Column("watched_at", sa.BigInteger()))
    op.add_column("compensation", sa.Column("verified_at", sa.BigInteger()))
