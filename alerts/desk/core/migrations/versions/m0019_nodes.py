"""The inventory of nodes for HTTP discovery."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "node",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False, unique=True),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
    )
