"""What else is known of a ticket's problem: its earlier tickets, and what is open around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, RowMapping, func, select

from alerts.desk.core.tables import alarm, event, ticket
from alerts.desk.tickets.event_json import from_json
from alerts.desk.tickets.events import Event, Kind, StatusChanged
from alerts.desk.tickets.queries import IS_OPEN
from alerts.desk.tickets.ticket import TERMINAL, WORKING, Status

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
    of_node: Sequence[RowMapping]
    of_minute: Sequence[RowMapping]

    def __bool__(self) -> bool:
        return bool(self.earlier or self.of_node or self.of_minute)


def read(connection: Connection, row: RowMapping) -> History:
    """Return the history of a ticket's problem and the other open tickets of its node and its minute."""
    # By the alarms: a problem may have been a member of another ticket. Their index begins with the problem's key.
    same = select(alarm.c.ticket_id).where(alarm.c.problem_key == row["problem_key"], alarm.c.effect.is_(False))
    before = (ticket.c.id.in_(same), ticket.c.id < row["id"])
    rows = connection.execute(select(ticket).where(*before).order_by(ticket.c.id.desc()).limit(MOST)).mappings().all()
    total = recent = 0
    if rows:
        since = ticket.c.opened_at > row["opened_at"] - RECENT
        total = connection.scalar(select(func.count()).select_from(ticket).where(*before)) or 0
        recent = connection.scalar(select(func.count()).select_from(ticket).where(*before, since)) or 0
    near = ticket.c.opened_at.between(row["opened_at"] - MINUTE, row["opened_at"] + MINUTE)
    here = ticket.c.node == row["node"]
    return History(
        earlier=_ends(connection, rows),
        total=total,
        recent=recent,
        of_node=_open(connection, row, here) if row["node"] else (),
        of_minute=_open(connection, row, near, ~here) if row["node"] else _open(connection, row, near),
    )


def _open(connection: Connection, row: RowMapping, *conditions: ColumnElement[bool]) -> Sequence[RowMapping]:
    statement = select(ticket).where(IS_OPEN, ticket.c.id != row["id"], *conditions)
    return connection.execute(statement.order_by(ticket.c.id.desc()).limit(MOST)).mappings().all()


def _ends(connection: Connection, rows: Sequence[RowMapping]) -> list[Earlier]:
    """Return tickets with their ends: the latest change that resolved them, or that ended them otherwise."""
    if not rows:
        return []
    changes = connection.execute(
        select(event)
        .where(event.c.ticket_id.in_([row["id"] for row in rows]), event.c.kind == Kind.STATUS)
        .order_by(event.c.id)
    ).mappings()
    ends: dict[int, Event] = {}
    for each in changes:
        change = Event(each["at"], each["actor"], from_json(each["kind"], each["data"]))
        if _is_end(change):
            ends[each["ticket_id"]] = change
    return [_earlier(row, ends.get(row["id"])) for row in rows]


def _is_end(change: Event) -> bool:
    body = change.body
    return isinstance(body, StatusChanged) and (
        body.new is Status.RESOLVED or (body.new in TERMINAL and body.old is not Status.RESOLVED)
    )


def _earlier(row: RowMapping, end: Event | None) -> Earlier:
    if Status(row["status"]) in WORKING:
        return Earlier(row["id"], row["opened_at"], None, row["status"], row["status_reason"], "")
    if end is None or not isinstance(end.body, StatusChanged):
        return Earlier(row["id"], row["opened_at"], row["status_at"], row["status"], row["status_reason"], "")
    return Earlier(row["id"], row["opened_at"], end.at, row["status"], end.body.reason, end.actor)
