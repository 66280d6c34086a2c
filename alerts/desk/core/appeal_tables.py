"""The tables of appeals. Who the customer is lies in `appeal_contact` and `interaction` alone, encrypted.

Everything else knows a customer by a keyed hash of the number, so statistics need no contact and lose nothing with it.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from alerts.desk.core.tables import OPEN, Instant, Key, metadata

FIRST = text(f"{OPEN.text} AND NOT reopened")
RUNNING = text("ended_at IS NULL")

appeal_contact = Table(
    "appeal_contact",
    metadata,
    Column("id", Key, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # number, e-mail and name
    Column("key_id", String(16), nullable=False),
    Column("delete_after", Instant),  # NULL: the appeal is open
    Index("ix_appeal_contact_delete_after", "delete_after"),
)

appeal = Table(
    "appeal",
    metadata,
    Column("id", Key, primary_key=True),
    Column("version", Integer, nullable=False),  # rises with each change; a stale page is told so
    Column("status", String(16), nullable=False),
    Column("status_reason", String(16), nullable=False),  # what a held one waits for
    Column("status_at", Instant, nullable=False),
    Column("queue", String(16), nullable=False),
    Column("owner", Text, nullable=False),  # who took it; empty: nobody
    Column("entry", String(16), nullable=False),  # 160, 165, cabinet
    Column("kind", String(16), nullable=False),  # complaint, request, billDispute
    Column("code", String(32), nullable=False),
    Column("code_group", String(32), nullable=False),
    Column("service", String(64), nullable=False),
    Column("region", String(64), nullable=False),  # empty: not known
    Column("answer_by", String(16), nullable=False),  # email, mobile, city
    Column("fault", String(16), nullable=False),
    Column("claim", Boolean, nullable=False),
    Column("repeats", Integer, nullable=False),
    Column("request_due", Boolean, nullable=False),  # the supplier has yet to be asked
    Column("crm_ref", String(64), nullable=False),
    Column("cabinet_ref", String(64), nullable=False),
    Column("customer", String(64), nullable=False),  # a keyed hash of the number
    Column("contact_id", Key, ForeignKey("appeal_contact.id", ondelete="SET NULL")),
    Column("terms", JSON, nullable=False),  # frozen at the registration
    Column("appealed_at", Instant, nullable=False),
    Column("registered_at", Instant, nullable=False),
    Column("deadline_at", Instant),  # of the answer; NULL: its clock does not run
    Column("due_at", Instant),  # when the timers have to look at it next
    Column("delivered_at", Instant),
    Column("late", Boolean, nullable=False),
    # An answer came back after the customer had appealed about the same again: both are open until both are answered.
    Column("reopened", Boolean, nullable=False, default=False, server_default=false()),
    Column("route", String(64)),  # the rows of `routes.toml` that fitted at the registration; NULL: not recorded
    Column("mass_id", Key),  # the row of `appeal_mass` that it is a member of
    Column("mass_mail_id", Key),  # by which request of its mass the supplier was asked; NULL: not by one
    # One customer, one open appeal about the same service and code.
    Index(
        "uq_appeal_open",
        "customer",
        "service",
        "code",
        unique=True,
        sqlite_where=FIRST,
        postgresql_where=FIRST,
    ),
    Index("ix_appeal_due_at", "due_at"),
    Index("ix_appeal_customer", "customer"),
    Index("ix_appeal_registered_at", "registered_at"),
    Index("ix_appeal_contact_id", "contact_id"),
    Index("ix_appeal_status", "status"),
    Index("ix_appeal_mass_id", "mass_id", "mass_mail_id"),
    sqlite_autoincrement=True,
)

appeal_event = Table(
    "appeal_event",
    metadata,
    Column("id", Key, primary_key=True),
    Column("appeal_id", Key, ForeignKey("appeal.id", ondelete="CASCADE"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("actor", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Index("ix_appeal_event_appeal_id", "appeal_id"),
)

# Each call, mail and message of the cabinet: TMF683's party interaction.
interaction = Table(
    "interaction",
    metadata,
    Column("id", Key, primary_key=True),
    Column("appeal_id", Key, ForeignKey("appeal.id", ondelete="CASCADE")),  # NULL: handed over without an appeal
    Column("direction", String(8), nullable=False),  # inbound, outbound
    Column("channel", String(16), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("sealed", LargeBinary),  # what was said; NULL: nothing, or forgotten with the contact
    Column("key_id", String(16), nullable=False),
    Index("ix_interaction_appeal_id", "appeal_id"),
    Index("ix_interaction_at", "at"),
)

# One text for everybody whose appeal is linked to an emergency ticket.
appeal_answer = Table(
    "appeal_answer",
    metadata,
    Column("id", Key, primary_key=True),
    Column("ticket_id", Key, ForeignKey("ticket.id", ondelete="CASCADE"), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("told", Integer, nullable=False),  # appeals that have got it
    Column("done_at", Instant),  # NULL: it is being given
    Index("ix_appeal_answer_ticket_id", "ticket_id"),
    Index("ix_appeal_answer_done_at", "done_at"),
)

appeal_link = Table(
    "appeal_link",
    metadata,
    Column("id", Key, primary_key=True),
    Column("appeal_id", Key, ForeignKey("appeal.id", ondelete="CASCADE"), nullable=False),
    Column("ticket_id", Key, ForeignKey("ticket.id", ondelete="CASCADE"), nullable=False),
    Column("state", String(16), nullable=False),  # proposed, confirmed, undone
    Column("actor", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("answer_id", Key),  # which row of `appeal_answer` the appeal has got
    UniqueConstraint("appeal_id", "ticket_id"),
    Index("ix_appeal_link_answer_id", "answer_id"),
    Index("ix_appeal_link_ticket_id", "ticket_id"),
)

# A mass of appeals: its emergency ticket, and the one request to the supplier for all of its members.
appeal_mass = Table(
    "appeal_mass",
    metadata,
    Column("id", Key, primary_key=True),
    Column("code_group", String(32), nullable=False),
    Column("region", String(64), nullable=False),
    Column("service", String(64), nullable=False),
    Column("ticket_id", Key, ForeignKey("ticket.id", ondelete="CASCADE"), nullable=False),
    Column("mail_id", Key),  # the row of `appeal_mail`; NULL: the supplier has yet to be asked
    Column("began_at", Instant, nullable=False),
    Column("ended_at", Instant),  # NULL: its ticket is not over
    Index("ix_appeal_mass_ticket_id", "ticket_id"),
    # One cell, one mass at a time: of two desks that see the same, one opens the ticket.
    Index(
        "uq_appeal_mass_running",
        *("code_group", "region", "service"),
        unique=True,
        sqlite_where=RUNNING,
        postgresql_where=RUNNING,
    ),
)

compensation = Table(
    "compensation",
    metadata,
    Column("id", Key, primary_key=True),
    Column("appeal_id", Key, ForeignKey("appeal.id"), nullable=False, unique=True),
    # What makes a second free month impossible: the customer, the service and the period, or the appeal alone.
    Column("claim_key", String(200), nullable=False, unique=True),
    Column("service", String(64), nullable=False),
    Column("period_start", Instant, nullable=False),
    Column("period_end", Instant, nullable=False),
    Column("state", String(16), nullable=False),  # proposed, approved, refused, exported, credited, told
    Column("state_at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("proposed_at", Instant, nullable=False),
    Column("export_id", Key),  # the row of `compensation_export`: the batch for billing that it is in
    Column("watch", String(16)),  # of its credit in the billing: waiting, credited, twice, wrong; NULL: nobody looked
    Column("watched_at", Instant),  # up to when the billing's rows were there
    Column("verified_at", Instant),  # when the desk first heard of the one right credit
    Index("ix_compensation_state", "state"),
    Index("ix_compensation_export_id", "export_id"),
)

compensation_export = Table(
    "compensation_export",
    metadata,
    Column("id", Key, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("unconfirmed", Boolean),  # true, or NULL once it is confirmed: the index permits one
    Column("confirmed_at", Instant),
    Column("confirmed_by", Text, nullable=False, default="", server_default=text("''")),
    Index("uq_compensation_export_unconfirmed", "unconfirmed", unique=True),
)

# Mail with supplier, vendor and customers. Addresses and words are sealed, as those of interactions are.
appeal_mail = Table(
    "appeal_mail",
    metadata,
    Column("id", Key, primary_key=True),
    Column("appeal_id", Key, ForeignKey("appeal.id", ondelete="CASCADE")),  # NULL: nobody knows yet
    Column("direction", String(8), nullable=False),  # inbound, outbound
    # request, mass, vendor, message, answer; reply, automatic, receipt, delay, bounce, own
    Column("kind", String(16), nullable=False),
    Column("party", String(16), nullable=False),  # supplier, vendor, customer; empty: not known
    # Outbound: pending, sent, receipt, received, refused, bounced, dropped. Inbound: settled, unread, done.
    Column("state", String(16), nullable=False),
    Column("message_id", String(255), unique=True),  # of outbound mail
    Column("digest", String(64), unique=True),  # of inbound mail: what arrives twice is stored once
    Column("sealed", LargeBinary),
    Column("key_id", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("next_at", Instant),  # of the next attempt; NULL: none
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Index("ix_appeal_mail_appeal_id", "appeal_id"),
    Index("ix_appeal_mail_next_at", "next_at"),
    Index("ix_appeal_mail_state", "state"),
)
