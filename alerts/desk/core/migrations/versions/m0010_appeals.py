"""Appeals: what customers complain about, their contacts, links and free months."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("status NOT IN ('closed', 'rejected', 'cancelled')")


def upgrade() -> None:
    """Add the tables; the event log of appeals cannot be rewritten."""
    _contacts()
    _appeals()
    _events()
    _interactions()
    _links()
    _compensations()


def _contacts() -> None:
    op.create_table(
        "appeal_contact",
        sa.Column("id", KEY, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("delete_after", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_appeal_contact"),
    )
    op.create_index("ix_appeal_contact_delete_after", "appeal_contact", ["delete_after"])


def _appeals() -> None:
    op.create_table(
        "appeal",
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("status_reason", sa.String(16), nullable=False),
        sa.Column("status_at", sa.BigInteger(), nullable=False),
        sa.Column("queue", sa.String(16), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("entry", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("code_group", sa.String(32), nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("answer_by", sa.String(16), nullable=False),
        sa.Column("fault", sa.String(16), nullable=False),
        sa.Column("claim", sa.Boolean(), nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("request_due", sa.Boolean(), nullable=False),
        sa.Column("crm_ref", sa.String(64), nullable=False),
        sa.Column("cabinet_ref", sa.String(64), nullable=False),
        sa.Column("customer", sa.String(64), nullable=False),
        sa.Column("contact_id", KEY),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("appealed_at", sa.BigInteger(), nullable=False),
        sa.Column("registered_at", sa.BigInteger(), nullable=False),
        sa.Column("deadline_at", sa.BigInteger()),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("delivered_at", sa.BigInteger()),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_appeal"),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["appeal_contact.id"], name="fk_appeal_contact_id", ondelete="SET NULL"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_appeal_open",
        "appeal",
        ["customer", "service", "code"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    for column in ("due_at", "customer", "registered_at", "contact_id", "status"):
        op.create_index(f"ix_appeal_{column}", "appeal", [column])


def _events() -> None:
    op.create_table(
        "appeal_event",
        sa.Column("id", KEY, nullable=False),
        sa.Column("appeal_id", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_appeal_event"),
        sa.ForeignKeyConstraint(["appeal_id"], ["appeal.id"], name="fk_appeal_event_appeal_id", ondelete="CASCADE"),
    )
    op.create_index("ix_appeal_event_appeal_id", "appeal_event", ["appeal_id"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER appeal_event_no_update BEFORE UPDATE ON appeal_event "
            "BEGIN SELECT RAISE(ABORT, 'appeal_event is append-only'); END"
        )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION appeal_event_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'appeal_event is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER appeal_event_append_only BEFORE UPDATE ON appeal_event "
        "FOR EACH ROW EXECUTE FUNCTION appeal_event_append_only()"
    )


def _interactions() -> None:
    op.create_table(
        "interaction",
        sa.Column("id", KEY, nullable=False),
        sa.Column("appeal_id", KEY),
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_interaction"),
        sa.ForeignKeyConstraint(["appeal_id"], ["appeal.id"], name="fk_interaction_appeal_id", ondelete="CASCADE"),
    )
    op.create_index("ix_interaction_appeal_id", "interaction", ["appeal_id"])


def _links() -> None:
    op.create_table(
        "appeal_link",
        sa.Column("id", KEY, nullable=False),
        sa.Column("appeal_id", KEY, nullable=False),
        sa.Column("ticket_id", KEY, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_appeal_link"),
        sa.ForeignKeyConstraint(["appeal_id"], ["appeal.id"], name="fk_appeal_link_appeal_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_appeal_link_ticket_id", ondelete="CASCADE"),
        sa.UniqueConstraint("appeal_id", "ticket_id", name="uq_appeal_link_appeal_id_ticket_id"),
    )
    op.create_index("ix_appeal_link_ticket_id", "appeal_link", ["ticket_id"])


def _compensations() -> None:
    op.create_table(
        "compensation",
        sa.Column("id", KEY, nullable=False),
        sa.Column("appeal_id", KEY, nullable=False),
        sa.Column("claim_key", sa.String(200), nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("period_start", sa.BigInteger(), nullable=False),
        sa.Column("period_end", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("state_at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_compensation"),
        sa.ForeignKeyConstraint(["appeal_id"], ["appeal.id"], name="fk_compensation_appeal_id"),
        sa.UniqueConstraint("appeal_id", name="uq_compensation_appeal_id"),
        sa.UniqueConstraint("claim_key", name="uq_compensation_claim_key"),
    )
    op.create_index("ix_compensation_state", "compensation", ["state"])
