"""Mass appeals with their emergency ticket and their request to the supplier, and the route of each appeal."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0014"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
RUNNING = sa.text("ended_at IS NULL")


def upgrade() -> None:
    """Create the table and add the columns."""
    op.create_table(
        "appeal_mass",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("code_group", sa.String(32), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("ticket_id", KEY, sa.ForeignKey("ticket.id", ondelete="CASCADE"), nullable=False),
        sa.Column("mail_id", KEY),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
    )
    op.create_index("ix_appeal_mass_ticket_id", "appeal_mass", ["ticket_id"])
    op.create_index(
        "uq_appeal_mass_running",
        "appeal_mass",
        ["code_group", "region", "service"],
        unique=True,
        sqlite_where=RUNNING,
        postgresql_where=RUNNING,
    )
    op.add_column("appeal", sa.Column("route", sa.String(64)))
    op.add_column("appeal", sa.Column("mass_id", KEY))
    op.add_column("appeal", sa.Column("mass_mail_id", KEY))
    op.create_index("ix_appeal_mass_id", "appeal", ["mass_id"])
