"""Mail of appeals, one answer for all appeals of a ticket, and files of free months for billing."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FIRST = sa.text("status NOT IN ('closed', 'rejected', 'cancelled') AND NOT reopened")


def upgrade() -> None:
    """Add tables and columns; a reopened appeal may be open together with its successor."""
    op.add_column("appeal", sa.Column("reopened", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.drop_index("uq_appeal_open", "appeal")
    same = ["customer", "service", "code"]
    op.create_index("uq_appeal_open", "appeal", same, unique=True, sqlite_where=FIRST, postgresql_where=FIRST)
    _mail()
    _answers()
    _exports()


def _mail() -> None:
    op.create_table(
        "appeal_mail",
        sa.Column("id", KEY, nullable=False),
        sa.Column("appeal_id", KEY),
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("party", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("message_id", sa.String(255)),
        sa.Column("digest", sa.String(64)),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_appeal_mail"),
        sa.ForeignKeyConstraint(["appeal_id"], ["appeal.id"], name="fk_appeal_mail_appeal_id", ondelete="CASCADE"),
        sa.UniqueConstraint("message_id", name="uq_appeal_mail_message_id"),
        sa.UniqueConstraint("digest", name="uq_appeal_mail_digest"),
    )
    for column in ("appeal_id", "next_at", "state"):
        op.create_index(f"ix_appeal_mail_{column}", "appeal_mail", [column])


def _answers() -> None:
    op.create_table(
        "appeal_answer",
        sa.Column("id", KEY, nullable=False),
        sa.Column("ticket_id", KEY, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_appeal_answer"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_appeal_answer_ticket_id", ondelete="CASCADE"),
    )
    for column in ("ticket_id", "done_at"):
        op.create_index(f"ix_appeal_answer_{column}", "appeal_answer", [column])
    op.add_column("appeal_link", sa.Column("answer_id", KEY))
    op.create_index("ix_appeal_link_answer_id", "appeal_link", ["answer_id"])


def _exports() -> None:
    op.create_table(
        "compensation_export",
        sa.Column("id", KEY, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_compensation_export"),
    )
    op.add_column("compensation", sa.Column("export_id", KEY))
    op.create_index("ix_compensation_export_id", "compensation", ["export_id"])
