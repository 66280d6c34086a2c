"""What pages, API and metrics read. Plain functions of a connection; they change nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Executable, TextClause, case, func, select

from alerts.desk.core import paging
from alerts.desk.core.metrics import Figures
from alerts.desk.core.tables import OPEN, alarm, event, outbox, ticket, ticket_clock
from alerts.desk.tickets import deadlines, searching
from alerts.desk.tickets.alarm_record import AlarmRecord
from alerts.desk.tickets.event_rows import COLUMNS, by_ticket
from alerts.desk.tickets.events import Event
from alerts.desk.tickets.severities import SEVERITIES
from alerts.desk.tickets.ticket import Ticket

NCC = "ncc"
NOBODY = "-"  # as an owner: the tickets that have none
MAX_DEADLINES = 500  # series of ott_desk_ticket_deadline_timestamp_seconds; the most urgent tickets first
IS_OPEN = OPEN  # in these very words, since SQLite takes a partial index only for a condition that it can read
Condition = ColumnElement[bool] | TextClause


def figures(connection: Connection, watchdog: datetime | None) -> Figures:
    """Return the desk's figures; `watchdog` is when the alert that never stops was last received."""
    owner = func.coalesce(func.nullif(ticket.c.vendor, ""), NCC)
    counted = connection.execute(
        select(ticket.c.status, ticket.c.severity, owner, func.count())
        .where(IS_OPEN)
        .group_by(ticket.c.status, ticket.c.severity, owner)
    )
    unsent = select(outbox.c.state, func.count()).where(outbox.c.state != "sent").group_by(outbox.c.state)
    states = {state: number for state, number in connection.execute(unsent)}  # noqa: C416 - rows, not pairs
    return Figures(
        tickets={(status, severity, who): number for status, severity, who, number in counted},
        deadlines=_deadlines(connection),
        outbox_pending=states.get("pending", 0),
        outbox_dead=states.get("dead", 0),
        outbox_oldest=_oldest(connection),
        watchdog=watchdog,
    )


def _oldest(connection: Connection) -> dict[str, datetime]:
    waits = select(outbox.c.target, func.min(outbox.c.created_at)).where(outbox.c.next_at.is_not(None))
    return {name: moment for name, moment in connection.execute(waits.group_by(outbox.c.target))}  # noqa: C416 - rows


def _deadlines(connection: Connection) -> list[tuple[int, str, str, str, datetime]]:
    clock = ticket_clock.c
    columns = (ticket.c.id, clock.name, ticket.c.priority, ticket.c.node, clock.deadline_at)
    running = select(*columns).join(ticket_clock, clock.ticket_id == ticket.c.id).where(IS_OPEN)
    order = (ticket.c.deadline_at, ticket.c.id, clock.deadline_at, clock.name)
    rows = connection.execute(running.order_by(*order).limit(MAX_DEADLINES))
    return [(number, name, priority, node, end) for number, name, priority, node, end in rows]


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What of the queue to show; empty fields ask for everything."""

    site: str = ""
    node: str = ""
    owner: str = ""
    status: str = ""
    text: str = ""
    with_closed: bool = False

    def conditions(self) -> list[Condition]:
        """Return the conditions on the ticket table."""
        exact = [(ticket.c[name], getattr(self, name)) for name in ("site", "node", "owner", "status")]
        result: list[Condition] = [column == ("" if value == NOBODY else value) for column, value in exact if value]
        if not self.with_closed:
            result.append(IS_OPEN)
        if (found := searching.condition(self.text)) is not None:
            result.append(found)
        return result


def tickets(connection: Connection, statement: Executable) -> list[Ticket]:
    """Return the tickets that a statement on their table selects, without the deadlines of their clocks."""
    return [Ticket(row) for row in connection.execute(statement).mappings()]


def queue(connection: Connection, wanted: QueueFilter, limit: int, offset: int = 0) -> list[Ticket]:
    """Return tickets, the most urgent first; what waits comes last.

    By priority, by how many viewers are without service, by the first deadline, severity and age.
    """
    rank = case({name: place for place, name in enumerate(SEVERITIES)}, value=ticket.c.severity, else_=len(SEVERITIES))
    impact = func.coalesce(ticket.c.impact_rank, -1.0).desc()
    order = (ticket.c.deadline_at.is_(None), ticket.c.priority, impact, ticket.c.deadline_at, rank, ticket.c.id)
    statement = select(ticket).where(*wanted.conditions()).order_by(*order)
    return tickets(connection, statement.limit(limit).offset(offset))


def count(connection: Connection, wanted: QueueFilter) -> int:
    """Return how many tickets match."""
    return connection.scalar(select(func.count()).select_from(ticket).where(*wanted.conditions())) or 0


def page(
    connection: Connection,
    conditions: Sequence[ColumnElement[bool]],
    order: Sequence[ColumnElement[object]],
    limit: int,
    offset: int,
) -> tuple[int, list[Ticket]]:
    """Return how many tickets match and one page of them."""
    total, rows = paging.page(connection, ticket, select(ticket), conditions, order, limit, offset)
    return total, deadlines.complete(connection, [Ticket(row) for row in rows])


def find(connection: Connection, number: int) -> Ticket | None:
    """Return a ticket."""
    return next(iter(some(connection, [number])), None)


def some(connection: Connection, numbers: Sequence[int]) -> list[Ticket]:
    """Return several tickets."""
    return deadlines.complete(connection, tickets(connection, select(ticket).where(ticket.c.id.in_(numbers))))


def timeline(connection: Connection, numbers: Sequence[int]) -> dict[int, list[Event]]:
    """Return all events of tickets, oldest first, by ticket."""
    rows = connection.execute(select(*COLUMNS).where(event.c.ticket_id.in_(numbers)).order_by(event.c.id))
    return {number: [] for number in numbers} | by_ticket(rows)


def events_since(connection: Connection, number: int, since: datetime) -> list[Event]:
    """Return the latest events of a ticket, oldest first."""
    latest = (event.c.ticket_id == number, event.c["at"] >= since)
    rows = connection.execute(select(*COLUMNS).where(*latest).order_by(event.c.id))
    return by_ticket(rows).get(number, [])


def alarms_of(connection: Connection, number: int, limit: int) -> list[AlarmRecord]:
    """Return a ticket's occurrences: its own before their effects, those that fire first, then the latest."""
    order = (alarm.c.effect, alarm.c.ends_at.is_not(None), alarm.c.starts_at.desc(), alarm.c.id)
    statement = select(alarm).where(alarm.c.ticket_id == number).order_by(*order).limit(limit)
    return [AlarmRecord(row) for row in connection.execute(statement).mappings()]
