"""The views as JSON: the fields of a row, their types, and what is said of a value that is of none.

A value is never repeated: it may be somebody's number. What cannot be understood is refused, not guessed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from agent.sources.billing.moments import of_moment

LONGEST = 200  # characters
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
Stored = str | int | None


class FieldError(ValueError):
    """A field that cannot be understood; says which, what came and what should."""


class Column(NamedTuple):
    """A field of a view's rows."""

    name: str
    kind: str
    null: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """One view: its columns, and the one with the moment by which rows are asked for, where there is one."""

    columns: tuple[Column, ...]
    at: str = ""
    id: bool = False  # whether the first column is unique

    def row(self, given: Any) -> tuple[Stored, ...]:
        """Return the values to store; raise FieldError."""
        if not isinstance(given, Mapping):
            raise FieldError(f"{_came(given)}; write a row as an object")
        return tuple(_value(column, given) for column in self.columns)

    def table(self, name: str) -> str:
        """Return the statement that creates the table of the view."""
        columns = [f"{c.name} {_SQL.get(c.kind, 'INTEGER')}" for c in self.columns]
        if self.id:
            columns[0] += " PRIMARY KEY"
        return f"CREATE TABLE billing_{name} ({', '.join(columns)})"


def _text(value: Any) -> str:
    # Ids are numbers in many a billing.
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST or not text.isprintable():
        raise ValueError(f"write a text of 1 to {LONGEST} characters that can be printed")
    return text


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**53:
        raise ValueError("write whole minor units (tiyn) as a number without a fraction or quotes")
    return value


def _anchor(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 31:
        raise ValueError("write a day of the month, 1 to 31, or null")
    return value


def _day(value: Any) -> str:
    remedy = 'write a date such as "2026-03-01"'
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError(remedy)
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError(remedy) from None


def _moment(value: Any) -> int:
    remedy = 'write a moment with its offset from UTC, such as "2026-03-01T00:05:00+05:00"'
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError(remedy)
    try:
        return of_moment(datetime.fromisoformat(value))
    except (ValueError, OverflowError):
        raise ValueError(remedy) from None


_KINDS: dict[str, Callable[[Any], str | int]] = {
    "text": _text,
    "money": _whole,
    "anchor": _anchor,
    "day": _day,
    "moment": _moment,
}
_SQL = {"text": "TEXT", "day": "TEXT"}


def _value(column: Column, given: Mapping[str, Any]) -> Stored:
    if column.name not in given:
        raise FieldError(f'the field "{column.name}" is missing; write {"null" if column.null else "it"}')
    value = given[column.name]
    if value is None and column.null:
        return None
    try:
        return _KINDS[column.kind](value)
    except ValueError as error:
        raise FieldError(f'the field "{column.name}" cannot be read ({_came(value)}); {error}') from None


def _came(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a number"}
    return f"{names.get(type(value), 'null' if value is None else 'a number with a fraction')} came"


def _columns(written: str) -> tuple[Column, ...]:
    """Return the columns of "name:kind name:kind?"; a question mark: may be null; no kind: text."""
    parts = (each.partition(":") for each in written.split())
    return tuple(
        Column(name.rstrip("?"), kind.rstrip("?") or "text", (kind or name).endswith("?")) for name, _, kind in parts
    )


# In the order in which they are read: a subscription's cursor that moves meanwhile has its charge in what comes after.
VIEWS: dict[str, View] = {
    "source": View(_columns("up_to:moment")),
    "subscription": View(
        _columns(
            "id service tariff price_minor:money anchor_day:anchor? status next_charge_at:moment? ended_at:moment?"
            " account_key product?"
        ),
        id=True,
    ),
    "outcome": View(_columns("subscription_id service tariff period_start:day reason at:moment"), "at"),
    "charge": View(
        _columns(
            "id subscription_id service tariff kind period_start:day? period_end:day? amount_minor:money at:moment"
            " reversal_of? order_id?"
        ),
        "at",
        id=True,
    ),
    "movement": View(
        _columns(
            "account_key service tariff bucket kind amount_minor:money before_minor:money? after_minor:money? at:moment"
            " case_ref?"
        ),
        "at",
    ),
    "document": View(
        _columns("id service tariff? total_minor:money line_count:money lines_minor:money at:moment"), "at", id=True
    ),
    "balance": View(_columns("account_key tariff bucket balance_minor:money taken_at:moment"), "taken_at"),
    "run": View(_columns("id service kind planned_at:moment? started_at:moment? ended_at:moment? status")),
    "notice": View(_columns("account_key case_ref channel status reason? at:moment"), "at"),
}
INDEXES = (
    "billing_subscription (next_charge_at)",
    "billing_subscription (anchor_day)",
    "billing_subscription (account_key)",
    "billing_charge (at)",
    "billing_charge (subscription_id, period_start)",
    "billing_charge (reversal_of)",
    "billing_outcome (at)",
    "billing_outcome (subscription_id, period_start)",
    "billing_movement (at)",
    "billing_movement (account_key, bucket, at)",
    "billing_movement (case_ref)",
    "billing_document (at)",
    "billing_balance (taken_at, account_key)",
    "billing_notice (at)",
    "billing_notice (case_ref, account_key)",
)
