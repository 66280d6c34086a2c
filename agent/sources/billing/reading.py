"""Asking a billing database: at most two connections, each query with its deadline.

What the driver says of a failed statement is cut to its class and code: its sentence may quote a value of a row.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any
from urllib.parse import urlsplit

from agent.runtime.collector import Clock
from agent.sources.billing.calendar import Calendar
from agent.sources.billing.dialect import written
from agent.sources.billing.preset import Query
from agent.sources.database import Database, MissingTableError, Rows, Session, code_and_class, database

Value = datetime | date | str | int

MOST_ROWS = 5000
_KINDS = {"postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql"}


def kind_of(url: str) -> str:
    """Return the kind of a database, "postgresql" or "mysql"; raise ValueError for another."""
    kind = _KINDS.get(urlsplit(url).scheme.partition("+")[0])
    if kind is None:
        raise ValueError("database: a billing is read from PostgreSQL, MariaDB or MySQL")
    return kind


@dataclass(frozen=True, slots=True)
class Lane:
    """One of the connections: the checks of a lane take turns, for as long as they are patient (seconds)."""

    lock: threading.Lock
    patience: float


class Billing:
    """One service's billing database."""

    def __init__(self, service: str, url: str, queries: Mapping[str, Query], calendar: Calendar, clock: Clock) -> None:
        kind = kind_of(url)
        self.service, self.queries, self.calendar = service, queries, calendar
        self.with_source = False  # whether the view billing_source is asked
        self._clock, self._url, self.kind = clock, url, kind
        # What is asked each minute never waits for what reads days of charges.
        self.quick, self.slow = Lane(threading.Lock(), 30.0), Lane(threading.Lock(), 240.0)
        self.database(5.0)  # the URL is understood, its driver is there

    def database(self, deadline: float) -> Database:
        """Return the database with a time-out for each statement; raise ValueError, ModuleNotFoundError."""
        return replace(database(self._url, deadline), reason=code_and_class)

    @contextmanager
    def session(self, lane: Lane, deadline: float) -> Iterator["Asking"]:
        """Open a connection when it is this check's turn; raise OSError."""
        if not lane.lock.acquire(timeout=lane.patience):
            raise OSError(f"other queries of this billing took longer than {lane.patience:g} s")
        try:
            with self.database(deadline).session() as session:
                now = datetime.fromtimestamp(self._clock(), UTC).replace(microsecond=0)
                if self.kind == "postgresql":
                    zone: tzinfo = self.calendar.zone
                    session.set(f"SET TIME ZONE '{self.calendar.zone.key}'")
                    # Compiling these queries takes longer than they do.
                    session.set("SELECT set_config('jit', 'off', false) FROM pg_settings WHERE name = 'jit'")
                else:
                    # MariaDB has names of zones only where somebody loaded them.
                    offset = now.astimezone(self.calendar.zone).utcoffset() or timedelta()
                    zone = timezone(offset)
                    session.set(f"SET SESSION time_zone = '{_offset(offset)}'")
                yield Asking(self, session, zone, now)
        finally:
            lane.lock.release()


class Asking:
    """One connection of a billing, with the moment up to which its rows are known."""

    def __init__(self, billing: Billing, session: Session, zone: tzinfo, clock: datetime) -> None:
        self.billing, self.calendar, self.clock = billing, billing.calendar, clock
        self._session, self._zone = session, zone
        known = self.up_to() if billing.with_source else None
        self.now = clock if known is None else min(clock, known)

    def up_to(self) -> datetime | None:
        """Return the moment up to which the rows are complete; None where there is no view that tells it."""
        try:
            rows = self.rows("source")
        except MissingTableError:
            return None
        moment = self.moment(rows[0][0]) if len(rows) == 1 else None
        if moment is None:
            raise ValueError("source: the view must give one row with one moment, up to which all rows are there")
        return moment.replace(microsecond=0)

    def rows(self, name: str, **values: Value) -> Rows:
        """Return the rows of a query; raise OSError, or ValueError for more of them than groups can be."""
        return self.select(name, self.billing.queries[name].sql, **values)

    def select(self, name: str, sql: str, **values: Value) -> Rows:
        """Return the rows of a SELECT, named in what is raised: OSError, or ValueError for too many rows."""
        given = {"service": self.billing.service, **{key: self._value(value) for key, value in values.items()}}
        found = self._session.rows(written(sql, self.billing.kind), given, MOST_ROWS + 1)
        if len(found) > MOST_ROWS:
            raise ValueError(f"{name}: more than {MOST_ROWS} rows; the query must group them")
        return found

    def moment(self, value: Any) -> datetime | None:
        """Return a column's moment in UTC (without a zone it is the session's); raise ValueError for anything else."""
        if value is None:
            return None
        if not isinstance(value, datetime):
            raise ValueError(
                f"a {type(value).__name__} came where a moment was expected; use a type with date and time"
            )
        return (value if value.tzinfo else value.replace(tzinfo=self._zone)).astimezone(UTC)

    def _value(self, value: Value) -> Any:
        # Drivers for MariaDB write the digits of a moment and leave out its zone.
        if isinstance(value, datetime) and isinstance(self._zone, timezone):
            return value.astimezone(self._zone).replace(tzinfo=None)
        return value


def _offset(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
