"""Many rows in one statement, without the toolkit's and the driver's work for every single value.

A storm brings thousands of rows a second. PostgreSQL gets a batch as one JSON document and reads it as a table: one
parameter and one round trip whatever its size. SQLite lives in this process: its driver's own loop takes row by row.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Dialect,
    FromClause,
    Table,
    Text,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY

from alerts.desk.core.tables import Instant, defaults, micros

Row = Mapping[str, object]
"""Values by column. The rows of a batch have the same columns."""

_json = json.JSONEncoder(ensure_ascii=False).encode
_POSTGRESQL: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]


def insert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Store rows in their order."""
    if not rows:
        return
    columns = tuple(rows[0])
    if _is_sqlite(connection):
        _each(connection, _insert_each(table, columns), table, columns, rows)
    else:
        connection.exec_driver_sql(_insert_all(table, columns), _at_once(table, columns, rows))


def insert_new(connection: Connection, table: Table, rows: Sequence[Row], key: str, conflict: str) -> dict[str, int]:
    """Store rows unless `conflict` (an ON CONFLICT target) has them; return the numbers of the stored ones by a key."""
    columns = tuple(rows[0])
    otherwise = f"ON CONFLICT {conflict} DO NOTHING"
    if _is_sqlite(connection):
        statement = f"{_insert_each(table, columns)} {otherwise}"
        before = connection.scalar(select(func.max(table.c.id))) or 0
        _each(connection, statement, table, columns, rows)
        stored = connection.execute(select(table.c[key], table.c.id).where(table.c.id > before))
    else:
        statement = f'{_insert_all(table, columns)} {otherwise} RETURNING "{key}", id'
        stored = connection.exec_driver_sql(statement, _at_once(table, columns, rows))
    return {name: number for name, number in stored.all()}  # noqa: C416 - rows, not pairs


def update(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Set the columns of rows that are found by their `id`."""
    if not rows:
        return
    columns = tuple(name for name in rows[0] if name != "id")
    if _is_sqlite(connection):
        _each(connection, _update_each(table, columns), table, (*columns, "id"), rows)
    else:
        connection.exec_driver_sql(_update_all(table, columns), _at_once(table, ("id", *columns), rows))


def among(dialect: str, wanted: ColumnElement[object], name: str) -> ColumnElement[bool]:
    """Return the condition that a column has one of many numbers or keys; they are one parameter, made by `listed`.

    This and `texts` take a dialect, not a connection, so that a statement can be kept: making one costs more than
    running it.
    """
    if dialect == "sqlite":
        given = func.json_each(bindparam(name, type_=Text)).table_valued("value")
        return wanted.in_(select(given.c.value))
    return wanted == func.any(cast(bindparam(name, type_=Text), ARRAY(wanted.type)))


def listed(connection: Connection, values: Iterable[int | str]) -> str:
    """Return the parameter that `among` compares with: numbers, or keys of letters and digits."""
    return _json(list(values)) if _is_sqlite(connection) else f"{{{','.join(map(str, values))}}}"


def texts(dialect: str, name: str, columns: Sequence[str]) -> FromClause:
    """Return a table of texts to join with; its rows come as one parameter, made by `document`."""
    if dialect == "sqlite":
        each = func.json_each(bindparam(name, type_=Text)).table_valued("value")
        return select(*(func.json_extract(each.c.value, f"$.{one}").label(one) for one in columns)).subquery("given")
    rows = func.json_to_recordset(cast(bindparam(name, type_=Text), JSON))
    return rows.table_valued(*(column(one, Text) for one in columns)).render_derived(name="given", with_types=True)


def document(rows: Sequence[Mapping[str, str]]) -> str:
    """Return the parameter that `texts` reads."""
    return _json(rows)


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _at_once(table: Table, columns: Sequence[str], rows: Sequence[Row]) -> dict[str, str]:
    """Return the parameter of a statement that reads all rows from one document."""
    names = tuple(map(str, columns))
    given = [dict(zip(names, values, strict=True)) for values in _stored(table, columns, rows)]
    return {"rows": _json(given)}


def _each(connection: Connection, statement: str, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
    connection.exec_driver_sql(statement, list(_stored(table, columns, rows, _json)))


def _stored(
    table: Table, columns: Sequence[str], rows: Sequence[Row], document: Callable[[object], str] | None = None
) -> Iterator[tuple[object, ...]]:
    """Return the rows as the database keeps them: column by column is less work than value by value."""
    read = list(zip(*map(itemgetter(*columns), rows), strict=True))
    given: list[Iterable[object]] = [*read]
    for place, name in enumerate(columns):
        kind = table.c[name].type
        if isinstance(kind, Instant):
            given[place] = [None if value is None else micros(value) for value in read[place]]
        elif document and isinstance(kind, JSON):
            given[place] = map(document, given[place])
    return zip(*given, strict=True)


@cache
def _insert_each(table: Table, columns: tuple[str, ...]) -> str:
    marks = ", ".join(["?"] * len(columns) + list(_others(table, columns).values()))
    names = _listed([*columns, *_others(table, columns)])
    return f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608 - names of our own tables


@cache
def _insert_all(table: Table, columns: tuple[str, ...]) -> str:
    others = _others(table, columns)
    values = ", ".join([_listed(columns), *others.values()])
    names = _listed([*columns, *others])
    return f"INSERT INTO {table.name} ({names}) SELECT {values} FROM {_recordset(table, columns)}"  # noqa: S608


def _others(table: Table, columns: Sequence[str]) -> dict[str, str]:
    """Return the columns that the rows leave to their defaults, with those as SQL: nothing of them is transmitted."""
    return {name: _literal(value) for name, value in defaults(table).items() if name not in columns}


def _literal(value: object) -> str:
    if isinstance(value, int):
        return str(value).lower()
    text = value if isinstance(value, str) else _json(value)
    return "'" + text.replace("'", "''") + "'"


@cache
def _update_each(table: Table, columns: tuple[str, ...]) -> str:
    values = ", ".join(f'"{name}" = ?' for name in columns)
    return f"UPDATE {table.name} SET {values} WHERE id = ?"  # noqa: S608


@cache
def _update_all(table: Table, columns: tuple[str, ...]) -> str:
    values = ", ".join(f'"{name}" = given."{name}"' for name in columns)
    given = _recordset(table, ("id", *columns))
    return f"UPDATE {table.name} SET {values} FROM {given} WHERE {table.name}.id = given.id"  # noqa: S608


def _recordset(table: Table, columns: Iterable[str]) -> str:
    typed = ", ".join(f'"{name}" {table.c[name].type.compile(_POSTGRESQL)}' for name in columns)
    return f"json_to_recordset(%(rows)s::json) AS given({typed})"


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)
