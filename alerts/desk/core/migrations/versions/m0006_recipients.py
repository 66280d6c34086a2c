"""What became of a message for each of its recipients."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column; of what is there nobody is known to have got a part."""
    op.add_column("outbox", sa.Column("told", sa.JSON(), nullable=False, server_default=sa.text("'{}'")))
