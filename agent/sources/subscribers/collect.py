"""Subscribers from the middleware's database: accounts by status, and those served now by its own keep-alive.

The connection is read-only where the database can enforce it, and every statement has a time-out.
"""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from agent.runtime.collector import Clock, Collector
from agent.sources.database import Database, kind_of
from agent.sources.subscribers import metrics
from service.metric import Sample
from service.nouns import counted

# Statuses are a middleware's few words; a query that returns accounts instead must not become labels.
MOST_STATUSES = 50
LONGEST_STATUS = 64
# A keep-alive of the future is written in another unit or zone than Unix seconds, and online would be whoever ever was.
MOST_AHEAD = 3600.0  # seconds
# More than there are people is a count below zero that was written without a sign.
MOST_ACCOUNTS = 2.0**31
# Three digits behind a point are thousands in some languages: "41.000" is no 41.
_COUNT = re.compile(r"[0-9]+(?:\.0{0,2})?")


@dataclass(frozen=True, slots=True)
class Queries:
    """What is asked. `:service` and `:since` (Unix seconds) stand for the service and the start of "now"."""

    subscribers_query: str = ""
    online_query: str = ""
    newest_query: str = ""  # the newest of the moments that online_query compares with :since, in Unix seconds
    title: str = ""


@dataclass(frozen=True, slots=True)
class Middleware:
    """One service's database."""

    service: str
    database: Database
    queries: Queries
    online_within: float
    clock: Clock = time.time


class Read(NamedTuple):
    """The rows as they came; None where there is no such query."""

    service: str
    subscribers: Sequence[Sequence[Any]] | None
    online: Sequence[Sequence[Any]] | None
    keys: tuple[str, str] = ("subscribers_query", "online_query")  # of the settings, for whoever reads a reason


def read(middleware: Middleware) -> Read:
    queries = middleware.queries
    now = middleware.clock()
    values = {"service": middleware.service, "since": int(now - middleware.online_within)}
    asked = [query for query in (queries.subscribers_query, queries.online_query, queries.newest_query) if query]
    # One row more than is allowed shows that there are too many without fetching them all.
    answers = iter(middleware.database.rows(asked, values, MOST_STATUSES + 1))
    found = Read(
        middleware.service,
        next(answers) if queries.subscribers_query else None,
        next(answers) if queries.online_query else None,
    )
    if queries.newest_query:
        _check_newest(next(answers), now)
    return found


def _check_newest(rows: Sequence[Sequence[Any]], now: float) -> None:
    """Raise ValueError where the newest keep-alive is no moment in Unix seconds; there may be none."""
    newest = rows[0][0] if rows and rows[0] else None
    if newest is None:
        return
    wanted = "it must be Unix seconds, so that it can be compared with :since"
    if isinstance(newest, bool) or not isinstance(newest, int | float | Decimal):
        raise ValueError(f"the time of a keep-alive is {kind_of(newest)}; {wanted}")
    if newest > now + MOST_AHEAD:
        raise ValueError(f"the newest keep-alive, {newest}, lies more than an hour ahead of the clock; {wanted}")


def parse(source: Read) -> Iterator[Sample]:
    """Yield the accounts by status and the subscribers online."""
    key, online_key = source.keys
    if source.subscribers is not None:
        if len(source.subscribers) > MOST_STATUSES:
            raise ValueError(f"{key} gives more than {MOST_STATUSES} rows; group it by status")
        if not source.subscribers:
            raise ValueError(
                f"{key} gives no status at all for the service {source.service!r}; check its name there, and give a "
                "status with 0 where nobody is subscribed"
            )
        for status, count in _by_status(source.subscribers, key).items():
            yield metrics.SUBSCRIBERS.sample(count, source.service, status)
    if source.online is not None:
        if len(source.online) != 1 or len(source.online[0]) != 1:
            raise ValueError(f"{online_key} must give one number")
        yield metrics.SUBSCRIBERS_ONLINE.sample(_count(source.online[0][0], online_key), source.service)


def _by_status(rows: Sequence[Sequence[Any]], key: str) -> dict[str, float]:
    """Return the counts by status; those that the database tells apart by their padding alone are one status.

    Raises ValueError for rows that are no counts by status.
    """
    counts: dict[str, float] = {}
    seen = set()
    for row in rows:
        if len(row) != 2:
            raise ValueError(f"{key} gives {counted(len(row), 'column')}; it must give status and count")
        status, written = _status(row[0], key), bytes(row[0]) if isinstance(row[0], memoryview) else row[0]
        if written in seen:
            raise ValueError(f"{key}: the status {status!r} comes twice; group by it")
        seen.add(written)
        counts[status] = counts.get(status, 0.0) + _count(row[1], key)
    return counts


def _status(value: Any, key: str) -> str:
    """Return the text of a status; a column's padding is no part of it, and one bit is 0 or 1.

    Raises ValueError for a value of a type that has no one way to be written.
    """
    if isinstance(value, memoryview):
        value = value.tobytes()
    if value in (b"\0", b"\1"):
        return str(value[0])  # BIT(1), as MariaDB's driver gives it
    if isinstance(value, bytes):
        try:
            value = value.decode("utf-8")
        except UnicodeDecodeError:
            raise ValueError(f"{key}: the status {value[:16]!r} is not UTF-8; cast it to text") from None
    if isinstance(value, bool):
        return str(value).lower()  # PostgreSQL's boolean
    if value is None:
        raise ValueError(f"{key}: a status is NULL; name it in the query: COALESCE(status, 'unknown')")
    if not isinstance(value, str | int):
        raise ValueError(f"{key}: a status is {kind_of(value)}; cast it to text in the query")
    status = str(value).strip()
    if any("\ud800" <= character <= "\udfff" for character in status):
        raise ValueError(f"{key}: a status is not UTF-8; JSON is, whatever else the answer says of itself")
    if not 0 < len(status) <= LONGEST_STATUS or not status.isprintable():
        raise ValueError(f"{key}: {status[:LONGEST_STATUS]!r} is no status")
    return status


def _count(value: Any, key: str) -> float:
    readable = _COUNT.fullmatch(value.strip()) if isinstance(value, str) else not isinstance(value, bool)
    try:
        count = float(value) if readable else float("nan")
    except (TypeError, ValueError, OverflowError):
        count = float("nan")
    if not (0 <= count < MOST_ACCOUNTS and count.is_integer()):
        number = isinstance(value, str | int | float | Decimal) and not isinstance(value, bool)
        raise ValueError(f"{key}: {repr(str(value)[:80]) if number else kind_of(value)} is not a count")
    return count


COLLECTOR = Collector("subscribers", read, parse, (metrics.SUBSCRIBERS, metrics.SUBSCRIBERS_ONLINE))
