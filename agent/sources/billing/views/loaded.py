"""A billing's views in a database in memory: what is asked for when, and what becomes of a view that fails.

Whoever asks first has all views read, at most twice an interval. Subscriptions and runs come whole each time, rows with
a moment of their own since the last whole reading, which is made every ten minutes. A view with a row that cannot be
understood is not judged until it can: its checks fail and say where. Nothing is ever written to a disk.
"""

import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from agent.sources.billing.calendar import Calendar
from agent.sources.billing.moments import of_moment
from agent.sources.billing.places import Connected
from agent.sources.billing.views.columns import INDEXES, VIEWS
from agent.sources.billing.views.functions import add_functions
from agent.sources.billing.views.pages import Address, NoViewError, Pages
from agent.sources.database import Database, MissingTableError, Rows, Session, code_and_class

MOST_ROWS = 200_000  # of all views; more do not fit into the agent's memory
AGAIN = timedelta(minutes=10)
# Rows that are committed later than this after their moment are found by the next whole reading.
OPEN = timedelta(minutes=2)
SNAPSHOTS = timedelta(hours=49)  # the latest two, where there is one a day
RUNS = timedelta(days=10)
PATIENCE = 240.0  # seconds for which a check waits for another
_NAMED = re.compile(r"\bbilling_(\w+)")


class Reach(NamedTuple):
    """How far back what is judged may lie, beside what is needed to judge it."""

    deadline: float  # seconds for one reading of all views
    every: float  # seconds between two readings
    history: int  # days whose rows are counted
    charge_days: int  # days before these whose charges and reasons are needed


class Loaded:
    """The views of one service."""

    kind = "sqlite"

    def __init__(self, address: Callable[[], Address], service: str, calendar: Calendar, reach: Reach) -> None:
        """`address` is asked before each reading: a secret may have been renewed."""
        self._address, self._service, self._reach = address, service, reach
        self._lock = threading.Lock()
        self._faults: dict[str, Exception] = {}
        self._read: datetime | None = None  # when the rows were read
        self._whole: datetime | None = None  # when all of them were
        self._since: dict[str, datetime] = {}  # from when on they are there
        self._cases: datetime | None = None
        self._snapshots: datetime | None = None
        self._movements: datetime | None = None
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        add_functions(self._connection, calendar.zone)
        for name, view in VIEWS.items():
            self._connection.execute(view.table(name))
        for number, index in enumerate(INDEXES):
            self._connection.execute(f"CREATE INDEX index_{number} ON {index}")

    @contextmanager
    def session(self, _: Calendar, now: datetime, deadline: float) -> Iterator[Connected]:
        """Give the session and the moment at which its rows were read; they are read again if they are old."""
        if not self._lock.acquire(timeout=PATIENCE):
            raise OSError(f"other queries of this billing took longer than {PATIENCE:g} s")
        try:
            if self._read is None or not timedelta() <= now - self._read < timedelta(seconds=self._reach.every):
                self._refresh(now)
                self._read = now
            yield Connected(LoadedSession(self._connection, self._faults, deadline), UTC, self._read)
        finally:
            self._lock.release()

    def keep(self, since: datetime | None, snapshots: datetime | None) -> None:
        """Have the rows since the earliest open case's beginning there, and the snapshots since another's.

        Raise ValueError while they are not: the next reading has them.
        """
        self._cases, self._snapshots = since, snapshots
        if any(
            each < self._since.get(name, each) for each, name in ((since, "movement"), (snapshots, "balance")) if each
        ):
            self._read = self._whole = None
            raise ValueError("the rows of an open case's time are not there yet; they are read in the next round")

    def keep_movements(self, since: datetime | None) -> datetime | None:
        """Have the movements since the earliest free month's export there, as far back as charges are read.

        Return since when they are there now; the next reading has those that are missing.
        """
        self._movements = since
        held = self._since.get("movement")
        if held is not None and self._read is not None and self._start("movement", self._read) < held:
            self._read = self._whole = None
        return held

    def _refresh(self, now: datetime) -> None:
        """Read all views; those that fail are empty and have their fault."""
        address, end = self._address(), time.monotonic() + self._reach.deadline
        whole = self._whole is None or not timedelta() <= now - self._whole < AGAIN
        faults: dict[str, Exception] = {}
        self._connection.execute("PRAGMA query_only = OFF")
        for name in VIEWS:
            known = None if whole or name in self._faults else self._whole
            try:
                self._load(name, address, known, now, end)
            except NoViewError as error:
                faults[name] = MissingTableError(str(error))
            except (OSError, ValueError) as error:
                kind = ValueError if isinstance(error, ValueError) else OSError
                faults[name] = kind(f"billing_{name} is not judged: {error}")
            if name in faults:
                self._forget(name)
        self._connection.execute("PRAGMA query_only = ON")
        self._faults = faults
        if whole:
            self._whole = now

    def _load(self, name: str, address: Address, known: datetime | None, now: datetime, end: float) -> None:
        """Read one view, or what it has since `known`."""
        view = VIEWS[name]
        asked = {"service": self._service}
        start = self._start(name, now)
        if view.at:
            start = start if known is None else known - OPEN
            asked |= {"from": written(start), "until": written(now)}
            if known is None:
                self._since[name] = start
        elif name == "run":
            asked |= {"from": written(start)}
        self._forget(name, start if known is not None and view.at else None)
        pages = Pages(address, name, view, asked, end)
        self._store(name, pages, of_moment(start), of_moment(now))

    def _store(self, name: str, pages: Pages, first: int, last: int) -> None:
        """Insert the rows whose moment lies in a span; raise ValueError for too many, or one that comes twice."""
        view = VIEWS[name]
        place = [column.name for column in view.columns].index(view.at) if view.at else None
        tables = (self._connection.execute(f"SELECT COUNT(*) FROM billing_{each}") for each in VIEWS)  # noqa: S608
        left = MOST_ROWS - sum(cursor.fetchone()[0] for cursor in tables)
        marks = ", ".join("?" * len(view.columns))
        insert = f"INSERT OR IGNORE INTO billing_{name} VALUES ({marks})"  # noqa: S608 - names of our own tables
        for row in pages.rows():
            # A billing that heeds neither `from` nor `until` gives more than was asked for.
            if place is not None and not first <= int(row[place] or 0) < last:
                continue
            left -= 1
            if left < 0:
                raise ValueError(
                    f"{pages.place}: more than {MOST_ROWS} rows of all views do not fit into the agent's memory; have"
                    " it read the database, or lower charge_days and history"
                )
            if not self._connection.execute(insert, row).rowcount:
                raise ValueError(f"{pages.place}: its id was that of a row before; give every row once")

    def _forget(self, name: str, start: datetime | None = None) -> None:
        """Delete the rows of a view, or those since a moment."""
        if start is None:
            self._connection.execute(f"DELETE FROM billing_{name}")  # noqa: S608
        else:
            since = f"DELETE FROM billing_{name} WHERE {VIEWS[name].at} >= ?"  # noqa: S608
            self._connection.execute(since, (of_moment(start),))

    def _start(self, name: str, now: datetime) -> datetime:
        """Return from when on a view is read as a whole."""
        since = min(now - timedelta(days=self._reach.history + 1), self._cases or now)
        if name in ("charge", "outcome"):
            return since - timedelta(days=self._reach.charge_days)
        if name == "movement" and self._movements is not None:
            return min(since, max(self._movements, self._start("charge", now)))
        if name == "balance":
            return min(now - SNAPSHOTS, self._snapshots or now)
        return now - RUNS if name == "run" else since


class LoadedSession(Session):
    """Asks the database in memory."""

    def __init__(self, connection: sqlite3.Connection, faults: Mapping[str, Exception], deadline: float) -> None:
        errors = (sqlite3.Error, sqlite3.Warning)
        super().__init__(Database(lambda: connection, errors, ":{}", code_and_class), connection)
        self._sqlite, self._faults, self._deadline = connection, faults, deadline

    def rows(self, query: str, values: Mapping[str, Any], most: int) -> Rows:
        """Return at most so many rows; raise what became of a view that the query names."""
        for name in _NAMED.findall(query):
            if name not in VIEWS:
                raise MissingTableError(f"there is no view billing_{name}")
            if (fault := self._faults.get(name)) is not None:
                raise type(fault)(str(fault))
        end = time.monotonic() + self._deadline
        self._sqlite.set_progress_handler(lambda: time.monotonic() > end, 10_000)
        try:
            return super().rows(query, values, most)
        finally:
            self._sqlite.set_progress_handler(None, 0)


def written(moment: datetime) -> str:
    """Return a moment as the parameters have it, such as 2026-03-01T00:05:00Z."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
