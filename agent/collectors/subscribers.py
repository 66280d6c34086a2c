"""Subscribers from the middleware's database: accounts by status, and those served now by its own keep-alive.

The connection is read-only where the database can enforce it, and every statement has a time-out.
"""

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from agent import catalogue
from agent.collector import Clock, Collector
from service.metric import Sample

# Statuses are a middleware's few words; a query that returns accounts instead must not become labels.
MOST_STATUSES = 50
LONGEST_STATUS = 64


@dataclass(frozen=True, slots=True)
class Queries:
    """What is asked. `:service` and `:since` (Unix seconds) stand for the service and the start of "now"."""

    subscribers_query: str = ""
    online_query: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Middleware:
    """One service's database."""

    service: str
    engine: Engine
    queries: Queries
    online_within: float
    clock: Clock = time.time


class Read(NamedTuple):
    """The rows as they came; None where there is no such query."""

    service: str
    subscribers: Sequence[Sequence[Any]] | None
    online: Sequence[Sequence[Any]] | None


def read(middleware: Middleware) -> Read:
    values: Mapping[str, Any] = {
        "service": middleware.service,
        "since": int(middleware.clock() - middleware.online_within),
    }

    def rows(query: str) -> list[Sequence[Any]] | None:
        if not query:
            return None
        statement = text(query)
        asked = {name: values[name] for name in statement.compile().params if name in values}
        # One row more than is allowed shows that there are too many without fetching them all.
        return [tuple(row) for row in connection.execute(statement, asked).fetchmany(MOST_STATUSES + 1)]

    try:
        with middleware.engine.connect() as connection:
            return Read(
                middleware.service,
                rows(middleware.queries.subscribers_query),
                rows(middleware.queries.online_query),
            )
    except SQLAlchemyError as error:
        # The statement and its parameters stay out of the reason: a driver may quote what it was given.
        raise OSError(f"the database refused: {str(getattr(error, 'orig', None) or error).splitlines()[0]}") from None


def parse(source: Read) -> Iterator[Sample]:
    """Yield the accounts by status and the subscribers online."""
    if source.subscribers is not None:
        if len(source.subscribers) > MOST_STATUSES:
            raise ValueError(f"subscribers_query gives more than {MOST_STATUSES} rows; group it by status")
        seen = set()
        for row in source.subscribers:
            if len(row) != 2:
                raise ValueError(f"subscribers_query gives {len(row)} columns; it must give status and count")
            status = str(row[0])
            if row[0] is None or not 0 < len(status) <= LONGEST_STATUS or status in seen:
                raise ValueError(f"subscribers_query: {status[:LONGEST_STATUS]!r} is no status, or comes twice")
            seen.add(status)
            yield catalogue.SUBSCRIBERS.sample(_count(row[1], "subscribers_query"), source.service, status)
    if source.online is not None:
        if len(source.online) != 1 or len(source.online[0]) != 1:
            raise ValueError("online_query must give one number")
        yield catalogue.SUBSCRIBERS_ONLINE.sample(_count(source.online[0][0], "online_query"), source.service)


def _count(value: Any, query: str) -> float:
    try:
        count = float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        count = float("nan")
    if not 0 <= count < float("inf"):
        raise ValueError(f"{query}: {str(value)[:80]!r} is not a count")
    return count


def engine(url: str, timeout: float) -> Engine:
    """Return an engine whose connections cannot write and give up after `timeout`; raise ValueError for a bad URL."""
    try:
        target = make_url(url)
        kind = target.get_backend_name()
        arguments: dict[str, Any] = {}
        if kind == "sqlite":
            path = target.database or ""
            return create_engine("sqlite://", poolclass=NullPool, creator=lambda: _sqlite(path, timeout))
        if kind == "postgresql":
            limit = f"-c statement_timeout={int(timeout * 1000)} -c default_transaction_read_only=on"
            arguments = {"connect_timeout": max(2, int(timeout)), "options": limit}
        elif kind in {"mysql", "mariadb"}:
            arguments = {"connect_timeout": max(1, int(timeout))}
        result = create_engine(target, poolclass=NullPool, connect_args=arguments)
    except (SQLAlchemyError, ImportError) as error:
        raise ValueError(f"database: {error}") from None
    if kind in {"mysql", "mariadb"}:

        @event.listens_for(result, "connect")
        def limit_session(connection: Any, _: Any) -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT VERSION()")
                if "mariadb" in str(cursor.fetchone()[0]).lower():
                    cursor.execute(f"SET SESSION max_statement_time = {timeout:g}")
                else:
                    cursor.execute(f"SET SESSION max_execution_time = {int(timeout * 1000)}")
                cursor.execute("SET SESSION TRANSACTION READ ONLY")

    return result


def _sqlite(path: str, timeout: float) -> sqlite3.Connection:
    end = time.monotonic() + timeout
    # mode=ro neither writes nor creates: a wrong path is an error, not an empty middleware.
    connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=timeout, check_same_thread=False)
    connection.set_progress_handler(lambda: time.monotonic() > end, 10_000)
    return connection


COLLECTOR = Collector("subscribers", read, parse, (catalogue.SUBSCRIBERS, catalogue.SUBSCRIBERS_ONLINE))
