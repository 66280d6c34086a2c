"""The schema as SQLAlchemy tables. The migrations create it; a test compares the two.

Instants are whole microseconds since 1970 in UTC: both databases order, index and compare them alike.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.sql.schema import ScalarElementColumnDefault

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    """Return microseconds since 1970."""
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> int | None:
        """Return microseconds since 1970."""
        return None if value is None else micros(value)

    def result_processor(self, _dialect: Dialect, _coltype: object) -> Callable[[int | None], datetime | None]:
        """Return what makes instants in UTC of what is stored; a tenth of a page's values are such."""
        return lambda value: None if value is None else EPOCH + timedelta(microseconds=value)


# SQLite numbers rows by itself only where the key is declared INTEGER.
Key = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

OPEN = text("status NOT IN ('closed', 'rejected', 'cancelled')")

# The defaults are what a ticket holds that nobody touched yet; the database itself knows none.
ticket = Table(
    "ticket",
    metadata,
    Column("id", Key, primary_key=True),
    Column("version", Integer, nullable=False, default=0),  # rises with each change; a stale page is told so
    Column("problem_key", String(64), nullable=False),
    Column("labels", JSON, nullable=False, default={}),  # the group labels
    Column("site", Text, nullable=False, default=""),
    Column("node", Text, nullable=False, default=""),
    Column("names", JSON, nullable=False),  # title by language
    Column("descriptions", JSON, nullable=False),
    Column("runbook_url", Text, nullable=False, default=""),
    Column("severity", String(16), nullable=False),
    Column("priority", String(2), nullable=False),
    Column("priority_fixed", Boolean, nullable=False, default=False),  # an engineer chose it
    Column("ticket_type", Text, nullable=False),
    Column("status", String(16), nullable=False, default="acknowledged"),
    Column("status_at", Instant, nullable=False),
    Column("status_reason", Text, nullable=False, default=""),
    Column("firing", Integer, nullable=False, default=0),  # occurrences that still fire
    Column("automatic", Boolean, nullable=False, default=False),  # opened by alarms
    Column("unverified", Boolean, nullable=False, default=False),  # its alarms ended, the problem perhaps not
    Column("flapping", Boolean, nullable=False, default=False),
    Column("owner", Text, nullable=False, default=""),  # the engineer; empty: nobody took it
    Column("vendor", Text, nullable=False, default=""),  # with whom it is; empty: with the NCC
    Column("opened_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("resolved_at", Instant),
    Column("deadline_at", Instant),  # of the running clocks the first that ends: what the queue sorts by
    Column("verify_at", Instant),  # when to evaluate the conditions of alarms that ended
    Column("due_at", Instant),  # when the timers have to look at it next
    Column("impact", JSON(none_as_null=True)),  # how many viewers it concerns; NULL: not known
    Column("impact_rank", Float),  # how many are without service at most: what the queue sorts by within a priority
    Column("impact_at", Instant),  # when the impact was last computed
    # What keeps it from being ended: "open", a billing case that is not corrected; "watched", one that may come back.
    Column("kept_open", String(8), nullable=False, default="", server_default=text("''")),
    Column("extra", JSON, nullable=False, default={}),  # what other systems put into TMF621 fields of theirs
    # One problem, one open ticket: the database itself refuses a second one.
    Index("uq_ticket_open_problem", "problem_key", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
    Index("ix_ticket_due_at", "due_at"),
    Index("ix_ticket_status", "status"),
    Index("ix_ticket_opened_at", "opened_at"),
    # A number is never used again, not even after the retention deleted the newest ticket.
    sqlite_autoincrement=True,
)

# The running clocks of a ticket with their ends; one that does not run has no row.
ticket_clock = Table(
    "ticket_clock",
    metadata,
    Column("ticket_id", Key, ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("name", String(16), primary_key=True),
    Column("deadline_at", Instant, nullable=False),
)

alarm = Table(
    "alarm",
    metadata,
    Column("id", Key, primary_key=True),
    Column("ticket_id", Key, ForeignKey("ticket.id", ondelete="CASCADE"), nullable=False),
    Column("problem_key", String(64), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant),  # NULL: fires
    Column("changed_at", Instant, nullable=False),  # when the desk last heard something new of it
    Column("late", Integer, nullable=False),  # firing repeats heard after its end
    Column("labels", JSON, nullable=False),
    Column("annotations", JSON, nullable=False),
    Column("generator_url", Text, nullable=False),
    # Explained by an alarm of the ticket's own problem.
    Column("effect", Boolean, nullable=False, default=False, server_default=text("false")),
    Column("cause_key", String(64)),  # the problem that explains an effect
    UniqueConstraint("ticket_id", "fingerprint", "starts_at"),
    Index(
        "ix_alarm_firing",
        "ticket_id",
        sqlite_where=text("ends_at IS NULL"),
        postgresql_where=text("ends_at IS NULL"),
    ),
    Index("ix_alarm_problem_key_fingerprint_starts_at", "problem_key", "fingerprint", "starts_at"),
    Index("ix_alarm_fingerprint", "fingerprint"),
)

event = Table(
    "event",
    metadata,
    Column("id", Key, primary_key=True),
    Column("ticket_id", Key, ForeignKey("ticket.id", ondelete="CASCADE"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("actor", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Index("ix_event_ticket_id", "ticket_id"),
)

account = Table(
    "account",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("password", Text, nullable=False),  # argon2
    Column("language", String(2), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_login_at", Instant),
)

token = Table(
    "token",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),  # SHA-256: the token has 256 random bits
    Column("enabled", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),  # to the minute: not every request is worth a write
)

session = Table(
    "session",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("account_id", Key, ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("seen_at", Instant),  # when it was last used, to some seconds
    Index("ix_session_expires_at", "expires_at"),
)

login_failure = Table(
    "login_failure",
    metadata,
    Column("id", Key, primary_key=True),
    Column("subject", Text, nullable=False),  # an account name or a client address
    Column("at", Instant, nullable=False),
    Index("ix_login_failure_subject_at", "subject", "at"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Column("subject", Text),  # the account, token or target that it is about
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Key, primary_key=True),
    Column("ticket_id", Key, ForeignKey("ticket.id", ondelete="CASCADE")),
    Column("target", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", JSON, nullable=False),
    Column("state", String(8), nullable=False),  # pending, sent, dead; failed: a test, which is not tried again
    Column("attempts", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("next_at", Instant),  # NULL once sent or dead
    Column("error", Text, nullable=False),
    Column("done_at", Instant),  # when it was sent or given up
    # By recipient: "sent", "refused" with the reason, or "left" with the parts that it has not got.
    Column("told", JSON, nullable=False, default={}, server_default=text("'{}'")),
    Index("ix_outbox_next_at", "next_at"),
    Index("ix_outbox_ticket_id", "ticket_id"),
)

hub = Table(
    "hub",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("callback", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("api", String(16), nullable=False, default="TMF621", server_default=text("'TMF621'")),
)

# A ticket as correlation sees it: only tickets whose alarms name a layer have a row.
correlated = Table(
    "correlated",
    metadata,
    Column("ticket_id", Key, ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("labels", JSON, nullable=False),  # of the worst alarm
    Column("place", Text, nullable=False),
    Column("began", Instant, nullable=False),
    Column("kin", JSON(none_as_null=True)),  # what the alarms of an inferred cause have in common
    Column("cause_id", Key, ForeignKey("ticket.id", ondelete="SET NULL")),
    Column("why", JSON, nullable=False, default={}),  # one sentence by language
    Column("fixed", Boolean, nullable=False, default=False),  # not folded again by itself
    Index("ix_correlated_place", "place"),
    Index("ix_correlated_cause_id", "cause_id"),
)

# What engineers decided about problems: that they belong to a ticket, or that they do not.
grouped_by_hand = Table(
    "grouped_by_hand",
    metadata,
    Column("ticket_id", Key, ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("problem_key", String(64), primary_key=True),
    Column("together", Boolean, nullable=False),
)

# Problems that wait for their cause to be known; the alerts are kept as they came.
waiting = Table(
    "waiting",
    metadata,
    Column("problem_key", String(64), primary_key=True),
    Column("labels", JSON, nullable=False),
    Column("annotations", JSON, nullable=False),
    Column("alerts", JSON, nullable=False),
    Column("since", Instant, nullable=False),
)

works = Table(
    "works",
    metadata,
    Column("id", Key, primary_key=True),
    Column("uid", Text, nullable=False, unique=True),  # of iCalendar
    Column("title", Text, nullable=False),
    Column("elements", JSON, nullable=False),
    Column("sites", JSON, nullable=False),
    Column("channels", JSON, nullable=False),
    Column("starts", Text, nullable=False),  # wall-clock time of the time zone
    Column("ends", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("over_at", Instant, nullable=False),  # the end of the only window; of recurring ones the end of time
    Column("recurrence", Text, nullable=False),  # an RRULE; empty: once
    Column("skipped", JSON, nullable=False),
    Column("added", JSON, nullable=False, server_default=text("'[]'")),
    Column("series", Text, nullable=False, server_default=text("''")),  # the UID of what this is a changed window of
    Column("instance", Instant),  # when that window was to begin
    Column("approver", Text, nullable=False),  # empty: proposed only
    Column("impact", Text, nullable=False),
    Column("back_out", Text, nullable=False),
    Column("cancelled_at", Instant),
    Column("confirm_end", Boolean, nullable=False, default=False, server_default=text("false")),
    Column("finished_at", Instant),  # when their end was last confirmed
    Column("created_by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("ix_works_over_at", "over_at"),
    Index("ix_works_series", "series"),
)

# Occurrences of alarms that belong to planned works and have no ticket.
works_alarm = Table(
    "works_alarm",
    metadata,
    Column("id", Key, primary_key=True),
    Column("works_id", Key, ForeignKey("works.id", ondelete="CASCADE"), nullable=False),
    Column("problem_key", String(64), nullable=False),
    Column("group_labels", JSON, nullable=False),
    Column("group_annotations", JSON, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant),  # NULL: fires
    Column("changed_at", Instant, nullable=False),
    Column("late", Integer, nullable=False),
    Column("released_at", Instant),  # when it went on as the alarm of a ticket
    Column("labels", JSON, nullable=False),
    Column("annotations", JSON, nullable=False),
    Column("generator_url", Text, nullable=False),
    UniqueConstraint("problem_key", "fingerprint", "starts_at"),
    Index("ix_works_alarm_works_id", "works_id"),
    Index("ix_works_alarm_fingerprint", "fingerprint"),
    Index(
        "ix_works_alarm_firing",
        "id",
        sqlite_where=text("ends_at IS NULL AND released_at IS NULL"),
        postgresql_where=text("ends_at IS NULL AND released_at IS NULL"),
    ),
)

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("name", Text, primary_key=True),
    Column("at", Instant, nullable=False),
)


def defaults(table: Table) -> dict[str, object]:
    """Return what columns hold where nobody says otherwise."""
    known = {str(each.name): each.default for each in table.columns}
    return {name: each.arg for name, each in known.items() if isinstance(each, ScalarElementColumnDefault)}


# The inventory for HTTP discovery.
node = Table(
    "node",
    metadata,
    Column("name", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("address", Text, nullable=False, unique=True),
    Column("added_at", Instant, nullable=False),
)
