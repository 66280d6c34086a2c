"""When a session was last used."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; older sessions have none until they are used."""
    op.add_column("session", sa.Column("seen_at", sa.BigInteger()))
