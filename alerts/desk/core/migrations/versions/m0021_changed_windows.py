"""Works that take place on further dates, and single windows of a series that were changed."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("works", sa.Column("added", sa.JSON(), nullable=False, server_default=sa.text("'[]'")))
    op.add_column("works", sa.Column("series", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.add_column("works", sa.Column("instance", sa.BigInteger()))
    op.create_index("ix_works_series", "works", ["series"])
