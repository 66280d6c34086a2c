"""What else is known of a ticket's problem: its earlier tickets, and what is open around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, func, select

from alerts.desk.core.tables import alarm, event, ticket
from alerts.desk.tickets.event_rows import COLUMNS, by_ticket
from alerts.desk.tickets.events import Event, Kind, StatusChanged
from alerts.desk.tickets.queries import IS_OPEN, tickets
from alerts.desk.tickets.states import TERMINAL, WORKING, Status
from alerts.desk.tickets.ticket import Ticket

MOST = 10  # of each list
RECENT = timedelta(days=30)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier ticket of the same problem, and how it ended."""

    number: int
    opened_at: datetime
    ended_at: datetime | None  # when it was resolved, or ended otherwise; None: it is still open
    status: str
    reason: str
    actor: str

    @property
    def lasted(self) -> float | None:
        """Return the seconds from its opening to its end."""
        return (self.ended_at - self.opened_at).total_seconds() if self.ended_at else None


@dataclass(frozen=True, slots=True)
class History:
    """What a ticket's page tells of other tickets, the latest first."""

    earlier: Sequence[Earlier]
    total: int  # earlier tickets in all
    recent: int  # of them within the last 30 days before this one
    of_node: Sequence[Ticket]
    of_minute: Sequence[Ticket]

    def __bool__(self) -> bool:
        return bool(self.earlier or self.of_node or self.of_minute)


def read(connection: Connection, shown: Ticket) -> History:
    """Return the history of a ticket's problem and the other open tickets of its node and its minute."""
    # By the alarms: a problem may have been a member of another ticket. Their index begins with the problem's key.
    same = select(alarm.c.ticket_id).where(alarm.c.problem_key == shown.problem_key, alarm.c.effect.is_(False))
    before = (ticket.c.id.in_(same), ticket.c.id < shown.id)
    earlier = tickets(connection, select(ticket).where(*before).order_by(ticket.c.id.desc()).limit(MOST))
    total = recent = 0
    if earlier:
        since = ticket.c.opened_at > shown.opened_at - RECENT
        total = connection.scalar(select(func.count()).select_from(ticket).where(*before)) or 0
        recent = connection.scalar(select(func.count()).select_from(ticket).where(*before, since)) or 0
    near = ticket.c.opened_at.between(shown.opened_at - MINUTE, shown.opened_at + MINUTE)
    here = ticket.c.node == shown.node
    return History(
        earlier=_ends(connection, earlier),
        total=total,
        recent=recent,
        of_node=_open(connection, shown, here) if shown.node else (),
        of_minute=_open(connection, shown, near, ~here) if shown.node else _open(connection, shown, near),
    )


def _open(connection: Connection, shown: Ticket, *conditions: ColumnElement[bool]) -> list[Ticket]:
    statement = select(ticket).where(IS_OPEN, ticket.c.id != shown.id, *conditions)
    return tickets(connection, statement.order_by(ticket.c.id.desc()).limit(MOST))


def _ends(connection: Connection, found: Sequence[Ticket]) -> list[Earlier]:
    """Return tickets with their ends: the latest change that resolved them, or that ended them otherwise."""
    if not found:
        return []
    changes = connection.execute(
        select(*COLUMNS)
        .where(event.c.ticket_id.in_([one.id for one in found]), event.c.kind == Kind.STATUS)
        .order_by(event.c.id)
    )
    ends: dict[int, Event] = {}
    for number, log in by_ticket(changes).items():
        latest = next(filter(_is_end, reversed(log)), None)
        if latest is not None:
            ends[number] = latest
    return [_earlier(one, ends.get(one.id)) for one in found]


def _is_end(change: Event) -> bool:
    body = change.body
    return isinstance(body, StatusChanged) and (
        body.new is Status.RESOLVED or (body.new in TERMINAL and body.old is not Status.RESOLVED)
    )


def _earlier(one: Ticket, end: Event | None) -> Earlier:
    if one.status in WORKING:
        return Earlier(one.id, one.opened_at, None, one.status, one.status_reason, "")
    if end is None or not isinstance(end.body, StatusChanged):
        return Earlier(one.id, one.opened_at, one.status_at, one.status, one.status_reason, "")
    return Earlier(one.id, one.opened_at, end.at, one.status, end.body.reason, end.actor)
