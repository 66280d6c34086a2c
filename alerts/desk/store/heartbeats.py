"""Signs of life that the desk expects, such as Alertmanager's Watchdog."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from alerts.desk.store.tables import heartbeat


def beat(connection: Connection, name: str, now: datetime, missing_after: float) -> None:
    """Record a sign of life; an older one that arrives late does not turn time back."""
    values = {"name": name, "at": now, "due_at": now + timedelta(seconds=missing_after)}
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(heartbeat).values(values)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[heartbeat.c.name],
            set_={"at": statement.excluded["at"], "due_at": statement.excluded.due_at},
            where=heartbeat.c["at"] < statement.excluded["at"],
        )
    )


def last(connection: Connection, name: str) -> datetime | None:
    """Return the latest sign of life."""
    return connection.scalar(select(heartbeat.c["at"]).where(heartbeat.c.name == name))


def expect(connection: Connection, name: str, due_at: datetime) -> None:
    """Say until when the next sign has to come."""
    connection.execute(update(heartbeat).where(heartbeat.c.name == name).values(due_at=due_at))
