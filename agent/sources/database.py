"""A database of the operator's behind its URL: read-only connections of SQLite, PostgreSQL, MariaDB and MySQL.

A few fixed queries a run need no toolkit, which would be a third of the agent's memory: each database's own driver is
imported where one is configured. A URL holds a password; nothing here repeats a part of one.
"""

import re
import select
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

Rows = list[tuple[Any, ...]]

_URL = re.compile(r"(sqlite|postgresql|mysql|mariadb)(?:\+(\w+))?:(//.*)", re.DOTALL)
_DRIVERS = {"sqlite": "pysqlite", "postgresql": "psycopg", "mysql": "pymysql", "mariadb": "pymysql"}
_KINDS = "write sqlite:////absolute/path, postgresql://user:password@host/name or mysql://user:password@host/name"
_UNREADABLE = "the URL cannot be understood; characters such as @ : / ? # % in a name or password are written as %40 …"
# What may stand behind the question mark of a URL for MariaDB and MySQL.
_MYSQL_OPTIONS = ("ssl_ca", "ssl_cert", "ssl_key", "unix_socket")


# What a database answers when a query names a table that is not there: SQLSTATE, error number.
_NO_TABLE = ("42P01", 1146)


# The first that fits: true and false are numbers to Python, and a moment is a date.
_VALUES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (type(None), "NULL"),
    (bool, "true or false"),
    ((int, float, Decimal), "a number"),
    (str, "text"),
    ((bytes, bytearray, memoryview), "bytes"),
    (datetime, "a moment"),
    (date, "a date"),
    (clock_time, "a time of day"),
    (timedelta, "an interval"),
    ((list, tuple), "an array"),
    (dict, "JSON"),
)


class MissingTableError(OSError):
    """A query names a table or view that does not exist."""


def kind_of(value: Any) -> str:
    """Return what a column's value is, in words that somebody who writes SQL uses."""
    return next((words for kind, words in _VALUES if isinstance(value, kind)), "of a type that is not known here")


def first_line(error: Exception) -> str:
    """Return what a driver says, without the lines that may quote a statement and its values."""
    return (str(error) or type(error).__name__).splitlines()[0]


def code_and_class(error: Exception) -> str:
    """Return a driver's error without its sentence, which may quote a value of a row or the key of an index."""
    code = _code(error)
    return f"{type(error).__name__}, {f'code {code}' if code else 'no code'}"


def _code(error: Exception) -> str | int | None:
    number = error.args[0] if error.args and isinstance(error.args[0], int) else None
    return getattr(error, "pgcode", None) or number


class Session:
    """One open connection. It can read; `set` changes what is valid for this session only."""

    def __init__(self, database: "Database", connection: Any) -> None:
        self._database, self._connection = database, connection

    def rows(self, query: str, values: Mapping[str, Any], most: int) -> Rows:
        """Return at most so many rows; `:name` in the query stands for a value. Raise OSError."""
        marker = self._database.value
        if "%" in marker:
            query = query.replace("%", "%%")
        names = "|".join(map(re.escape, values))
        # "::" is PostgreSQL's cast.
        query = re.sub(rf"(?<![:\w]):({names})\b(?!:)", lambda name: marker.format(name[1]), query)
        with self._refusing(), closing(self._connection.cursor()) as cursor:
            cursor.execute(query, values)
            return [tuple(row) for row in cursor.fetchmany(most)]

    def set(self, statement: str) -> None:
        """Execute a statement that sets something for the session; raise OSError."""
        with self._refusing(), closing(self._connection.cursor()) as cursor:
            cursor.execute(statement)
            self._connection.commit()

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        database = self._database
        try:
            yield
        except database.errors as error:
            kind = MissingTableError if _code(error) in _NO_TABLE else OSError
            reason = database.reason(error)
            with suppress(*database.errors):
                self._connection.rollback()
            raise kind(f"the database refused: {reason}") from None
        except UnicodeDecodeError:
            raise OSError(
                "a text that the database gave is not in the encoding of the connection; convert it in the query, or "
                "with PostgreSQL's SQL_ASCII write client_encoding=utf8 behind the question mark of the URL"
            ) from None
        except (ValueError, OverflowError) as error:  # such as a date that only the database knows
            reason = database.reason(error)
            raise OSError(f"a value that the database gave cannot be read: {reason}; cast it to text") from None


@dataclass(frozen=True, slots=True)
class Database:
    """How to reach one: `connect` returns a new connection that cannot write and gives up in time."""

    connect: Callable[[], Any]
    errors: tuple[type[Exception], ...]
    value: str  # how the driver is told where a value goes
    reason: Callable[[Exception], str] = first_line  # what is said of a statement that failed

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a connection for the block; raise OSError."""
        try:
            connection = self.connect()
        except self.errors as error:
            raise OSError(f"the database refused: {first_line(error)}") from None
        with closing(connection):
            yield Session(self, connection)

    def rows(self, queries: Sequence[str], values: Mapping[str, Any], most: int) -> list[Rows]:
        """Return at most so many rows of each query, asked on one connection; raise OSError.

        `:name` in a query stands for a value.
        """
        with self.session() as session:
            return [session.rows(query, values, most) for query in queries]


def database(url: str, timeout: float) -> Database:
    """Return the database of a URL; raise ValueError for one that names none, ModuleNotFoundError for its driver."""
    match = _URL.fullmatch(url)
    if match is None or match[2] not in (None, _DRIVERS[match[1]]):
        raise ValueError(f"database: the URL is of no kind known here; {_KINDS}")
    make = {"sqlite": _sqlite, "postgresql": _postgresql}.get(match[1], _mysql)
    return make(match[3], timeout)


def _sqlite(rest: str, timeout: float) -> Database:
    import sqlite3  # noqa: PLC0415 - each driver where it is configured
    from urllib.parse import quote  # noqa: PLC0415

    path = rest[3:]
    if not rest.startswith("////"):
        raise ValueError("database: SQLite needs an absolute path; write sqlite:////var/lib/middleware.db")

    def connect() -> sqlite3.Connection:
        end = time.monotonic() + timeout
        # mode=ro neither writes nor creates: a wrong path is an error, not an empty middleware.
        connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=timeout, check_same_thread=False)
        connection.set_progress_handler(lambda: time.monotonic() > end, 10_000)
        return connection

    return Database(connect, (sqlite3.Error, sqlite3.Warning), ":{}")


def _postgresql(rest: str, timeout: float) -> Database:
    import psycopg2  # noqa: PLC0415

    address = f"postgresql:{rest}"
    try:
        port = psycopg2.extensions.parse_dsn(address).get("port")
    except psycopg2.Error:
        port = ""
    # Of a password with a slash libpq takes a part for the port, and would complain of it word by word.
    if port is not None and not re.fullmatch(r"\d{1,5}(,\d{1,5})*", port):
        raise ValueError(f"database: {_UNREADABLE}")
    options = f"-c statement_timeout={int(timeout * 1000)} -c default_transaction_read_only=on"

    class Impatient(psycopg2.extensions.connection):  # type: ignore[misc]
        patience = timeout + 1  # the server ends a statement at the time-out

    # For all connections of the process, which are this module's.
    psycopg2.extensions.set_wait_callback(_wait_for_postgresql)

    def connect() -> Any:
        return psycopg2.connect(address, connection_factory=Impatient, options=options)

    return Database(connect, (psycopg2.Error,), "%({})s")


def _wait_for_postgresql(connection: Any) -> None:
    """Wait for the server, but not for ever: one whose host is gone, as after a failover, never answers."""
    import psycopg2  # noqa: PLC0415

    end = time.monotonic() + connection.patience
    while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN if state == psycopg2.extensions.POLL_READ else select.POLLOUT)
        if not poll.poll(max(0.0, end - time.monotonic()) * 1000):
            raise psycopg2.OperationalError(f"no answer within {connection.patience:g} s")


def _mysql(rest: str, timeout: float) -> Database:
    import pymysql  # noqa: PLC0415

    arguments = {
        **_mysql_arguments(rest),
        "charset": "utf8mb4",
        "connect_timeout": max(1, int(timeout)),
        "read_timeout": timeout + 1,  # a server that is gone is given up a second after a statement's end
    }

    def connect() -> Any:
        connection = pymysql.connect(**arguments)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT VERSION()")
                if "mariadb" in str(cursor.fetchone()).lower():
                    cursor.execute(f"SET SESSION max_statement_time = {timeout:g}")
                else:
                    cursor.execute(f"SET SESSION max_execution_time = {int(timeout * 1000)}")
                cursor.execute("SET SESSION TRANSACTION READ ONLY")
        except pymysql.Error:
            connection.close()
            raise
        return connection

    return Database(connect, (pymysql.Error,), "%({})s")


def _mysql_arguments(rest: str) -> dict[str, Any]:
    try:
        parts: SplitResult = urlsplit(f"mysql:{rest}")
        port, name = parts.port or 3306, unquote(parts.path.removeprefix("/"))
    except ValueError:
        name, port = "", 0
    if not name or "/" in name or parts.fragment:
        raise ValueError(f"database: {_UNREADABLE}")
    options = dict(parse_qsl(parts.query))
    if unknown := sorted(options.keys() - set(_MYSQL_OPTIONS)):
        raise ValueError(f'database: the option "{unknown[0]}" is unknown; known: {", ".join(_MYSQL_OPTIONS)}')
    arguments: dict[str, Any] = {"host": parts.hostname or "127.0.0.1", "port": port, "database": name, **options}
    if parts.username is not None:
        arguments["user"] = unquote(parts.username)
    return arguments | {"password": unquote(parts.password or "")}
