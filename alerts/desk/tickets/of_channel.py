"""The open tickets of a channel: those with an alarm that names it and has not ended."""

from sqlalchemy import Connection, select

from alerts.desk.core.tables import alarm, ticket
from alerts.desk.tickets.queries import IS_OPEN, tickets
from alerts.desk.tickets.ticket import Ticket


def open_tickets(connection: Connection, channel: str, limit: int) -> list[Ticket]:
    """Return the tickets, the newest first."""
    named = select(alarm.c.ticket_id).where(alarm.c.labels["channel"].as_string() == channel, alarm.c.ends_at.is_(None))
    statement = select(ticket).where(IS_OPEN, ticket.c.id.in_(named)).order_by(ticket.c.id.desc()).limit(limit)
    return tickets(connection, statement)
