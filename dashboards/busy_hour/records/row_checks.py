"""What is refused of a file's rows as a whole: their order, their distance and where they lie."""

import math
from datetime import datetime
from pathlib import Path

import numpy as np

from dashboards.busy_hour.measures.series import HOUR, MINUTE, QUARTER, local_offset
from dashboards.busy_hour.records.layout import Layout
from dashboards.busy_hour.records.table import CsvError

ENOUGH = 12  # distances between rows that show which one is usual

Rows = list[tuple[float, float, int]]
"""Instant, value and number in the file of each row."""


def shown(instant: float, layout: Layout) -> str:
    """Return an instant as messages have it."""
    return datetime.fromtimestamp(instant, layout.calendar.zone).isoformat(timespec="minutes")


def _minutes(seconds: float) -> str:
    return f"{seconds / MINUTE:g} min"


class RowChecks:
    """The checks of one file."""

    def __init__(self, path: Path, layout: Layout) -> None:
        self._path, self._layout = path, layout

    def order(self, rows: Rows) -> None:
        """Refuse two rows of one instant, and rows that are not in order unless that was allowed."""
        layout = self._layout
        seen: dict[float, int] = {}
        before = -math.inf
        for instant, _, number in rows:
            if instant in seen:
                raise CsvError(
                    f"{self._path}: row {number} has the same time stamp as row {seen[instant]} "
                    f"({shown(instant, layout)}); remove one, or choose one series with --where COLUMN=VALUE"
                )
            if instant < before and layout.any_order == "refuse":
                raise CsvError(
                    f"{self._path}: row {number} ({shown(instant, layout)}) is earlier than the row before it; "
                    "sort the file, or import it with --sort"
                )
            seen[instant], before = number, instant

    def distance(self, rows: Rows) -> None:
        """Refuse rows that are further apart than an hour, which have no busy hour, or than the step that was said."""
        distances = np.diff([row[0] for row in rows])
        usual = float(np.median(distances)) if len(distances) > 1 else 0.0
        if usual <= HOUR:
            if len(distances) >= ENOUGH:
                self._step(usual)
            return
        place = int(np.argmax(distances > HOUR)) + 1
        instant, _, number = rows[place]
        raise CsvError(
            f"{self._path}: row {number} ({shown(instant, self._layout)}) comes {distances[place - 1] / HOUR:g} hours "
            "after the row before it, as most rows do: no busy hour can be found in them; export a value for every "
            "hour or shorter"
        )

    def _step(self, usual: float) -> None:
        step = self._layout.step
        shorter = self._layout.kind == "gauge" and step > QUARTER and usual < step / 1.5
        if usual <= 1.5 * step and not shorter:
            return
        minutes = round(usual / MINUTE)
        remedy = f"say --step {minutes}m" if minutes and HOUR % (minutes * MINUTE) == 0 else "export with an even step"
        raise CsvError(
            f"{self._path}: most rows come {_minutes(usual)} after the row before, not {_minutes(step)}; {remedy}"
        )

    def grid(self, rows: Rows) -> None:
        """Refuse two values in one step, and coarse data that lies between the slots of a day."""
        layout = self._layout
        if layout.kind == "counter":
            return
        before = (-math.inf, 0)
        for instant, _, number in rows:
            place = (instant - layout.phase) // layout.step
            if place == before[0] and layout.kind == "volume":
                raise CsvError(
                    f"{self._path}: rows {before[1]} and {number} ({shown(instant, layout)}) lie in one step of "
                    f"{layout.step} s; is the step right? Say another with --step"
                )
            off = 0.0
            if layout.step > QUARTER:
                # Hours are counted from local midnight: in a zone at +05:30 they begin at :30 of UTC.
                local = instant + local_offset(int(instant), layout.calendar.zone)
                off = (local - layout.phase) % layout.step
            if off:
                raise CsvError(
                    f"{self._path}: row {number} ({shown(instant, layout)}) lies {off:.0f} s off the {layout.step} s "
                    f"grid; name the offset with --phase {int(off) // MINUTE}m"
                )
            before = (place, number)
