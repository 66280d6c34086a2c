"""The planned works that a ticket has to do with: those that its alarms outlived, and those that ran when it opened."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from alerts.desk.core.tables import works_alarm
from alerts.desk.tickets.ticket import Ticket
from alerts.desk.works import store
from alerts.desk.works.windows import Window, window_at
from alerts.desk.works.works import Works


class Around(NamedTuple):
    """Works and their window at the ticket's opening; `outlived` by an alarm of the ticket."""

    works: Works
    window: Window | None
    outlived: bool


def around(connection: Connection, ticket: Ticket) -> Sequence[Around]:
    """Return the works that a ticket has to do with."""
    mine = (works_alarm.c.problem_key == ticket.problem_key) & (works_alarm.c.released_at >= ticket.opened_at)
    numbers = set(connection.scalars(select(works_alarm.c.works_id).where(mine).distinct()))
    opened_at = ticket.opened_at
    found = []
    for works in store.relevant(connection, opened_at):
        outlived = works.number in numbers
        window = window_at(works, opened_at) if works.approver else None
        ran = window is not None and (works.cancelled_at is None or works.cancelled_at > opened_at)
        if outlived or ran:
            found.append(Around(works, window, outlived))
    return found
