"""What engineers decided about problems and tickets: correlation follows it as long as the ticket is open."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, insert, select

from alerts.desk.alarms.correlation.head import Head
from alerts.desk.core.tables import grouped_by_hand as table


def add(connection: Connection, heads: Sequence[Head]) -> None:
    """Give tickets what engineers decided about them."""
    by_ticket = {head.ticket: head for head in heads}
    if by_ticket:
        for number, key, together in connection.execute(select(table).where(table.c.ticket_id.in_(by_ticket))).all():
            by_ticket[number].by_hand[key] = together


def decide(connection: Connection, number: int, keys: Iterable[str], *, together: bool) -> None:
    """Store that an engineer put problems into a ticket, or took them out of it."""
    known = sorted({*keys} - {""})
    if not known:
        return
    connection.execute(delete(table).where(table.c.ticket_id == number, table.c.problem_key.in_(known)))
    rows = [{"ticket_id": number, "problem_key": key, "together": together} for key in known]
    connection.execute(insert(table), rows)
