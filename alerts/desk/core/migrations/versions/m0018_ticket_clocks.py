"""The deadlines of a ticket's running clocks as rows instead of three columns."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

# `vendor_by` was the first of the vendor's two clocks; which one it was is computed again when the desk starts.
FORMER = {"acknowledge": "acknowledge_by", "restore": "restore_by", "vendor": "vendor_by"}


def upgrade() -> None:
    """Create the table, move the deadlines there, and drop their columns."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "ticket_clock",
        sa.Column("ticket_id", number, sa.ForeignKey("ticket.id", ondelete="CASCADE"), autoincrement=False),
        sa.Column("name", sa.String(16)),
        sa.Column("deadline_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "name"),
    )
    for name, column in FORMER.items():
        op.execute(
            f"INSERT INTO ticket_clock (ticket_id, name, deadline_at) "  # noqa: S608 - our own names
            f"SELECT id, '{name}', {column} FROM ticket WHERE {column} IS NOT NULL"
        )
        op.drop_column("ticket", column)
