"""What is wrong where, by the open tickets: for the health map."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from alerts.desk.core.tables import ticket
from alerts.desk.tickets.queries import IS_OPEN
from alerts.desk.tickets.states import Status


class Trouble(NamedTuple):
    """So many open tickets of one severity at one place; a ticket may be about a whole site, or about no place."""

    site: str
    node: str
    severity: str
    tickets: int


def troubles(connection: Connection) -> Sequence[Trouble]:
    """Count the tickets whose problem is not over: a resolved one only waits for its confirmation."""
    columns = (ticket.c.site, ticket.c.node, ticket.c.severity)
    rows = connection.execute(
        select(*columns, func.count()).where(IS_OPEN, ticket.c.status != Status.RESOLVED).group_by(*columns)
    )
    return [Trouble(*row) for row in rows]
