"""The tables of billing cases: counts, sums and fingerprints, never an account."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from alerts.desk.core.tables import Instant, Key, metadata

billing_case = Table(
    "billing_case",
    metadata,
    Column("id", Key, primary_key=True),
    Column("version", Integer, nullable=False),  # rises with each change by people
    Column("ticket_id", Key, ForeignKey("ticket.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("service", String(64), nullable=False),
    Column("kind", String(16), nullable=False),  # missing, doubled, shown
    Column("state", String(8), nullable=False),  # open, watched, closed
    Column("reference", String(64), nullable=False, unique=True),  # `case_ref` of the corrections in the billing
    Column("key", String(64), nullable=False),  # of the fingerprint
    Column("opened_at", Instant, nullable=False),
    Column("since", Instant),  # when the fault began; NULL: not known yet
    Column("contained_at", Instant),
    Column("counted_at", Instant),  # up to when the agent counted last
    Column("figures", JSON, nullable=False),  # what it counted then
    Column("waived", JSON, nullable=False),  # stages that are not required, with the reason
    Column("compensation", JSON(none_as_null=True)),  # who is given what; NULL: nobody decided it
    Column("zero_since", Instant),  # since when nothing is open, wrong, twice or outside
    Column("clean", Boolean, nullable=False),  # whether a later run was complete
    Column("closed_at", Instant),
    Index("ix_billing_case_state", "state"),
    sqlite_autoincrement=True,
)

# The scope as it was frozen: each version is kept as it is.
billing_scope = Table(
    "billing_scope",
    metadata,
    Column("id", Key, primary_key=True),
    Column("case_id", Key, ForeignKey("billing_case.id", ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("final", Boolean, nullable=False),  # counted after the fault was contained
    Column("scope", JSON, nullable=False),
    UniqueConstraint("case_id", "version"),
)

# How far each stage was: the burn-down.
billing_count = Table(
    "billing_count",
    metadata,
    Column("id", Key, primary_key=True),
    Column("case_id", Key, ForeignKey("billing_case.id", ondelete="CASCADE"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("stages", JSON, nullable=False),
    Index("ix_billing_count_case_id", "case_id"),
)

billing_event = Table(
    "billing_event",
    metadata,
    Column("id", Key, primary_key=True),
    Column("case_id", Key, ForeignKey("billing_case.id", ondelete="CASCADE"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("data", JSON, nullable=False),
    Index("ix_billing_event_case_id", "case_id"),
)
