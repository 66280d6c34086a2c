"""What goes on long after its cause has ended: then it is a problem of its own.

An effect that was there before and comes back in the aftermath of its cause, as viewers do who return in waves, has as
long again from its last beginning.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Executable, and_, exists, select

from alerts.desk.alarms.correlation.grouping import AFTERMATH
from alerts.desk.alarms.correlation.store import ENDED_AT
from alerts.desk.core.record import Column
from alerts.desk.core.tables import alarm, correlated, ticket
from alerts.desk.tickets.alarm_record import AlarmRecord
from alerts.desk.tickets.states import WORKING_VALUES

_OWN = ticket.alias("own")
_EARLIER = alarm.alias("earlier")
_AGAIN = exists().where(
    _EARLIER.c.ticket_id == alarm.c.ticket_id,
    _EARLIER.c.fingerprint == alarm.c.fingerprint,
    _EARLIER.c.starts_at < alarm.c.starts_at,
)


class Lasting(AlarmRecord):
    """An occurrence that fires on though its cause has ended."""

    __slots__ = ()

    again = Column[bool]()  # there was one like it in the same ticket before
    ended_at = Column[datetime]()  # when the cause ended


class Outlived(NamedTuple):
    """Folded tickets and effects that fire on, and the tickets that have the effects."""

    folded: list[int]
    causes: list[int]
    effects: list[Lasting]

    def __bool__(self) -> bool:
        return bool(self.folded or self.causes)


def outlived(connection: Connection, now: datetime) -> Outlived:
    """Return what fires on though its cause ended long ago."""
    over = and_(ticket.c.status.not_in(WORKING_VALUES), now - AFTERMATH >= ENDED_AT, alarm.c.ends_at.is_(None))
    ended = (_AGAIN.label("again"), ENDED_AT.label("ended_at"))
    folded = (
        select(_OWN.c.id.label("ticket_id"), alarm.c.problem_key, alarm.c.starts_at, *ended)
        .join(correlated, correlated.c.ticket_id == _OWN.c.id)
        .join(ticket, ticket.c.id == correlated.c.cause_id)
        .join(alarm, alarm.c.ticket_id == _OWN.c.id)
        .where(_OWN.c.status.in_(WORKING_VALUES), _OWN.c.firing > 0, over)
    )
    effects = (
        select(alarm, *ended)
        .join(ticket, ticket.c.id == alarm.c.ticket_id)
        .where(over, alarm.c.effect.is_(True))
        .order_by(alarm.c.id)
    )
    tickets, rows = (_going_on(connection, one, now) for one in (folded, effects))
    return Outlived(sorted({row.ticket_id for row in tickets}), sorted({row.ticket_id for row in rows}), rows)


def _going_on(connection: Connection, wanted: Executable, now: datetime) -> list[Lasting]:
    """Return the alarms of those problems of which at least one goes on."""
    rows = [Lasting(row) for row in connection.execute(wanted).mappings()]
    on = {_problem(row) for row in rows if not _came_back(row) or now - AFTERMATH >= row.starts_at}
    return [row for row in rows if _problem(row) in on]


def _problem(row: Lasting) -> tuple[int, str]:
    return row.ticket_id, row.problem_key


def _came_back(row: Lasting) -> bool:
    """Return whether an effect was there before and began again soon after the end of its cause."""
    return row.again and row.starts_at <= row.ended_at + AFTERMATH
