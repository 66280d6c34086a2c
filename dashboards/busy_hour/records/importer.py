"""History from before ottwatch, out of CSV.

Nothing is guessed: a stamp without an offset is read in the zone that was named, a row that cannot be understood
refuses the file with its number, and records are written when the whole file has been read, or not at all.
"""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal, TextIO
from zoneinfo import ZoneInfo

import numpy as np

from dashboards.busy_hour.measures.quantities import Kind
from dashboards.busy_hour.measures.series import (
    HOUR,
    MINUTE,
    QUARTER,
    Calendar,
    Floats,
    day_series,
    from_counter,
    local_offset,
    slot_width,
)
from dashboards.busy_hour.measures.traffic import Day
from dashboards.busy_hour.records.store import Record, make_record


class CsvError(ValueError):
    """A file that cannot be used; the message names the row."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read the file."""

    time_column: str
    value_column: str
    kind: Kind
    step: int
    calendar: Calendar
    phase: int = 0
    scale: float = 1.0
    where: tuple[str, str] | None = None  # only rows with this value in this column
    any_order: Literal["refuse", "sort"] = "refuse"
    repeated_hour: Literal["refuse", "skip"] = "refuse"

    def __post_init__(self) -> None:
        slot_width(self.step)
        if not 0 <= self.phase < self.step:
            raise CsvError(f"the phase must be shorter than the step of {self.step} s")


def read_days(path: Path, layout: Layout) -> list[Day]:
    """Return the days of the file, the incomplete ones at its ends included."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            times, values = _columns(file, path, layout)
    except OSError as error:
        raise CsvError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise CsvError(f"{path}: is not UTF-8 text at byte {error.start}; save it as UTF-8") from None
    if layout.kind == "counter":
        # Two steps without a sample are a gap; one may come late.
        times, values = from_counter(times, values, 2.0 * layout.step)
        values = values * layout.scale
        step = min(layout.step, MINUTE)
    else:
        values = values * (layout.scale * (HOUR / layout.step if layout.kind == "volume" else 1.0))
        step = layout.step
    return list(_days(times, values, step, layout))


def records(days: list[Day], series: tuple[str, str], source: str, recorded: int) -> list[Record]:
    """Return the records of the imported days."""
    return [make_record(*series, day, source, recorded) for day in days]


def _days(times: Floats, values: Floats, step: int, layout: Layout) -> Iterator[Day]:
    if not len(times):
        return
    calendar = layout.calendar
    for span in calendar.days(calendar.day_of(times[0]), calendar.day_of(times[-1])):
        first, last = np.searchsorted(times, [span.start, span.end + layout.step])
        series = day_series(span, times[first:last], values[first:last], step, layout.phase)
        if not np.isnan(series.slots).all():
            yield Day(series, calendar.zone, layout.phase, layout.kind)


def _columns(file: TextIO, path: Path, layout: Layout) -> tuple[Floats, Floats]:
    reader = csv.reader(file)
    header = next(reader, None)
    if not header:
        raise CsvError(f"{path}: is empty; the first row must name the columns")
    time_at, value_at = (_column(header, name, path) for name in (layout.time_column, layout.value_column))
    where = (_column(header, layout.where[0], path), layout.where[1]) if layout.where else None
    needed = max(time_at, value_at, where[0] if where else 0)
    clock = _Clock(path, layout.calendar.zone, layout.repeated_hour)
    rows: list[tuple[float, float, int]] = []
    for row in _rows(reader, path):
        number = reader.line_num
        if not row or (where and len(row) > where[0] and row[where[0]] != where[1]):
            continue
        if len(row) <= needed:
            raise CsvError(f"{path}: row {number} has {len(row)} columns, fewer than {needed + 1}")
        instant = clock.instant(row[time_at].strip(), number)
        value = _value(row[value_at].strip(), path, number, layout.value_column)
        if instant is not None:
            rows.append((instant, value, number))
    if not rows:
        raise CsvError(
            f"{path}: has no rows to import" + (f" with {layout.where[0]}={where[1]}" if layout.where and where else "")
        )
    _check_order(rows, path, layout)
    rows.sort()
    _check_grid(rows, path, layout)
    present = [row for row in rows if not math.isnan(row[1])]
    return np.array([row[0] for row in present]), np.array([row[1] for row in present])


def _rows(reader: Iterator[list[str]], path: Path) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise CsvError(f"{path}: is not CSV: {error}") from None


def _column(header: list[str], name: str, path: Path) -> int:
    """Return the place of a column given by its name, or by its number counted from 1."""
    names = [cell.strip() for cell in header]
    if name in names:
        if names.count(name) > 1:
            raise CsvError(f'{path}: has two columns named "{name}"; give the number instead')
        return names.index(name)
    if name.isdecimal() and 1 <= int(name) <= len(header):
        return int(name) - 1
    shown = ", ".join(f'"{cell[:40]}"' for cell in names)
    raise CsvError(f'{path}: has no column "{name}"; it has {shown} (a number from 1 works too)')


@dataclass(slots=True)
class _Clock:
    """Turns stamps into instants; the first row decides whether stamps carry an offset."""

    path: Path
    zone: ZoneInfo
    repeated_hour: str
    aware: bool | None = None
    offset: timedelta | None = None  # the first row's

    def instant(self, text: str, row: int) -> float | None:
        try:
            moment = _stamp(text)
        except (ValueError, OverflowError):
            raise CsvError(
                f"{self.path}: row {row}: {text!r} is no time stamp; write ISO 8601 or Unix seconds"
            ) from None
        aware = moment.tzinfo is not None
        if self.aware is None:
            self.aware = aware
        elif aware != self.aware:
            has, others = ("an offset", "none") if aware else ("no offset", "one")
            raise CsvError(f"{self.path}: row {row}: {text!r} has {has}, the rows before have {others}; use one form")
        if aware:
            self._check_offset(moment, text, row)
            return moment.timestamp()
        first, second = (moment.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
        if first.utcoffset() == second.utcoffset():
            return first.timestamp()
        if datetime.fromtimestamp(first.timestamp(), self.zone).replace(tzinfo=None) != moment:
            raise CsvError(f"{self.path}: row {row}: {text} does not exist in {self.zone}: clocks jump over it")
        if self.repeated_hour == "skip":
            return None
        raise CsvError(
            f"{self.path}: row {row}: {text} happens twice in {self.zone}; give stamps with their offset, "
            "or leave such rows out with --repeated-hour skip"
        )

    def _check_offset(self, moment: datetime, text: str, row: int) -> None:
        """Refuse a second offset unless the zone itself changed its own: then the file mixes zones."""
        offset = moment.utcoffset()
        self.offset = offset if self.offset is None else self.offset
        if offset != self.offset:
            if offset != moment.astimezone(self.zone).utcoffset():
                raise CsvError(
                    f"{self.path}: row {row}: {text} is neither at the offset of the first row nor at that of "
                    f"{self.zone}: the file mixes zones; use one zone"
                )
            self.offset = offset


def _stamp(text: str) -> datetime:
    if text.replace(".", "", 1).isdecimal() and len(text.partition(".")[0]) >= 9:
        moment = datetime.fromtimestamp(float(text), UTC)
    else:
        moment = datetime.fromisoformat(text)
    if not 1970 < moment.year < 9999:
        raise ValueError("no local day can be made of the first and the last year of a calendar")
    return moment


def _value(text: str, path: Path, row: int, column: str) -> float:
    """Return the number; an empty cell is a missing value."""
    if not text:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        raise CsvError(f'{path}: row {row}: {text!r} in column "{column[:40]}" is not a number') from None
    if not math.isfinite(value) or value < 0:
        raise CsvError(
            f'{path}: row {row}: {text} in column "{column[:40]}" cannot be traffic; leave it empty if unknown'
        )
    return value


def _check_order(rows: list[tuple[float, float, int]], path: Path, layout: Layout) -> None:
    seen: dict[float, int] = {}
    before = -math.inf
    for instant, _, number in rows:
        if instant in seen:
            raise CsvError(
                f"{path}: row {number} has the same time stamp as row {seen[instant]} ({_shown(instant, layout)}); "
                "remove one, or choose one series with --where COLUMN=VALUE"
            )
        if instant < before and layout.any_order == "refuse":
            raise CsvError(
                f"{path}: row {number} ({_shown(instant, layout)}) is earlier than the row before it; "
                "sort the file, or import it with --sort"
            )
        seen[instant], before = number, instant


def _check_grid(rows: list[tuple[float, float, int]], path: Path, layout: Layout) -> None:
    """Refuse two values in one step, and coarse data that lies between the slots of a day."""
    if layout.kind == "counter":
        return
    before = (-math.inf, 0)
    for instant, _, number in rows:
        place = (instant - layout.phase) // layout.step
        if place == before[0] and layout.kind == "volume":
            raise CsvError(
                f"{path}: rows {before[1]} and {number} ({_shown(instant, layout)}) lie in one step of "
                f"{layout.step} s; is the step right?"
            )
        off = 0.0
        if layout.step > QUARTER:
            # Hours are counted from local midnight: in a zone at +05:30 they begin at :30 of UTC.
            local = instant + local_offset(int(instant), layout.calendar.zone)
            off = (local - layout.phase) % layout.step
        if off:
            raise CsvError(
                f"{path}: row {number} ({_shown(instant, layout)}) lies {off:.0f} s off the {layout.step} s grid; "
                f"name the offset with --phase {int(off) // MINUTE}m"
            )
        before = (place, number)


def _shown(instant: float, layout: Layout) -> str:
    return datetime.fromtimestamp(instant, layout.calendar.zone).isoformat(timespec="minutes")


def overlap(days: list[Day], known: dict[tuple[str, str, date], str], scope: str, quantity: str) -> list[date]:
    """Return the days that the store has already."""
    return [day.date for day in days if (scope, quantity, day.date) in known]
