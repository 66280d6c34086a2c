"""What the queries of a preset need of SQLite that it does not have: dates, moments, hashes, and functions of text.

A date is its text, a moment the microseconds since 1970: nothing here depends on the zone's offset of today.
"""

import hashlib
import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from agent.sources.billing.dialect import HASH_BITS
from agent.sources.billing.moments import SECOND, moment_of, of_moment

_UNITS = {"SECOND": SECOND, "DAY": 86_400 * SECOND}
_PARTS = {"YEAR": slice(0, 4), "MONTH": slice(5, 7), "DAY": slice(8, 10)}


def add_functions(connection: sqlite3.Connection, zone: ZoneInfo) -> None:
    """Add the functions to a connection; days begin in a zone."""
    functions: dict[str, tuple[int, Callable[..., Any]]] = {
        "MIDNIGHT_OF": (1, _with_null(lru_cache(1000)(partial(_midnight, zone=zone)))),
        "SECONDS_OF": (1, _with_null(partial(_seconds, zone=zone))),
        "NUMBER_OF": (1, _with_null(partial(_number, zone=zone))),
        "MOVED": (4, _with_null(_moved)),
        "PART_OF": (2, _with_null(lambda part, day: int(day[_PARTS[part]]))),
        "CONCAT": (-1, lambda *values: "".join(str(value) for value in values if value is not None)),
        "LAST_OF": (2, _with_null(lambda text, count: text[-count:])),
        "ASCII": (1, _with_null(lambda text: ord(text[0]) if text else 0)),
        "MOD": (2, _with_null(lambda one, other: one % other)),
        "SIGN": (1, _with_null(lambda value: (value > 0) - (value < 0))),
        "MD5": (1, _with_null(lambda text: hashlib.md5(text.encode(), usedforsecurity=False).hexdigest())),
    }
    for name, (arguments, function) in functions.items():
        connection.create_function(name, arguments, function, deterministic=True)
    connection.create_aggregate("HASHES", 1, _Hashes)  # type: ignore[arg-type]


class _Hashes:
    """The sum of the first bits of digests, modulo their number: what a fingerprint is."""

    def __init__(self) -> None:
        self._sum = 0

    def step(self, digest: str) -> None:
        self._sum += int(digest[: HASH_BITS // 4], 16)

    def finalize(self) -> int:
        return self._sum % (1 << HASH_BITS)


def _with_null(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: None if None in values else function(*values)


def _midnight(day: str, zone: ZoneInfo) -> int:
    local = datetime.fromisoformat(day).replace(tzinfo=zone)
    return of_moment(local.astimezone(UTC))


def _seconds(moment: int, zone: ZoneInfo) -> int:
    local = moment_of(moment).astimezone(zone)
    return local.hour * 3600 + local.minute * 60 + local.second


def _number(day: str | int, zone: ZoneInfo) -> int:
    if isinstance(day, int):
        day = moment_of(day).astimezone(zone).date().isoformat()
    return int(day.replace("-", ""))


def _moved(value: str | int, sign: str, count: str, unit: str) -> str | int:
    steps = int(f"{sign}{count}")
    if isinstance(value, int):
        return value + steps * _UNITS[unit]
    return (date.fromisoformat(value) + timedelta(days=steps)).isoformat()
