"""Forecasts of measured series, read from a folder of files, from the end of each of their weeks: errors and ranges.

Each file is imported as a planner would import it. From the end of every week that leaves enough before it and a week
after it, the week ahead is forecast hour by hour, and the daily busy hours by week, with what was known then. The peers
are "as a week ago" and the last week's busy hour; errors are pooled over the origins. A file of one value a day has no
busy hour and is refused by the import; its days are forecast by week as busy hours are. A folder that is not there is
reported and is no fault.
"""

import argparse
import csv
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from dashboards.busy_hour.forecast.forecast import forecast
from dashboards.busy_hour.forecast.week_ahead import WEEK, hourly, week_ahead
from dashboards.busy_hour.measures.series import HOUR, Calendar
from dashboards.busy_hour.measures.traffic import Day
from dashboards.busy_hour.records.importer import CsvError, Layout, read_file

FOLDER = Path("../shared/data/series")
STEPS = (300, 900, 1800, 3600)
COMPLETE = 0.9  # of a day
RATIO, WORST = 0.90, 1.10
AHEAD = 4  # weeks of busy hours that are compared


class Errors(NamedTuple):
    """Absolute errors over the origins, and how many values came."""

    origins: int = 0
    own: float = 0.0
    peer: float = 0.0
    came: int = 0
    inside: int = 0

    def plus(self, own: float, peer: float, came: int, inside: int) -> "Errors":
        """Return the sums with those of another origin."""
        return Errors(self.origins + 1, self.own + own, self.peer + peer, self.came + came, self.inside + inside)

    @property
    def ratio(self) -> float | None:
        """The error against the peer's."""
        return self.own / self.peer if self.peer else None


def read(path: Path) -> list[Day]:
    """Return a file's days from the first complete one to the last, at the step at which each row has a place.

    Raises:
        CsvError: no step fits, or the file is refused.
    """
    refused = CsvError(f"{path}: no day is complete")
    for step in STEPS:
        for phase in (0, step // 2):
            try:
                days = read_file(path, Layout(None, None, "volume", step, Calendar(ZoneInfo("UTC")), phase=phase)).days
            except CsvError as error:
                refused = error
                continue
            whole = [place for place, day in enumerate(days) if day.coverage >= COMPLETE]
            if whole:
                return days[whole[0] : whole[-1] + 1]
    raise refused


def hours(days: Sequence[Day]) -> Errors:
    """Return the errors of the week ahead from the end of each week."""
    sums, found = Errors(), hourly(days)
    if found is None:
        return sums
    start, values = found
    for count in range(7, len(days) - 6):
        if (len(days) - count) % 7 or (made := week_ahead(days[:count])) is None:
            continue
        place = (made.start - start) // HOUR
        actual, before = values[place : place + WEEK], values[place - WEEK : place]
        known = ~np.isnan(actual) & ~np.isnan(before) & ~np.isnan(made.values)
        own, peer = np.abs(made.values - actual)[known], np.abs(before - actual)[known]
        sums = sums.plus(float(own.sum()), float(peer.sum()), int(known.sum()), 0)
    return sums


def of_days(path: Path) -> dict[date, float] | None:
    """Return the values of a file of two columns, a day and its value, without the first and the last day, which may be
    parts of one; None if it is another file."""
    try:
        with path.open(newline="") as file:
            _, *rows = csv.reader(file)
        found = {date.fromisoformat(cells[0]): float(cells[1]) for cells in rows[1:-1]}
    except (ValueError, IndexError):
        return None
    return found if len(found) == len(rows) - 2 else None


def busy_hours(days: Sequence[Day]) -> dict[date, float]:
    """Return the busy hour of each complete day."""
    return {day.date: peak.value for day in days if (peak := day.peak("quarter")) and day.coverage >= COMPLETE}


def weeks(peaks: Mapping[date, float]) -> Errors:
    """Return the errors of the weekly means of daily values from the end of each week, and what the ranges hold."""
    sums, dates = Errors(), sorted(peaks)
    for count in range(7, len(dates) - 6):
        made = forecast({day: peaks[day] for day in dates[:count]}, [])
        if (len(dates) - count) % 7 or made is None or made.basis != "day":
            continue
        last = float(np.mean([peaks[day] for day in dates[count - 7 : count]]))
        own = peer = 0.0
        came = inside = 0
        for place, point in enumerate(made.points[:AHEAD]):
            week = dates[count + 7 * place : count + 7 * place + 7]
            if len(week) == 7 and week[-1] == point.day:
                actual = float(np.mean([peaks[day] for day in week]))
                own, peer, came = own + abs(point.value - actual), peer + abs(last - actual), came + 1
                inside += point.low <= actual <= point.high
        sums = sums.plus(own, peer, came, inside)
    return sums


def shown(value: float | None) -> str:
    """Return a cell of the table."""
    return f"{'–':>9}" if value is None else f"{value:9.3f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; status 1 if a bound is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    folder: Path = parser.parse_args(arguments).folder
    files = sorted(folder.glob("*.csv"))
    if not files:
        print(f"{folder}: no series to measure")
        return 0
    heads = ("days", "origins", "/week", "last %", "week ago", "origins", "/last", "in 95 %")
    print(f"{'file':<34}" + "".join(f"{head:>9}" for head in heads))
    own = peer = 0.0
    problems: list[str] = []
    for path in files:
        days: list[Day] = []
        try:
            days = read(path)
            peaks = busy_hours(days)
        except CsvError as error:
            print(f"{path.name:<34}refused{str(error).removeprefix(str(path))}")
            if not (peaks := of_days(path) or {}):
                continue
        whole, ahead, levels = week_ahead(days), hours(days), weeks(peaks)
        last, week_ago = (whole.held_out_mape, whole.held_out_baseline_mape) if whole else (None, None)
        share = levels.inside / levels.came if levels.came else None
        cells, count = ((last, week_ago), (levels.ratio, share)), len(days) or len(peaks)
        print(
            f"{path.name:<34}{count:>9}{ahead.origins:>9}{shown(ahead.ratio)}{''.join(map(shown, cells[0]))}"
            f"{levels.origins:>9}{''.join(map(shown, cells[1]))}",
            flush=True,
        )
        problems += [
            f"{path.name}: {what} against the peer: {ratio:.3f}"
            for what, ratio in (("hours", ahead.ratio), ("weeks", levels.ratio))
            if ratio is not None and ratio > WORST
        ]
        if ahead.peer:
            own, peer = own + ahead.own / ahead.peer, peer + 1.0
    if peer and own / peer > RATIO:
        problems.append(f"error of the week ahead against a week ago: {own / peer:.3f}")
    print("\n".join(problems) or "all within bounds")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
