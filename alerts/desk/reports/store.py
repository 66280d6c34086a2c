"""The tickets of a report with what their clocks read: one statement, whatever their number."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce

from sqlalchemy import BigInteger, ColumnElement, Connection, ScalarSelect, Text, cast, func, select, type_coerce

from alerts.desk.core.tables import EPOCH, event, ticket
from alerts.desk.reports.outcomes import Case
from alerts.desk.tickets.courses import OPENED, Log, Said
from alerts.desk.tickets.events import CLOCK_KINDS, Kind
from alerts.desk.tickets.ticket import Status

MAX_TICKETS = 50_000
_BATCH = 1000
_KINDS = sorted(CLOCK_KINDS - {Kind.WARNING, Kind.OPENED})
# A report needs no warnings that were told, and when a ticket was opened is a column of its own too.
_FIELD, _LINE = "\x1e", "\x1f"  # JSON and the kinds' names hold no control characters
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


def cases(connection: Connection, asked: Asked) -> Iterator[tuple[Case, Log]]:
    """Yield the tickets in order of their number, each with what its clocks read.

    Raise TooManyError rather than work for minutes. A ticket comes as one row with its log, so neither database has a
    join to plan wrongly, a ticket and its log are of one moment, and few objects live long.
    """
    conditions = asked.conditions()
    number = connection.scalar(select(func.count()).select_from(ticket).where(*conditions)) or 0
    if number > MAX_TICKETS:
        raise TooManyError(number)
    columns = ("id", "opened_at", "status", "priority", "severity", "site", "node")
    fields = [*(ticket.c[name] for name in columns), cast(ticket.c.names, Text), _log()]
    statement = select(*fields).where(*conditions).order_by(ticket.c.id).execution_options(yield_per=_BATCH)
    known: dict[str, Said] = {}
    for batch in connection.execute(statement).partitions():
        for key, opened_at, status, priority, severity, site, node, names, text in batch:
            case = Case(key, opened_at, _STATES[status], priority, severity, site, node, names)
            yield case, _read(opened_at, text or "", known)


def _log() -> ScalarSelect[str]:
    """Return a ticket's events as one text, in whatever order: SQLite's aggregates promise none."""
    fields = (cast(event.c.id, Text), cast(type_coerce(event.c["at"], BigInteger), Text), event.c.kind)
    line = reduce(lambda text, field: text + _FIELD + field, (*fields, cast(event.c.data, Text)))
    return (
        select(func.aggregate_strings(line, _LINE))
        .where(event.c.ticket_id == ticket.c.id, event.c.kind.in_(_KINDS))
        .correlate(ticket)
        .scalar_subquery()
    )


def _read(opened_at: datetime, text: str, known: dict[str, Said]) -> Log:
    """Return a log, oldest event first; `known` has what was said before: nearly all say what others say."""
    lines = [line.split(_FIELD, 2) for line in text.split(_LINE)] if text else []
    lines.sort(key=_number)
    said, at = [OPENED], [opened_at]
    for _, micros, words in lines:
        meaning = known.get(words)
        if meaning is None:
            kind, _, data = words.partition(_FIELD)
            meaning = known[words] = Said(Kind(kind), json.loads(data))
        said.append(meaning)
        at.append(EPOCH + timedelta(microseconds=int(micros)))
    return Log(tuple(said), tuple(at))


def _number(line: Sequence[str]) -> int:
    return int(line[0])


def sites(connection: Connection, limit: int) -> list[str]:
    """Return the sites that tickets were opened for."""
    statement = select(ticket.c.site).where(ticket.c.site != "").distinct().order_by(ticket.c.site).limit(limit)
    return list(connection.scalars(statement))
