"""Who is on the desk: the people with a session, when they were last seen, and what they hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select, update

from alerts.desk.core.tables import OPEN, account, session, ticket


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an open session, or with an open ticket and none."""

    name: str
    role: str
    logged_in: bool
    seen_at: datetime | None
    tickets: int


def write_seen(connection: Connection, seen: Mapping[str, datetime]) -> None:
    """Keep when sessions were last used, by the digests of their keys."""
    statement = update(session).where(session.c.digest == bindparam("key")).values(seen_at=bindparam("moment"))
    connection.execute(statement, [{"key": digest, "moment": moment} for digest, moment in sorted(seen.items())])


def people(connection: Connection, now: datetime) -> Sequence[Person]:
    """Return everybody with a session or a ticket, by name."""
    rows = connection.execute(
        select(account.c.name, account.c.role, func.max(session.c.seen_at).label("seen_at"))
        .join(session, session.c.account_id == account.c.id)
        .where(session.c.expires_at > now, account.c.enabled)
        .group_by(account.c.name, account.c.role)
    ).all()
    counted = select(ticket.c.owner, func.count()).where(OPEN, ticket.c.owner != "").group_by(ticket.c.owner)
    held: dict[str, int] = {owner: number for owner, number in connection.execute(counted)}  # noqa: C416 - rows
    known = connection.execute(select(account.c.name, account.c.role))
    roles: dict[str, str] = {name: role for name, role in known}  # noqa: C416 - rows
    here = [
        Person(row.name, row.role, logged_in=True, seen_at=row.seen_at, tickets=held.pop(row.name, 0)) for row in rows
    ]
    away = [
        Person(name, roles.get(name, ""), logged_in=False, seen_at=None, tickets=number)
        for name, number in held.items()
    ]
    return sorted(here + away, key=lambda person: person.name)
