"""Signs of life that the desk expects, such as Alertmanager's Watchdog."""

from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from alerts.desk.core.tables import heartbeat


def beat(connection: Connection, name: str, now: datetime) -> None:
    """Record a sign of life; an older one that arrives late does not turn time back."""
    values = {"name": name, "at": now}
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(heartbeat).values(values)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[heartbeat.c.name],
            set_={"at": statement.excluded["at"]},
            where=heartbeat.c["at"] < statement.excluded["at"],
        )
    )


def last(connection: Connection, name: str) -> datetime | None:
    """Return the latest sign of life."""
    return connection.scalar(select(heartbeat.c["at"]).where(heartbeat.c.name == name))


def since(connection: Connection, name: str, now: datetime) -> datetime:
    """Return the latest sign of life, or from when on one is expected: the first time anybody asked."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(insert(heartbeat).values(name=name, at=now).on_conflict_do_nothing())
    return last(connection, name) or now
