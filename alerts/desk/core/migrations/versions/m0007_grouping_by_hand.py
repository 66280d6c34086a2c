"""Why each effect belongs to its ticket, and what engineers merged and split."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column("alarm", sa.Column("cause_key", sa.String(64)))
    op.create_table(
        "grouped_by_hand",
        sa.Column("ticket_id", KEY, nullable=False, autoincrement=False),
        sa.Column("problem_key", sa.String(64), nullable=False),
        sa.Column("together", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "problem_key", name="pk_grouped_by_hand"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_grouped_by_hand_ticket_id", ondelete="CASCADE"),
    )
