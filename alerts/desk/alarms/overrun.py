"""Works that last longer than planned: alarms that outlived them, and ends that nobody has confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from alerts.desk.core.tables import alarm, ticket, works_alarm
from alerts.desk.tickets.queries import IS_OPEN
from alerts.desk.works import store
from alerts.desk.works.windows import Window, unconfirmed, window_at
from alerts.desk.works.works import Works


@dataclass(frozen=True, slots=True)
class Current:
    """Works that run or have overrun."""

    works: Works
    window: Window | None  # that runs
    unconfirmed: Window | None = None  # that has ended, and nobody has confirmed that the works have
    alarms: int = 0  # that outlived the works and still fire, in tickets of their own

    @property
    def overrun(self) -> bool:
        """Return whether the works last longer than planned."""
        return self.window is None


def current(connection: Connection, now: datetime) -> Sequence[Current]:
    """Return the works that run, then those that have overrun."""
    in_force = [works for works in store.relevant(connection, now) if works.in_force]
    running = [Current(works, window) for works in in_force if (window := window_at(works, now)) is not None]
    others = [works for works in in_force if window_at(works, now) is None]
    outlived = _outlived(connection, [works.number for works in others])
    ended = [Current(works, None, unconfirmed(works, now), outlived.get(works.number, 0)) for works in others]
    return [*running, *(each for each in ended if each.unconfirmed or each.alarms)]


def _outlived(connection: Connection, numbers: Sequence[int]) -> dict[int, int]:
    """Count the alarms that went on as alarms of tickets and still fire there, by works."""
    if not numbers:
        return {}
    same = (
        (alarm.c.problem_key == works_alarm.c.problem_key)
        & (alarm.c.fingerprint == works_alarm.c.fingerprint)
        & (alarm.c.starts_at == works_alarm.c.starts_at)
    )
    rows = connection.execute(
        select(works_alarm.c.works_id, func.count())
        .join(alarm, same)
        .join(ticket, ticket.c.id == alarm.c.ticket_id)
        .where(
            works_alarm.c.works_id.in_(numbers),
            works_alarm.c.released_at.is_not(None),
            alarm.c.ends_at.is_(None),
            IS_OPEN,
        )
        .group_by(works_alarm.c.works_id)
    )
    return {number: count for number, count in rows}  # noqa: C416 - rows, not pairs
