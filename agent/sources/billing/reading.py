"""Asking a billing: at most two connections, each query with its deadline.

What the driver says of a failed statement is cut to its class and code: its sentence may quote a value of a row.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timezone, tzinfo
from typing import Any

from agent.runtime.collector import Clock
from agent.sources.billing.calendar import Calendar
from agent.sources.billing.dialect import written
from agent.sources.billing.moments import moment_of, of_moment
from agent.sources.billing.places import Place
from agent.sources.billing.preset import Query
from agent.sources.database import MissingTableError, Rows, Session, kind_of

Value = datetime | date | str | int

MOST_ROWS = 5000


@dataclass(frozen=True, slots=True)
class Lane:
    """One of the connections: the checks of a lane take turns, for as long as they are patient (seconds)."""

    lock: threading.Lock
    patience: float


class Billing:
    """One service's billing."""

    def __init__(
        self, service: str, place: Place, queries: Mapping[str, Query], calendar: Calendar, clock: Clock
    ) -> None:
        self.service, self.place, self.queries, self.calendar = service, place, queries, calendar
        self.with_source = False  # whether the view billing_source is asked
        self._clock = clock
        # What is asked each minute never waits for what reads days of charges.
        self.quick, self.slow = Lane(threading.Lock(), 30.0), Lane(threading.Lock(), 240.0)

    @contextmanager
    def session(self, lane: Lane, deadline: float) -> Iterator["Asking"]:
        """Open a connection when it is this check's turn; raise OSError."""
        if not lane.lock.acquire(timeout=lane.patience):
            raise OSError(f"other queries of this billing took longer than {lane.patience:g} s")
        try:
            now = datetime.fromtimestamp(self._clock(), UTC).replace(microsecond=0)
            with self.place.session(self.calendar, now, deadline) as (session, zone, moment):
                yield Asking(self, session, zone, moment)
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
        return self.select(name, self.billing.queries[name].of(self.billing.place.kind), **values)

    def select(self, name: str, sql: str, **values: Value) -> Rows:
        """Return the rows of a SELECT, named in what is raised: OSError, or ValueError for too many rows."""
        given = {"service": self.billing.service, **{key: self._value(value) for key, value in values.items()}}
        found = self._session.rows(written(sql, self.billing.place.kind), given, MOST_ROWS + 1)
        if len(found) > MOST_ROWS:
            raise ValueError(f"{name}: more than {MOST_ROWS} rows; the query must group them")
        return found

    def moment(self, value: Any) -> datetime | None:
        """Return a column's moment in UTC (without a zone it is the session's); raise ValueError for anything else."""
        if value is None:
            return None
        if isinstance(value, int) and self.billing.place.kind == "sqlite":
            return moment_of(value)
        if not isinstance(value, datetime):
            raise ValueError(f"{kind_of(value)} came where a moment was expected; use a type with date and time")
        return (value if value.tzinfo else value.replace(tzinfo=self._zone)).astimezone(UTC)

    def _value(self, value: Value) -> Any:
        if self.billing.place.kind == "sqlite":
            if isinstance(value, datetime):
                return of_moment(value)
            return value.isoformat() if isinstance(value, date) else value
        # Drivers for MariaDB write the digits of a moment and leave out its zone.
        if isinstance(value, datetime) and isinstance(self._zone, timezone):
            return value.astimezone(self._zone).replace(tzinfo=None)
        return value
