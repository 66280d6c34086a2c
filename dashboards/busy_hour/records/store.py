"""Records of days in SQLite or PostgreSQL: what stays when Prometheus has forgotten.

A record holds the day's busy hour and also its quarters and five-minute averages, so every measure of every range
can be computed again from records alone. The primary key makes it impossible to count a day twice.
"""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, Literal

import numpy as np
from sqlalchemy import Engine, create_engine, event, func, insert, inspect, make_url, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from dashboards.busy_hour.measures.series import DEFINITION, DaySeries, Floats, LocalDay
from dashboards.busy_hour.records.record import Record
from dashboards.busy_hour.records.tables import DAYS, MAILED, MAILED_TO, METADATA
from service.database_trouble import trouble
from service.postgresql import patience

_LOCKS = {"schema": 7410_622, "mail": 7410_623}  # advisory locks: any numbers that no other program uses here


class StoreError(OSError):
    """The database cannot be used; the message carries no password."""


class Store:
    """The database of records."""

    def __init__(self, url: str) -> None:
        try:
            memory = url in ("sqlite://", "sqlite:///:memory:")
            # One connection shared by all: each further one would be another, empty database.
            self._engine = create_engine(url, poolclass=StaticPool) if memory else _engine(url)
            if self._engine.dialect.name not in ("sqlite", "postgresql"):
                raise StoreError(f"{self._shown()}: use sqlite:///… or postgresql+psycopg://…")
            if self._engine.dialect.name == "sqlite":
                event.listen(self._engine, "connect", _sqlite_pragmas)
        except (SQLAlchemyError, ImportError) as error:
            raise StoreError(f"the database cannot be used: {error}") from None
        try:
            with self._guard("open"), self.turn("schema"):
                METADATA.create_all(self._engine)
                self._refuse_newer()
        except StoreError:
            self.close()
            raise

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def ping(self) -> None:
        """Raise StoreError unless the database answers."""
        with self._guard("read"), self._engine.connect() as connection:
            connection.execute(select(DAYS.c.day).limit(1))

    @contextmanager
    def turn(self, purpose: Literal["schema", "mail"]) -> Iterator[None]:
        """Let in one at a time of several programs that share a PostgreSQL; the others wait."""
        if self._engine.dialect.name == "sqlite":
            yield
            return
        with self._guard("write"), self._engine.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(_LOCKS[purpose])))
            yield

    def save(self, records: Sequence[Record]) -> None:
        """Write all records or none; a day that is there already is replaced."""
        if not records:
            return
        with self._guard("write"), self._engine.begin() as connection:
            statement = _insert(self._engine)
            update = {column.name: statement.excluded[column.name] for column in DAYS.c if not column.primary_key}
            connection.execute(
                statement.on_conflict_do_update(index_elements=list(DAYS.primary_key.columns), set_=update),
                [_row(record) for record in records],
            )

    def load(self, scope: str, quantity: str, first: date | None = None, last: date | None = None) -> list[Record]:
        """Return the records of one series in order of day."""
        query = select(DAYS).where(DAYS.c.scope == scope, DAYS.c.quantity == quantity).order_by(DAYS.c.day)
        if first is not None:
            query = query.where(DAYS.c.day >= first)
        if last is not None:
            query = query.where(DAYS.c.day <= last)
        with self._guard("read"), self._engine.connect() as connection:
            return [_record(row) for row in connection.execute(query)]

    def version(self, scope: str, quantity: str) -> tuple[int, int] | None:
        """Return how many days one series has and when the latest was written; None where nothing is recorded."""
        query = select(func.count(), func.max(DAYS.c.recorded))
        with self._guard("read"), self._engine.connect() as connection:
            number, written = connection.execute(query.where(DAYS.c.scope == scope, DAYS.c.quantity == quantity)).one()
        return (number, written) if number else None

    def series(self) -> list[tuple[str, str, date, date, int]]:
        """Return (scope, quantity, first day, last day, days) of everything recorded."""
        query = (
            select(DAYS.c.scope, DAYS.c.quantity, func.min(DAYS.c.day), func.max(DAYS.c.day), func.count())
            .group_by(DAYS.c.scope, DAYS.c.quantity)
            .order_by(DAYS.c.scope, DAYS.c.quantity)
        )
        with self._guard("read"), self._engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def sources_of(self, first: date, last: date) -> dict[tuple[str, str, date], str]:
        """Return where each record of the days came from, by (scope, quantity, day)."""
        query = select(DAYS.c.scope, DAYS.c.quantity, DAYS.c.day, DAYS.c.source).where(DAYS.c.day.between(first, last))
        with self._guard("read"), self._engine.connect() as connection:
            return {(scope, quantity, day): source for scope, quantity, day, source in connection.execute(query)}

    def kinds_of(self, scope: str, quantity: str) -> frozenset[str]:
        """Return the kinds that a series has been recorded as."""
        query = select(DAYS.c.kind).where(DAYS.c.scope == scope, DAYS.c.quantity == quantity).distinct()
        with self._guard("read"), self._engine.connect() as connection:
            return frozenset(connection.scalars(query))

    def mailed(self, month: date) -> bool:
        """Return whether the month's report has been handed to the mail server."""
        with self._guard("read"), self._engine.connect() as connection:
            return connection.execute(select(MAILED.c.month).where(MAILED.c.month == month)).first() is not None

    def mailed_to(self, month: date) -> frozenset[str]:
        """Return who needs no further attempt for the month's report."""
        query = select(MAILED_TO.c.recipient).where(MAILED_TO.c.month == month)
        with self._guard("read"), self._engine.connect() as connection:
            return frozenset(connection.scalars(query))

    def note_mailed_to(self, month: date, recipients: Sequence[str], now: float) -> None:
        """Remember who was sent the month's report, or refused for good."""
        rows = [{"month": month, "recipient": each, "at": int(now)} for each in recipients]
        if rows:
            with self._guard("write"), self._engine.begin() as connection:
                connection.execute(insert(MAILED_TO), rows)

    def note_mailed(self, month: date, now: float) -> None:
        """Remember that the month's report has been sent."""
        with self._guard("write"), self._engine.begin() as connection:
            connection.execute(insert(MAILED).values(month=month, sent=int(now)))

    def _refuse_newer(self) -> None:
        columns = {column["name"] for column in inspect(self._engine).get_columns(DAYS.name)}
        missing = sorted(column.name for column in DAYS.c if column.name not in columns)
        if missing:
            raise StoreError(f"{self._shown()}: table {DAYS.name} of another version lacks {', '.join(missing)}")
        with self._engine.connect() as connection:
            newest = connection.execute(select(func.max(DAYS.c.definition))).scalar()
        if newest is not None and newest > DEFINITION:
            raise StoreError(
                f"{self._shown()} holds records by definition {newest}; this program knows {DEFINITION}: update it"
            )

    @contextmanager
    def _guard(self, doing: str) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise StoreError(f"cannot {doing} {self._shown()}: {trouble(error)}") from error

    def _shown(self) -> str:
        return self._engine.url.render_as_string(hide_password=True)


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "postgresql":
        return create_engine(parsed)
    # pre_ping: a PostgreSQL that was restarted, or whose lead another one took, must not cost a day's record.
    return create_engine(parsed, pool_pre_ping=True, connect_args=patience(parsed.query))


def _insert(engine: Engine) -> Any:
    # PostgreSQL's dialect alone takes a tenth of a second to import; a report needs neither.
    if engine.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as insert_or_update  # noqa: PLC0415
    else:
        from sqlalchemy.dialects.postgresql import insert as insert_or_update  # type: ignore[assignment] # noqa: PLC0415
    return insert_or_update(DAYS)


def _sqlite_pragmas(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA busy_timeout=10000")


def _packed(values: Floats) -> bytes:
    return zlib.compress(np.ascontiguousarray(values, dtype="<f8").tobytes(), 1)


def _unpacked(blob: bytes) -> Floats:
    return np.frombuffer(zlib.decompress(blob), dtype="<f8")


def _row(record: Record) -> dict[str, Any]:
    return {
        "scope": record.scope,
        "quantity": record.quantity,
        "day": record.day,
        "zone": record.zone,
        "day_start": record.series.span.start,
        "day_end": record.series.span.end,
        "kind": record.kind,
        "step": record.series.step,
        "phase": record.phase,
        "value": record.value,
        "start": record.start,
        "full_value": record.full_value,
        "full_start": record.full_start,
        "coverage": record.coverage,
        "flags": " ".join(sorted(record.flags)),
        "definition": record.definition,
        "source": record.source,
        "recorded": record.recorded,
        "slots": _packed(record.series.slots),
        "fine_step": record.series.fine_step,
        "fine": _packed(record.series.fine),
    }


def _record(row: Any) -> Record:
    # In the order of the table's columns: a look-up by name for each costs as much as unpacking the arrays.
    scope, quantity, day, zone, day_start, day_end, kind, step, phase, *figures = row
    value, start, full_value, full_start, coverage, flags, definition, source, recorded, *arrays = figures
    slots, fine_step, fine = arrays
    return Record(
        scope=scope,
        quantity=quantity,
        day=day,
        zone=zone,
        value=value,
        start=start,
        full_value=full_value,
        full_start=full_start,
        coverage=coverage,
        flags=frozenset(flags.split()),
        definition=definition,
        source=source,
        recorded=recorded,
        kind=kind,
        phase=phase,
        series=DaySeries(LocalDay(day, day_start, day_end), step, _unpacked(slots), fine_step, _unpacked(fine)),
    )
