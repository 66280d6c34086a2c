"""The tickets of a report with what their clocks read: two statements, whatever their number."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Text, cast, func, select, type_coerce

from alerts.desk.events import CLOCK_KINDS, Event, Kind
from alerts.desk.reports import Case
from alerts.desk.store.tables import EPOCH, event, ticket
from alerts.desk.ticket import Status

MAX_TICKETS = 50_000
_BATCH = 1000
_KINDS = {kind.value: kind for kind in CLOCK_KINDS - {Kind.WARNING, Kind.OPENED}}
# A report needs no warnings that were told, and when a ticket was opened is a column of its own too.
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


def cases(connection: Connection, asked: Asked) -> Iterator[tuple[Case, Sequence[Event]]]:
    """Yield the tickets in order of their number, each with what its clocks read.

    Raise TooManyError rather than work for minutes.
    """
    conditions = asked.conditions()
    number = connection.scalar(select(func.count()).select_from(ticket).where(*conditions)) or 0
    if number > MAX_TICKETS:
        raise TooManyError(number)
    columns = ("id", "opened_at", "status", "priority", "severity", "site", "node")
    fields = [*(ticket.c[name] for name in columns), cast(ticket.c.names, Text)]
    rows = connection.execute(select(*fields).where(*conditions).order_by(ticket.c.id))
    logs = _logs(connection, conditions)
    log = next(logs, None)
    for row in rows.all():
        key, opened_at, status, priority, severity, site, node, names = row
        case = Case(key, opened_at, _STATES[status], priority, severity, site, node, names)
        opened = Event(opened_at, Kind.OPENED, "", {})
        if log is not None and log[0] == key:
            yield case, [opened, *log[1]]
            log = next(logs, None)
        else:
            yield case, [opened]


def _logs(connection: Connection, conditions: Sequence[ColumnElement[bool]]) -> Iterator[tuple[int, list[Event]]]:
    """Yield the tickets' events, oldest first, in order of the ticket's number.

    They are most of a report's time. Nearly all of them say what others say: each text is decoded once. And they are
    let go ticket by ticket: a hundred thousand living objects would be walked again and again by the collector.
    """
    statement = (
        select(event.c.ticket_id, type_coerce(event.c["at"], BigInteger), event.c.kind, cast(event.c.data, Text))
        .join(ticket, ticket.c.id == event.c.ticket_id)
        .where(*conditions, event.c.kind.in_(_KINDS))
        .order_by(event.c.ticket_id, event.c.id)
        .execution_options(yield_per=_BATCH)
    )
    known: dict[str, dict[str, Any]] = {}
    log: list[Event] = []
    last = 0
    for batch in connection.execute(statement).partitions():
        for number, at, kind, text in batch:
            data = known.get(text)
            if data is None:
                data = known[text] = json.loads(text)
            if number != last:
                if log:
                    yield last, log
                log, last = [], number
            log.append(Event(EPOCH + timedelta(microseconds=at), _KINDS[kind], "", data))
    if log:
        yield last, log


def sites(connection: Connection, limit: int) -> list[str]:
    """Return the sites that tickets were opened for."""
    statement = select(ticket.c.site).where(ticket.c.site != "").distinct().order_by(ticket.c.site).limit(limit)
    return list(connection.scalars(statement))
