"""The open tickets of a channel: those with an alarm that names it and has not ended."""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, select

from alerts.desk.core.tables import alarm, ticket
from alerts.desk.tickets.queries import IS_OPEN


def open_tickets(connection: Connection, channel: str, limit: int) -> Sequence[RowMapping]:
    """Return the tickets, the newest first."""
    named = select(alarm.c.ticket_id).where(alarm.c.labels["channel"].as_string() == channel, alarm.c.ends_at.is_(None))
    statement = select(ticket).where(IS_OPEN, ticket.c.id.in_(named)).order_by(ticket.c.id.desc()).limit(limit)
    return connection.execute(statement).mappings().all()
