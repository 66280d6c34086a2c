"""What the console's lists read: what there is to choose from, how many of each, and whether anything is new."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, func, select

from alerts.desk.core.tables import event, ticket
from alerts.desk.tickets.queries import IS_OPEN, QueueFilter
from alerts.desk.tickets.severities import SEVERITIES

MAX_CHOICES = 1000
_RECENT = 500


def mark(connection: Connection) -> str:
    """Return a word that changes with every change of any ticket; two look-ups by primary key.

    PostgreSQL gives out numbers before it commits: an event may appear below the newest one. The count of the
    latest numbers tells that too.
    """
    newest = connection.scalar(select(func.max(event.c.id))) or 0
    recent = connection.scalar(select(func.count()).select_from(event).where(event.c.id > newest - _RECENT))
    return f"{newest}.{recent}"


@dataclass(frozen=True, slots=True)
class Choices:
    """What the open tickets can be filtered by."""

    sites: Sequence[str]
    nodes: Sequence[str]
    owners: Sequence[str]


def choices(connection: Connection) -> Choices:
    """Return the sites, nodes and owners of the open tickets."""
    found = [
        connection.scalars(
            select(column).where(IS_OPEN, column != "").distinct().order_by(column).limit(MAX_CHOICES)
        ).all()
        for column in (ticket.c.site, ticket.c.node, ticket.c.owner)
    ]
    return Choices(*found)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many tickets match, by what matters at a glance."""

    severities: Mapping[str, int]
    unowned: int
    late: int
    unowned_critical: int
    newest_critical: int

    @property
    def total(self) -> int:
        """Return how many match in all."""
        return sum(self.severities.values())


def tally(connection: Connection, wanted: QueueFilter, now: datetime) -> Tally:
    """Count the tickets of a filter in one pass."""
    critical = ticket.c.severity == "critical"
    nobody = (ticket.c.owner == "") & (ticket.c.vendor == "") & (ticket.c.status == "acknowledged")
    rows = connection.execute(
        select(
            ticket.c.severity,
            func.count(),
            func.sum(case((nobody, 1), else_=0)),
            func.sum(case((ticket.c.deadline_at <= now, 1), else_=0)),
            func.sum(case((nobody & critical, 1), else_=0)),
            func.max(case((critical, ticket.c.id), else_=0)),
        )
        .where(*wanted.conditions())
        .group_by(ticket.c.severity)
    ).all()
    numbers = {row[0]: row for row in rows}
    return Tally(
        severities={name: numbers[name][1] for name in SEVERITIES if name in numbers},
        unowned=sum(row[2] for row in rows),
        late=sum(row[3] for row in rows),
        unowned_critical=sum(row[4] for row in rows),
        newest_critical=max((row[5] for row in rows), default=0),
    )


def ticket_mark(connection: Connection, number: int) -> str:
    """Return a word that changes with every event of one ticket, and when its texts follow another alarm."""
    newest = connection.scalar(select(func.max(event.c.id)).where(event.c.ticket_id == number)) or 0
    updated = connection.scalar(select(ticket.c.updated_at).where(ticket.c.id == number))
    return f"{newest}.{updated.timestamp():.6f}" if updated else "0"
