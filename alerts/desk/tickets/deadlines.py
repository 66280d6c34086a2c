"""When the running clocks of tickets end, as rows: another kind of ticket brings its clocks without a column.

They are written with the ticket, by the function that computes them. Whoever locked the ticket may write them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import Connection, Delete, ScalarSelect, Select, delete, select

from alerts.desk.core import batch
from alerts.desk.core.tables import ticket, ticket_clock
from alerts.desk.tickets.change import Draft
from alerts.desk.tickets.ticket import Deadlines, Ticket

RESTORE_BY: ScalarSelect[datetime | None] = (
    select(ticket_clock.c.deadline_at)
    .where(ticket_clock.c.ticket_id == ticket.c.id, ticket_clock.c.name == "restore")
    .scalar_subquery()
)
"""When the service of a ticket has to be restored, for conditions and orders of statements on its table."""


def read(connection: Connection, numbers: Sequence[int]) -> Mapping[int, Deadlines]:
    """Return the deadlines of tickets by ticket; of one without a running clock there are none, and no key."""
    result: dict[int, dict[str, datetime]] = defaultdict(dict)
    given = {"numbers": batch.listed(connection, numbers)}
    for number, name, end in connection.execute(_reading(connection.dialect.name), given).all():
        result[number][name] = end
    return result


def complete(connection: Connection, found: Sequence[Ticket]) -> list[Ticket]:
    """Return tickets with their deadlines."""
    ends = read(connection, [each.id for each in found]) if found else {}
    return [Ticket({**each.row, "deadlines": ends.get(each.id, {})}) for each in found]


@cache
def _reading(dialect: str) -> Select[int, str, datetime]:
    theirs = batch.among(dialect, ticket_clock.c.ticket_id, "numbers")
    return select(ticket_clock.c.ticket_id, ticket_clock.c.name, ticket_clock.c.deadline_at).where(theirs)


@cache
def _deleting(dialect: str) -> Delete:
    return delete(ticket_clock).where(batch.among(dialect, ticket_clock.c.ticket_id, "numbers"))


def write(connection: Connection, drafts: Sequence[Draft]) -> None:
    """Store the deadlines of the tickets where they changed."""
    moved = [draft for draft in drafts if "deadlines" in draft.changes]
    before = [draft.id for draft in moved if draft.had_deadlines]
    if before:
        numbers = {"numbers": batch.listed(connection, before)}
        connection.execute(_deleting(connection.dialect.name), numbers)
    rows = [
        {"ticket_id": draft.id, "name": name, "deadline_at": end}
        for draft in moved
        for name, end in draft.deadlines.items()
    ]
    batch.insert(connection, ticket_clock, rows)
