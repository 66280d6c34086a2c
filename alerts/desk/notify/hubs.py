"""TMF621 listeners."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, func, select

from alerts.desk.core.tables import hub


def add(connection: Connection, number: str, callback_: str, query: str, now: datetime) -> None:
    """Register a listener."""
    connection.execute(hub.insert(), {"id": number, "callback": callback_, "query": query, "created_at": now})


def find(connection: Connection, number: str) -> RowMapping | None:
    """Return a listener."""
    return connection.execute(select(hub).where(hub.c.id == number)).mappings().one_or_none()


def every(connection: Connection) -> Sequence[RowMapping]:
    """Return all listeners, the oldest first."""
    return connection.execute(select(hub).order_by(hub.c.created_at, hub.c.id)).mappings().all()


def count(connection: Connection) -> int:
    """Return how many listeners there are."""
    return connection.scalar(select(func.count()).select_from(hub)) or 0


def callback(connection: Connection, number: str) -> str | None:
    """Return where a listener listens."""
    return connection.scalar(select(hub.c.callback).where(hub.c.id == number))


def remove(connection: Connection, number: str) -> bool:
    """Forget a listener; say whether there was one."""
    return connection.execute(delete(hub).where(hub.c.id == number)).rowcount > 0
