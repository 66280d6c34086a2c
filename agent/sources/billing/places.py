"""Where a billing's rows are: its database, here, or what it offers over HTTP (`agent.sources.billing.views`)."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone, tzinfo
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from agent.sources.billing.calendar import Calendar
from agent.sources.database import Database, Session, code_and_class, database

_KINDS = {"postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql"}


class Connected(NamedTuple):
    """A session, the zone of its moments without one, and the moment of its rows."""

    session: Session
    zone: tzinfo
    now: datetime


class Place(Protocol):
    """Where queries are asked."""

    @property
    def kind(self) -> str:
        """The kind of SQL: postgresql, mysql or sqlite."""

    def session(self, calendar: Calendar, now: datetime, deadline: float) -> AbstractContextManager[Connected]:
        """Open a session whose statements take so many seconds at most; raise OSError."""

    def keep(self, since: datetime | None, snapshots: datetime | None) -> None:
        """Be told how far back open cases lie; raise ValueError where their rows are not there yet."""

    def keep_movements(self, since: datetime | None) -> datetime | None:
        """Be told how far back free months lie; return since when movements are there, None for all of them."""


def kind_of(url: str) -> str:
    """Return the kind of a database, "postgresql" or "mysql"; raise ValueError for another."""
    kind = _KINDS.get(urlsplit(url).scheme.partition("+")[0])
    if kind is None:
        raise ValueError("database: a billing is read from PostgreSQL, MariaDB or MySQL")
    return kind


class Server:
    """The billing's database itself."""

    def __init__(self, url: str) -> None:
        """Raise ValueError, or ModuleNotFoundError for a driver that is not there."""
        self.kind = kind_of(url)
        self._url = url
        self.database(5.0)

    def database(self, deadline: float) -> Database:
        """Return the database with a time-out for each statement; raise ValueError, ModuleNotFoundError."""
        return replace(database(self._url, deadline), reason=code_and_class)

    @contextmanager
    def session(self, calendar: Calendar, now: datetime, deadline: float) -> Iterator[Connected]:
        """Open a connection whose days are the calendar's; raise OSError."""
        with self.database(deadline).session() as session:
            if self.kind == "postgresql":
                zone: tzinfo = calendar.zone
                session.set(f"SET TIME ZONE '{calendar.zone.key}'")
                # Compiling these queries takes longer than they do.
                session.set("SELECT set_config('jit', 'off', false) FROM pg_settings WHERE name = 'jit'")
            else:
                # MariaDB has names of zones only where somebody loaded them.
                offset = now.astimezone(calendar.zone).utcoffset() or timedelta()
                zone = timezone(offset)
                session.set(f"SET SESSION time_zone = '{_offset(offset)}'")
            yield Connected(session, zone, now)

    def keep(self, since: datetime | None, snapshots: datetime | None) -> None:
        """All rows are there."""

    def keep_movements(self, since: datetime | None) -> None:
        """All rows are there."""


def _offset(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
