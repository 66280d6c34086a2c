"""What is forgotten, and when: ended tickets with all that hangs on them, and sent messages. Never the audit trail.

The messages of a ticket that is open stay: later mails refer to the earlier ones.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, or_, select

from alerts.desk.core.database import Database
from alerts.desk.core.tables import outbox, ticket
from alerts.desk.tickets.states import TERMINAL

BATCH = 500  # rows of one transaction: webhooks must not wait for a year's tidying


def forget(database: Database, now: datetime, tickets: float, messages: float) -> tuple[int, int]:
    """Delete what is older than it has to be kept (seconds); return how many tickets and messages."""
    ended_before, sent_before = now - timedelta(seconds=tickets), now - timedelta(seconds=messages)
    done = [0, 0]
    for place, (step, before) in enumerate(((_tickets, ended_before), (_messages, sent_before))):
        while True:
            with database.write() as connection:
                gone = step(connection, before)
            done[place] += gone
            if gone < BATCH:
                break
    return done[0], done[1]


def _tickets(connection: Connection, before: datetime) -> int:
    old = select(ticket.c.id).where(ticket.c.status.in_(TERMINAL), ticket.c.status_at < before).limit(BATCH)
    numbers = list(connection.scalars(old))
    connection.execute(delete(ticket).where(ticket.c.id.in_(numbers)))
    return len(numbers)


def _messages(connection: Connection, before: datetime) -> int:
    ended = outbox.c.state.in_(("sent", "failed"))
    over = select(ticket.c.id).where(ticket.c.id == outbox.c.ticket_id, ticket.c.status.in_(TERMINAL)).exists()
    free = or_(outbox.c.ticket_id.is_(None), over)
    old = select(outbox.c.id).where(ended, outbox.c.created_at < before, free).limit(BATCH)
    numbers = list(connection.scalars(old))
    connection.execute(delete(outbox).where(outbox.c.id.in_(numbers)))
    return len(numbers)
