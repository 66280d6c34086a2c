"""Problems that come back after their ticket was closed."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Connection, Select, bindparam, func, select

from alerts.desk.core import batch
from alerts.desk.core.actors import DESK
from alerts.desk.core.tables import alarm, ticket
from alerts.desk.tickets.change import Draft
from alerts.desk.tickets.events import Flapping
from alerts.desk.tickets.policy import Policy


def mark(connection: Connection, opening: Sequence[Draft], policy: Policy, now: datetime) -> None:
    """Mark new tickets as flapping whose problem had several within a while."""
    if not opening:
        return
    keys = [draft.problem_key for draft in opening]
    since = now - timedelta(seconds=policy.recurrence)
    parameters = {"keys": batch.listed(connection, keys), "since": since}
    rows = connection.execute(_recent(connection.dialect.name), parameters)
    earlier: dict[str, int] = {key: number for key, number in rows}  # noqa: C416 - rows, not pairs
    for draft in opening:
        returns = earlier.get(draft.problem_key, 0)
        if returns >= policy.flap_count - 1:
            draft.flapping = True
            draft.record(now, Flapping(returns), DESK)


@cache
def _recent(dialect: str) -> Select[str, int]:
    return (
        select(alarm.c.problem_key, func.count(alarm.c.ticket_id.distinct()))
        .join(ticket, ticket.c.id == alarm.c.ticket_id)
        .where(
            batch.among(dialect, alarm.c.problem_key, "keys"),
            alarm.c.effect.is_(False),
            ticket.c.opened_at > bindparam("since"),
        )
        .group_by(alarm.c.problem_key)
    )


def previous(connection: Connection, numbers: Iterable[int]) -> dict[int, int]:
    """Return the tickets that the same problems had before these, the latest of each."""
    earlier = alarm.alias("earlier")
    rows = connection.execute(
        select(ticket.c.id, func.max(earlier.c.ticket_id))
        .join(earlier, earlier.c.problem_key == ticket.c.problem_key)
        .where(ticket.c.id.in_([*numbers]), earlier.c.ticket_id < ticket.c.id, earlier.c.effect.is_(False))
        .group_by(ticket.c.id)
    )
    return {number: last for number, last in rows}  # noqa: C416 - rows, not pairs
