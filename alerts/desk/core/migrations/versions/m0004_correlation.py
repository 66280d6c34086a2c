"""What belongs to one cause: effects of a ticket, tickets under a ticket, problems that wait for their cause."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TICKET = "ticket.id"


def upgrade() -> None:
    """Add the column and the tables; the alarms that are there are their tickets' own."""
    op.add_column("alarm", sa.Column("effect", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.create_table(
        "correlated",
        sa.Column("ticket_id", KEY, autoincrement=False, nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.Column("kin", sa.JSON()),
        sa.Column("cause_id", KEY),
        sa.Column("why", sa.JSON(), nullable=False),
        sa.Column("fixed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name="pk_correlated"),
        sa.ForeignKeyConstraint(["ticket_id"], [TICKET], name="fk_correlated_ticket_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["cause_id"], [TICKET], name="fk_correlated_cause_id", ondelete="SET NULL"),
    )
    op.create_index("ix_correlated_place", "correlated", ["place"])
    op.create_index("ix_correlated_cause_id", "correlated", ["cause_id"])
    op.create_table(
        "waiting",
        sa.Column("problem_key", sa.String(64), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("annotations", sa.JSON(), nullable=False),
        sa.Column("alerts", sa.JSON(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("problem_key", name="pk_waiting"),
    )
