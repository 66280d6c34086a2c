"""The tickets whose impact is to be computed, and where it is kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, func, or_, select, update

from alerts.desk.alarms.correlation.alarm import Alarm
from alerts.desk.core.tables import alarm, correlated, ticket
from alerts.desk.tickets.impact import Impact, kept
from alerts.desk.tickets.states import TERMINAL, WORKING_VALUES, Status

SOON, LATER = timedelta(seconds=15), timedelta(seconds=120)
YOUNG = timedelta(minutes=15)  # as long as that, an outage is looked at again soon
AFTER = timedelta(minutes=15)  # how long after its end the last figures may still be computed
A_ROUND = 20
MOST_ALARMS = 2_000


class Due(NamedTuple):
    """A ticket whose impact is to be computed, and its end if it has ended."""

    number: int
    ended: datetime | None


def due(connection: Connection, now: datetime) -> list[Due]:
    """Return the tickets that stand for themselves and whose figures are old, the oldest figures first."""
    last = ticket.c.impact_at
    fires = (ticket.c.firing > 0) & ticket.c.status.in_(WORKING_VALUES)
    aged = or_(last <= now - LATER, (ticket.c.opened_at >= now - YOUNG) & (last <= now - SOON))
    ended = (ticket.c.firing == 0) & (ticket.c.status_at >= now - AFTER) & (last < ticket.c.status_at)
    over = ended & ticket.c.status.in_([Status.RESOLVED.value, *(status.value for status in TERMINAL)])
    ends = select(func.max(alarm.c.ends_at)).where(alarm.c.ticket_id == ticket.c.id).scalar_subquery()
    rows = connection.execute(
        select(ticket.c.id, ticket.c.firing, ends)
        .join(correlated, correlated.c.ticket_id == ticket.c.id)
        .where(correlated.c.cause_id.is_(None), or_(fires & or_(last.is_(None), aged), over))
        .order_by(last.is_not(None), last, ticket.c.priority, ticket.c.id)
        .limit(A_ROUND)
    )
    return [Due(number, None if firing else end) for number, firing, end in rows]


def alarms_of(connection: Connection, number: int) -> Sequence[Alarm]:
    """Return the alarms of a ticket and of the tickets under it, its own first."""
    below = select(correlated.c.ticket_id).where(correlated.c.cause_id == number)
    columns = (alarm.c.problem_key, alarm.c.labels, alarm.c.starts_at)
    theirs = or_(alarm.c.ticket_id == number, alarm.c.ticket_id.in_(below))
    rows = connection.execute(select(*columns).where(theirs).order_by(alarm.c.effect, alarm.c.id).limit(MOST_ALARMS))
    return [Alarm(key, labels, starts_at) for key, labels, starts_at in rows]


def save(connection: Connection, number: int, known: Impact | None, rank: float | None, now: datetime) -> None:
    """Keep the figures of a ticket; what is not known replaces nothing that was known."""
    values = {"impact_at": now} | ({"impact": kept(known), "impact_rank": rank} if known else {})
    connection.execute(update(ticket).where(ticket.c.id == number).values(**values))
