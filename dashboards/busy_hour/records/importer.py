"""History from before ottwatch, out of files.

What a file looks like is detected from the whole of it and shown; where it fits two readings it is refused with the
choices. A row that cannot be understood refuses the file with its number and content, and records are written when the
whole file has been read, or not at all.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from dashboards.busy_hour.measures.counters import counter_rates
from dashboards.busy_hour.measures.series import (
    HOUR,
    MINUTE,
    QUARTER,
    Floats,
    day_series,
)
from dashboards.busy_hour.measures.traffic import Day
from dashboards.busy_hour.records import choice, files, numbers, prtg, rounded, scales, stamps
from dashboards.busy_hour.records.clock import Clock
from dashboards.busy_hour.records.layout import Layout
from dashboards.busy_hour.records.record import Record, make_record
from dashboards.busy_hour.records.row_checks import RowChecks, shown
from dashboards.busy_hour.records.table import CsvError, Form, Table
from service import progress

__all__ = ["CsvError", "Form", "Imported", "Layout", "overlap", "read_days", "read_file", "records"]


@dataclass(frozen=True, slots=True)
class Imported:
    """The days of a file, and what a planner has to see of how it was read."""

    days: list[Day]
    notes: list[tuple[str, str]]  # what was detected
    remarks: list[str]  # what is odd in the values
    rows: int
    first: str
    last: str
    least: float
    mean: float
    most: float
    missing: int  # rows without a value
    gaps: int  # pauses of more than one and a half steps


def read_days(path: Path, layout: Layout) -> list[Day]:
    """Return the days of the file, the incomplete ones at its ends included."""
    return read_file(path, layout).days


def read_file(path: Path, layout: Layout) -> Imported:
    """Return the days of the file and how it was read.

    Raises:
        CsvError: the file cannot be read, or fits two readings.
    """
    is_stamp = stamps.recognizer(layout.time_format)
    table = files.read(path, layout.form, is_stamp)
    read = _Columns(path, layout, table, is_stamp)
    rows = read.rows()
    present = [row for row in rows if not math.isnan(row[1])]
    times, values = np.array([row[0] for row in present]), np.array([row[1] for row in present])
    distances = np.diff([row[0] for row in rows])
    factor, remarks = read.scale()
    remarks += read.doubts()
    step, intensity = layout.step, values
    if layout.kind == "counter":
        rounded.check(path, read.texts(), times, values)
        # Two steps without a sample are a gap; one may come late.
        times, rates, found = counter_rates(times, values, 2.0 * layout.step)
        remarks += [f"{shown(at, layout)}: {text}" for at, text in found]
        intensity, step = rates * factor, min(layout.step, MINUTE)
    else:
        intensity = values * (factor * (HOUR / layout.step if layout.kind == "volume" else 1.0))
    if not np.isfinite(intensity).all():
        raise CsvError(
            f"{path}: values times the factor of {factor:g} are beyond what can be computed; say another with --scale"
        )
    intensity = intensity + 0.0  # what was -0.0 in a column below an axis
    scales.check_shares(path, layout.quantity, intensity)
    return Imported(
        days=list(_days(times, intensity, step, layout)),
        notes=read.notes,
        remarks=remarks,
        rows=len(rows),
        first=shown(rows[0][0], layout),
        last=shown(rows[-1][0], layout),
        least=float(np.min(values)) if len(values) else math.nan,
        mean=float(np.mean(values)) if len(values) else math.nan,
        most=float(np.max(values)) if len(values) else math.nan,
        missing=len(rows) - len(present),
        gaps=int(np.count_nonzero(distances > 1.5 * layout.step)),
    )


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


class _Columns:
    """The columns of a table that were asked for, as instants and values."""

    def __init__(self, path: Path, layout: Layout, table: Table, is_stamp: files.IsStamp) -> None:
        self.path, self.layout, self.table = path, layout, table
        self.notes = list(table.notes)
        self._letters: list[str] = []
        self._where = (self._column(layout.where[0]), layout.where[1]) if layout.where else None
        self._chosen = [
            (number, cells)
            for number, cells in table.rows
            if self._where is None or cells[self._where[0]] == self._where[1]
        ]
        if not self._chosen:
            of = f" with {layout.where[0]}={layout.where[1]}" if layout.where else ""
            raise CsvError(f"{path}: has no rows to import{of}; check the file, or choose others with --where")
        names, lines = table.header, self._chosen
        self._time = (
            self._column(layout.time_column) if layout.time_column else choice.of_time(path, names, lines, is_stamp)
        )
        others = [self._time, *prtg.shown(names), *([self._where[0]] if self._where else [])]
        self._value = (
            self._column(layout.value_column) if layout.value_column else choice.of_value(path, names, lines, others)
        )
        self.notes.append(("columns", f'time "{self._name(self._time)}", value "{self._name(self._value)}"'))

    def rows(self) -> list[tuple[float, float, int]]:
        """Return (instant, value, number in the file) in order of time."""
        path, layout = self.path, self.layout
        clock = self._clock()
        notation = self._notation()
        column = self._name(self._value)
        rows = []
        for number, cells in progress.over(self._chosen, "import", "rows"):
            instant = clock.instant(cells[self._time], number)
            value = self._number(notation, cells[self._value], number, column)
            if instant is not None:
                rows.append((instant, value, number))
        if not rows:
            raise CsvError(
                f"{path}: has no rows to import; all of them lie in a repeated hour: give stamps with their offset"
            )
        check = RowChecks(path, layout)
        check.order(rows)
        rows.sort()
        check.distance(rows)
        check.grid(rows)
        return rows

    def scale(self) -> tuple[float, list[str]]:
        """Return the factor of the values, and a remark where it may be another one."""
        layout = self.layout
        if layout.scale is not None:
            return layout.scale, []
        name = self._name(self._value)
        beside = self._value - 1 if self._value - 1 in prtg.shown(self.table.header) else None
        example = next((row[beside] for _, row in self._chosen if row[beside]), "") if beside is not None else ""
        problem, refused = scales.problem(name, example, layout.quantity, layout.kind)
        if refused:
            raise CsvError(f"{self.path}: {problem}")
        return 1.0, [problem] if problem else []

    def doubts(self) -> list[str]:
        """Return what is not known of the stamps, where nobody said it and intervals are long enough to matter."""
        doubtful = self.table.doubt and self.layout.stamps is None and self.layout.step >= QUARTER
        return ([self.table.doubt] if doubtful else []) + self._letters

    def texts(self) -> list[str]:
        """Return the cells of the values as they are written."""
        return [row[self._value] for _, row in self._chosen]

    def _clock(self) -> Clock:
        cells = [row[self._time] for _, row in self._chosen]
        try:
            form = self.layout.time_format or stamps.detect(cells)
            read = stamps.reader(form)
        except stamps.StampError as error:
            raise CsvError(f"{self.path}: row {self._chosen[0][0]}: {error}") from None
        step = self.table.step
        if step not in (None, self.layout.step):
            raise CsvError(f"{self.path}: states a step of {step} s, not of {self.layout.step} s; say --step {step}s")
        if self.table.unsure and self.layout.stamps is None and self.layout.step > MINUTE:
            raise CsvError(f"{self.path}: {self.table.unsure}")
        side = self.layout.stamps or self.table.stamps or "start"
        self.notes.append(("time stamps", f"{form}, {side} of the interval"))
        shift = float(self.layout.step) if side == "end" else 0.0
        zone = self.layout.calendar.zone
        names = (self._name(self._time), self.table.clock) if self.table.offset is None else ()
        stated = next((found for name in names if (found := stamps.zone_in(name)) is not None), None)
        clock = Clock(self.path, zone, self.layout.repeated_hour, read, shift, stated, self.table.offset)
        letters = next(filter(None, map(stamps.letters_in, names)), "")
        if letters and stated is None and clock.is_local(cells[0]):
            self._letters = [
                f"a column of stamps names the zone {letters}, and they are read in {zone.key}; say another with --zone"
            ]
        told = zone.key if stated is None else f"{stated}, by the name of the column"
        self.notes.append(("zone of stamps without an offset", told))
        return clock

    def _notation(self) -> numbers.Notation:
        layout = self.layout
        cells = [row[self._value] for _, row in self._chosen]
        if layout.decimal is not None or layout.thousands is not None:
            thousands = layout.thousands or ""
            notation = numbers.Notation(layout.decimal or ("." if thousands == "," else ","), thousands)
            if layout.decimal is not None:
                notation = numbers.Notation(layout.decimal, thousands)
        else:
            try:
                notation = numbers.detect(cells, self.table.delimiter)
            except numbers.AmbiguousError as error:
                raise CsvError(f'{self.path}: column "{self._name(self._value)}": {error}') from None
        grouped = {"": "none", " ": "space"}.get(notation.thousands, notation.thousands)
        self.notes.append(("numbers", f'decimal sign "{notation.decimal}", mark of thousands {grouped}'))
        return notation

    def _number(self, notation: numbers.Notation, text: str, row: int, column: str) -> float:
        try:
            value = notation.number(text)
        except ValueError:
            unit = numbers.unit_of(text)
            told = (
                f"has the unit {unit!r}; export plain numbers, in Grafana without Formatted data"
                if unit
                else f'is not a number with decimal sign "{notation.decimal}"; correct it, leave it empty if unknown, '
                "or name the sign with --decimal"
            )
            raise CsvError(f'{self.path}: row {row}: {text!r} in column "{column[:40]}" {told}') from None
        if value * (self.layout.scale or 1.0) < 0 or math.isinf(value):
            remedy = "leave it empty if unknown"
            if 0 < value < math.inf:
                remedy = "leave the sign out of --scale"
            elif self._is_below(notation):
                remedy = "say --scale -1 if all are written below zero to be drawn below an axis, as Netdata's sent are"
            raise CsvError(f'{self.path}: row {row}: {text} in column "{column[:40]}" cannot be traffic; {remedy}')
        return value

    def _is_below(self, notation: numbers.Notation) -> bool:
        """Return whether the column has numbers alone, several, and none above zero."""
        try:
            values = [notation.number(row[self._value]) for _, row in self._chosen]
        except ValueError:
            return False
        return len(values) > 1 and not any(value > 0 for value in values)

    def _name(self, place: int) -> str:
        return self.table.header[place]

    def _column(self, name: str) -> int:
        """Return the place of a column given by its name, or by its number counted from 1."""
        header, path = self.table.header, self.path
        if name in header and self.table.named:
            if header.count(name) > 1:
                raise CsvError(f'{path}: has two columns named "{name}"; give the number instead')
            return header.index(name)
        if name.isdecimal() and 1 <= int(name) <= len(header):
            return int(name) - 1
        shown = ", ".join(f'"{cell[:40]}"' for cell in header)
        raise CsvError(f'{path}: has no column "{name}"; it has {shown} (a number from 1 works too); give one of them')


def overlap(days: list[Day], known: dict[tuple[str, str, date], str], scope: str, quantity: str) -> list[date]:
    """Return the days that the store has already."""
    return [day.date for day in days if (scope, quantity, day.date) in known]
