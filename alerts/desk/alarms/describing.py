"""A ticket's title and description follow its alarms: they tell of the worst that fires now."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from alerts.desk.alarms.opening import texts_of
from alerts.desk.core.tables import alarm, correlated, ticket
from alerts.desk.tickets.policy import priority_of


def describe(connection: Connection, numbers: Sequence[int]) -> None:
    """Describe tickets anew whose alarms came or went; a title that says what is inferred stays."""
    if not numbers:
        return
    inferred = select(correlated.c.ticket_id).where(correlated.c.kin.is_not(None))
    rows = connection.execute(
        select(alarm.c.ticket_id, alarm.c.labels, alarm.c.annotations, alarm.c.starts_at)
        .where(
            alarm.c.ticket_id.in_(numbers),
            alarm.c.ends_at.is_(None),
            alarm.c.effect.is_(False),
            alarm.c.ticket_id.not_in(inferred),
        )
        .order_by(alarm.c.id)
    )
    worst: dict[int, Any] = {}
    for row in rows:
        known = worst.get(row.ticket_id)
        if known is None or _rank(row) < _rank(known):
            worst[row.ticket_id] = row
    for number, row in worst.items():
        names, descriptions = texts_of(row.labels, row.annotations)
        connection.execute(update(ticket).where(ticket.c.id == number).values(names=names, descriptions=descriptions))


def _rank(row: Any) -> tuple[str, Any]:
    return priority_of(row.labels), row.starts_at
