"""The connection to SQLite or PostgreSQL.

SQLite runs in WAL mode with synchronous FULL: Alertmanager forgets a notification once we answer 2xx, so a commit
that a power cut undoes is a lost alarm. Its one writer is chosen by a lock of this process; SQLite's own busy handler
polls with growing sleeps and would put those into the webhook's delay. All writing goes over one connection: a
connection forgets the pages it holds whenever another one wrote.

PostgreSQL has connections for writing as well, whose planner is bound to the indexes. Everything that is written is
found by an index; but a plan is made once and kept, and one that was made over small tables reads all of them, webhook
after webhook, while a storm makes them large.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from threading import Lock

from sqlalchemy import Connection, Dialect, Engine, ExceptionContext, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from service.database_trouble import remedy
from service.postgresql import check_encoding, patience

UNAVAILABLE = (OperationalError, InterfaceError, InternalError, PoolTimeout)
"""What the storage raises when it is down, locked, full, read-only or gone: trying again can help."""

CACHE_KIB = 64 * 1024
CHECKPOINT_PAGES = (
    8192  # 32 MiB of log: a page that a storm changes often is copied into the database once, not each time
)
_SERIALIZATION_FAILURE = {"40001", "40P01"}
_READ_ONLY = "25006"  # this and the next are SQLSTATEs
_DISK_FULL = "53100"
_NO_CHANGE = "UPDATE alembic_version SET version_num = version_num"


class Database:
    """One engine; `read` and `write` are transactions."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        make = partial(create_engine, self.url, json_serializer=json.JSONEncoder(ensure_ascii=False).encode)
        if not self.sqlite:
            # pre_ping: a restarted PostgreSQL must not cost every pooled connection one failed webhook.
            make = partial(make, pool_pre_ping=True, pool_size=10, max_overflow=5, pool_timeout=10)
            make = partial(make, connect_args=patience(self.url.query))
        self.engine: Engine = make()
        self._committed: list[Callable[[], None]] = []
        self._lock = Lock()
        self._writer: AbstractContextManager[object] = self._lock if self.sqlite else nullcontext()
        if self.sqlite:
            self.writing = make(pool_size=1, max_overflow=0)
            event.listen(self.writing, "connect", _prepare_sqlite)
            event.listen(self.writing, "begin", _begin_sqlite_write)
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            self.writing = make()
            for engine in (self.engine, self.writing):
                event.listen(engine, "do_connect", _connect_postgresql)
            event.listen(self.writing, "connect", _prepare_postgresql_writer)
            event.listen(self.writing, "handle_error", self._refused)
        for engine in (self.engine, self.writing):
            event.listen(engine, "handle_error", _unavailable, retval=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Run a transaction that only reads."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Run a transaction that writes; it is committed when the block ends."""
        with self._writer, self.writing.connect() as connection, connection.begin():
            yield connection
        for told in self._committed:
            told()

    def has_log(self) -> bool:
        """Return whether writers go on beside readers; SQLite's log for that needs a file system that shares memory."""
        if not self.sqlite:
            return True
        with self.engine.connect() as connection:
            return connection.exec_driver_sql("PRAGMA journal_mode").scalar() in ("wal", "memory")

    def on_commit(self, told: Callable[[], None]) -> None:
        """Call `told` after each commit of this process, in the thread that committed."""
        self._committed.append(told)

    def takes_writes(self) -> bool:
        """Return whether the storage takes writes; raise one of UNAVAILABLE when it does not answer.

        A PostgreSQL that became a standby answers every question and refuses every change. A full disk shows only when
        SQLite has something to write; a PostgreSQL with a full disk answers nobody.
        """
        if self.sqlite and self._lock.locked():
            return True  # somebody is writing
        try:
            with self._writer, self.writing.connect() as connection, connection.begin():
                connection.execute(text(_NO_CHANGE if self.sqlite else f"{_NO_CHANGE} WHERE 1 = 0"))
        except UNAVAILABLE as error:
            if not is_read_only(error):
                raise
            return False
        return True

    def _refused(self, context: ExceptionContext) -> None:
        """Give up the connections to a server that takes no writes: the next ones may lead to its successor."""
        if is_read_only(context.original_exception):
            context.is_disconnect = True
            self.engine.dispose()

    def dispose(self) -> None:
        """Close all connections."""
        self.writing.dispose()
        self.engine.dispose()


def lost_race(error: DBAPIError) -> bool:
    """Return whether PostgreSQL gave up this transaction for another's sake: running it again is the remedy."""
    return getattr(error.orig, "sqlstate", None) in _SERIALIZATION_FAILURE


def is_read_only(error: BaseException) -> bool:
    """Return whether the storage refused a change because it is read-only."""
    original = getattr(error, "orig", error)
    return getattr(original, "sqlstate", None) == _READ_ONLY or "readonly database" in str(original)


def is_full(error: BaseException) -> bool:
    """Return whether the storage refused a change because its disk is full."""
    original = getattr(error, "orig", error)
    return getattr(original, "sqlstate", None) == _DISK_FULL or "disk is full" in str(original)


def _unavailable(context: ExceptionContext) -> OperationalError | None:
    """Return an error of UNAVAILABLE for what is wrong with the storage and goes by the name of a wrong statement."""
    original = context.original_exception
    if remedy(original) and not isinstance(context.sqlalchemy_exception, OperationalError):
        return OperationalError(context.statement, None, original)
    return None


def _prepare_sqlite(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # SQLAlchemy says BEGIN; the driver's own would come too late
    # SQLite folds the case of ASCII only; a search must find Russian text whatever its case.
    connection.create_function("lower", 1, _lower, deterministic=True)
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=5000",
        f"cache_size=-{CACHE_KIB}",
        f"wal_autocheckpoint={CHECKPOINT_PAGES}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _connect_postgresql(
    dialect: Dialect, _record: ConnectionPoolEntry, arguments: Sequence[object], parameters: Mapping[str, object]
) -> DBAPIConnection:
    connection = dialect.connect(*arguments, **parameters)
    try:
        check_encoding(connection)
    except ValueError:
        connection.close()
        raise
    return connection


def _prepare_postgresql_writer(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for method in ("seqscan", "hashjoin", "mergejoin"):
        cursor.execute(f"SET enable_{method} = off")
    # Where no index fits after all, the price of the forbidden way would look worth a compilation.
    cursor.execute("SET jit = off")
    connection.commit()


def _lower(value: str | bytes | float | None) -> str | bytes | float | None:
    return value.lower() if isinstance(value, str) else value


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_sqlite_write(connection: Connection) -> None:
    # A transaction that reads first and writes later can fail at the upgrade; a writer asks for its lock at once.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
