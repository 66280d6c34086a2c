"""The tickets of a report with what their clocks read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Text, cast, func, select

from alerts.desk.core.tables import event, ticket
from alerts.desk.reports.outcomes import Case
from alerts.desk.tickets import store as tickets
from alerts.desk.tickets.events import Event, Kind
from alerts.desk.tickets.states import Status

MAX_TICKETS = 50_000
_BATCH = 1000
_STATES = {status.value: status for status in Status}


class TooManyError(ValueError):
    """The period has more tickets than a report holds."""

    def __init__(self, tickets: int) -> None:
        super().__init__(f"{tickets} tickets, {MAX_TICKETS} at most")
        self.tickets = tickets


@dataclass(frozen=True, slots=True)
class Asked:
    """Which tickets: opened in [start, end), of a site, handed to a vendor; empty asks for all."""

    start: datetime
    end: datetime
    site: str = ""
    vendor: str = ""

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions on the ticket table."""
        result: list[ColumnElement[bool]] = [ticket.c.opened_at >= self.start, ticket.c.opened_at < self.end]
        if self.site:
            result.append(ticket.c.site == self.site)
        if self.vendor:
            handed = event.alias()
            here = (handed.c.ticket_id == ticket.c.id, handed.c.kind == Kind.HANDED_OVER.value)
            vendor = handed.c.data["vendor"].as_string()
            result.append(select(handed.c.id).where(*here, vendor == self.vendor).correlate(ticket).exists())
        return result


def cases(connection: Connection, asked: Asked) -> Iterator[tuple[Case, list[Event]]]:
    """Yield the tickets in order of their number, each with what its clocks read.

    Raises:
        TooManyError: there are more than `MAX_TICKETS`; a report of them would take minutes.
    """
    conditions = asked.conditions()
    number = connection.scalar(select(func.count()).select_from(ticket).where(*conditions)) or 0
    if number > MAX_TICKETS:
        raise TooManyError(number)
    columns = ("id", "opened_at", "status", "priority", "severity", "site", "node")
    fields = [*(ticket.c[name] for name in columns), cast(ticket.c.names, Text)]
    last = 0
    while True:
        statement = select(*fields).where(ticket.c.id > last, *conditions).order_by(ticket.c.id).limit(_BATCH)
        rows = connection.execute(statement).all()
        logs = tickets.clock_events(connection, [row[0] for row in rows])
        for key, opened_at, status, priority, severity, site, node, names in rows:
            case = Case(key, opened_at, _STATES[status], priority, severity, site, node, names)
            yield case, logs.get(key, [])
        if len(rows) < _BATCH:
            return
        last = rows[-1][0]


def sites(connection: Connection, limit: int) -> list[str]:
    """Return the sites that tickets were opened for."""
    statement = select(ticket.c.site).where(ticket.c.site != "").distinct().order_by(ticket.c.site).limit(limit)
    return list(connection.scalars(statement))
