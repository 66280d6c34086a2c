"""Listeners of TMF621, TMF656 and TMF683."""

from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from alerts.desk.core.listening import TROUBLE_TICKET
from alerts.desk.core.tables import hub
from alerts.desk.notify.listener import Listener


def add(connection: Connection, number: str, callback_: str, query: str, now: datetime) -> None:
    """Register a listener of TMF621."""
    connection.execute(hub.insert(), {"id": number, "callback": callback_, "query": query, "created_at": now})


def assign(connection: Connection, number: str, api: str) -> None:
    """Make a listener one of another API."""
    connection.execute(update(hub).where(hub.c.id == number).values(api=api))


def find(connection: Connection, number: str, api: str = TROUBLE_TICKET) -> Listener | None:
    """Return a listener of an API."""
    wanted = select(hub).where(hub.c.id == number, hub.c.api == api)
    row = connection.execute(wanted).mappings().one_or_none()
    return Listener(row) if row is not None else None


def every(connection: Connection) -> list[Listener]:
    """Return all listeners, the oldest first."""
    rows = connection.execute(select(hub).order_by(hub.c.created_at, hub.c.id)).mappings()
    return [Listener(row) for row in rows]


def count(connection: Connection) -> int:
    """Return how many listeners there are."""
    return connection.scalar(select(func.count()).select_from(hub)) or 0


def callback(connection: Connection, number: str) -> str | None:
    """Return where a listener listens."""
    return connection.scalar(select(hub.c.callback).where(hub.c.id == number))


def remove(connection: Connection, number: str, api: str = TROUBLE_TICKET) -> bool:
    """Forget a listener; return whether there was one."""
    return connection.execute(delete(hub).where(hub.c.id == number, hub.c.api == api)).rowcount > 0
