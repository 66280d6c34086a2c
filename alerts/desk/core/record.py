"""Typed reading and changing of a row: a record names its columns with their types, once.

    class Ticket(Record):
        priority = Column[str]()

`ticket.priority` is the row's value, and mypy knows its type. A record may hold a part of its table's columns; reading
another one raises KeyError with its name. `Changed` also writes, and knows which columns are not what they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar, overload

from sqlalchemy import RowMapping

T = TypeVar("T")
Row = Mapping[str, Any] | RowMapping


class Column(Generic[T]):
    """A column of a record by its attribute's name; only a record that takes changes can be assigned to."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, record: None, owner: type) -> Column[T]: ...
    @overload
    def __get__(self, record: Record, owner: type) -> T: ...
    def __get__(self, record: Record | None, owner: type) -> Column[T] | T:
        if record is None:
            return self
        value: T = record.value(self._name)
        return value

    def __set__(self, record: Changed, value: T) -> None:
        record.change(self._name, value)


class Record:
    """A row as the database gave it."""

    __slots__ = ("row",)

    def __init__(self, row: Row) -> None:
        self.row = row

    def value(self, column: str) -> Any:
        """Return a column's value; raise KeyError when it was not read."""
        return self.row[column]


class Changed(Record):
    """A row with changes that are not stored yet."""

    __slots__ = ("changes",)

    row: dict[str, object]

    def __init__(self, row: Row) -> None:
        super().__init__(dict(row))
        self.changes: dict[str, object] = {}

    def value(self, column: str) -> Any:
        """Return a column's value as changed so far."""
        return self.changes[column] if column in self.changes else self.row[column]

    def as_read(self, column: str) -> Any:
        """Return a column's value as it was read."""
        return self.row[column]

    def change(self, column: str, value: object) -> None:
        """Change a column; a value that stays as it was is no change."""
        if self.value(column) != value:
            self.changes[column] = value
