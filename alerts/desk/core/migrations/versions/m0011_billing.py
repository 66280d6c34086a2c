"""Billing cases with frozen scopes and counts, and what keeps a ticket open; it follows 0012, which came first."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0012"
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables and the column."""
    op.add_column("ticket", sa.Column("kept_open", sa.String(8), nullable=False, server_default=sa.text("''")))
    op.create_table(
        "billing_case",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("ticket_id", KEY, nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("reference", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger()),
        sa.Column("contained_at", sa.BigInteger()),
        sa.Column("counted_at", sa.BigInteger()),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("waived", sa.JSON(), nullable=False),
        sa.Column("compensation", sa.JSON()),
        sa.Column("zero_since", sa.BigInteger()),
        sa.Column("clean", sa.Boolean(), nullable=False),
        sa.Column("closed_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_billing_case"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_billing_case_ticket_id", ondelete="CASCADE"),
        sa.UniqueConstraint("ticket_id", name="uq_billing_case_ticket_id"),
        sa.UniqueConstraint("reference", name="uq_billing_case_reference"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_billing_case_state", "billing_case", ["state"])
    op.create_table(
        "billing_scope",
        sa.Column("id", KEY, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_billing_scope"),
        sa.ForeignKeyConstraint(["case_id"], ["billing_case.id"], name="fk_billing_scope_case_id", ondelete="CASCADE"),
        sa.UniqueConstraint("case_id", "version", name="uq_billing_scope_case_id_version"),
    )
    op.create_table(
        "billing_count",
        sa.Column("id", KEY, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("stages", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_billing_count"),
        sa.ForeignKeyConstraint(["case_id"], ["billing_case.id"], name="fk_billing_count_case_id", ondelete="CASCADE"),
    )
    op.create_index("ix_billing_count_case_id", "billing_count", ["case_id"])
    op.create_table(
        "billing_event",
        sa.Column("id", KEY, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_billing_event"),
        sa.ForeignKeyConstraint(["case_id"], ["billing_case.id"], name="fk_billing_event_case_id", ondelete="CASCADE"),
    )
    op.create_index("ix_billing_event_case_id", "billing_event", ["case_id"])
