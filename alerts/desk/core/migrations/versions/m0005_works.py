"""Planned works, and the alarms that belong to them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FIRES = sa.text("ends_at IS NULL AND released_at IS NULL")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "works",
        sa.Column("id", KEY, nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("elements", sa.JSON(), nullable=False),
        sa.Column("sites", sa.JSON(), nullable=False),
        sa.Column("channels", sa.JSON(), nullable=False),
        sa.Column("starts", sa.Text(), nullable=False),
        sa.Column("ends", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("over_at", sa.BigInteger(), nullable=False),
        sa.Column("recurrence", sa.Text(), nullable=False),
        sa.Column("skipped", sa.JSON(), nullable=False),
        sa.Column("approver", sa.Text(), nullable=False),
        sa.Column("impact", sa.Text(), nullable=False),
        sa.Column("back_out", sa.Text(), nullable=False),
        sa.Column("cancelled_at", sa.BigInteger()),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_works"),
        sa.UniqueConstraint("uid", name="uq_works_uid"),
    )
    op.create_index("ix_works_over_at", "works", ["over_at"])
    op.create_table(
        "works_alarm",
        sa.Column("id", KEY, nullable=False),
        sa.Column("works_id", KEY, nullable=False),
        sa.Column("problem_key", sa.String(64), nullable=False),
        sa.Column("group_labels", sa.JSON(), nullable=False),
        sa.Column("group_annotations", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger()),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("late", sa.Integer(), nullable=False),
        sa.Column("released_at", sa.BigInteger()),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("annotations", sa.JSON(), nullable=False),
        sa.Column("generator_url", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_works_alarm"),
        sa.ForeignKeyConstraint(["works_id"], ["works.id"], name="fk_works_alarm_works_id", ondelete="CASCADE"),
        sa.UniqueConstraint(
            "problem_key", "fingerprint", "starts_at", name="uq_works_alarm_problem_key_fingerprint_starts_at"
        ),
    )
    op.create_index("ix_works_alarm_works_id", "works_alarm", ["works_id"])
    op.create_index("ix_works_alarm_firing", "works_alarm", ["id"], sqlite_where=FIRES, postgresql_where=FIRES)
