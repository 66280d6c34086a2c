"""Busy-hour measures of a list of days. Pure: no clock, no database.

`H(d,t)` is the mean of the intensities in the 60 minutes from `t` on day `d`. Candidate hours start at any slot
(suffix "quarter") or only at :00 of the local clock (suffix "full"). Terms and sources: docs/busy-hour.md.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from dashboards.busy_hour.measures.quantities import Kind
from dashboards.busy_hour.measures.series import HOUR, DaySeries, Floats, changes_offset, clock, coarsen, means

Candidates = Literal["quarter", "full"]

WINDOW_PRESENT = 0.75  # 3 of 4 quarters (project rule)
AVERAGE_DAY_PRESENT = 0.75  # each quarter of the average day rests on at least this share of the days (project rule)
SAME = 1e-12  # two hours closer than this are a tie; sums in another order differ in the last digit


class Peak(NamedTuple):
    """The busiest hour of one day."""

    value: float
    start: int  # UTC seconds
    clock: int  # seconds since local midnight
    partial: bool  # a quarter was missing


class ClockHour(NamedTuple):
    """An hour at the same clock time every day."""

    value: float
    clock: int


@dataclass(frozen=True, eq=False)
class Day:
    """One measurement day in a time zone, with its hours."""

    series: DaySeries
    zone: ZoneInfo
    phase: int = 0
    kind: Kind = "gauge"
    # Peaks that are known already: a record has them, and each is asked for several times.
    known: dict[Candidates, Peak | None] = field(default_factory=dict)

    @property
    def date(self) -> date:
        """The local date."""
        return self.series.span.day

    @cached_property
    def coverage(self) -> float:
        """Share of the day's quarters that are present."""
        return self.series.coverage

    @cached_property
    def offset_change(self) -> bool:
        """Clocks change inside this day, so its quarters have no fixed label."""
        return changes_offset(self.series.span, self.zone)

    @cached_property
    def clock(self) -> NDArray[np.int64]:
        """Seconds since local midnight at the start of each slot."""
        return clock(self.series.span, self.series.step, len(self.series.slots), self.zone, self.phase)

    @cached_property
    def _hours(self) -> tuple[Floats, NDArray[np.bool_]]:
        return hours(self.series.slots, self.series.step, WINDOW_PRESENT)

    def peak(self, candidates: Candidates) -> Peak | None:
        """Return the busiest hour, the earliest of equals, or None where no hour is complete enough."""
        if candidates not in self.known:
            self.known[candidates] = self._peak(candidates, *self._hours)
        return self.known[candidates]

    def strict_peak(self) -> Peak | None:
        """Return the busiest hour of those without a missing quarter."""
        return self._peak("quarter", *hours(self.series.slots, self.series.step, 1.0))

    def _peak(self, candidates: Candidates, values: Floats, partial: NDArray[np.bool_]) -> Peak | None:
        if candidates == "full":
            values = np.where(self.clock[: len(values)] % HOUR == 0, values, np.nan)
        best = earliest_maximum(values)
        if best is None:
            return None
        start = self.series.span.start + self.phase + best * self.series.step
        return Peak(float(values[best]), start, int(self.clock[best]), bool(partial[best]))

    def hour_at(self, clock_seconds: int) -> float | None:
        """Return H at a clock time; a day on which that time comes twice or never has none."""
        found = np.flatnonzero(self.clock == clock_seconds)
        width = HOUR // self.series.step
        if len(found) != 1 or found[0] + width > len(self.series.slots):
            return None
        known = [value for value in self.series.slots[found[0] : found[0] + width].tolist() if not math.isnan(value)]
        return sum(known) / len(known) if len(known) >= math.ceil(WINDOW_PRESENT * width) else None

    def share(self, peak: Peak) -> float | None:
        """Return the concentration ratio: the busy hour's volume over the whole day's."""
        return share(peak.value, self.series.slots, self.series.step)


def hours(slots: Floats, step: int, present: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Return H for each start at which the hour lies inside the day, and whether it lacks a part."""
    width = HOUR // step
    count = len(slots) - width + 1
    sums, known = np.zeros(max(count, 0)), np.zeros(max(count, 0), dtype=np.int64)
    for offset in range(width):
        part = slots[offset : offset + count]
        here = ~np.isnan(part)
        sums += np.where(here, part, 0.0)
        known += here
    values = np.full(len(sums), np.nan)
    np.divide(sums, known, out=values, where=known >= math.ceil(present * width))
    return values, known < width


def earliest_maximum(values: Floats) -> int | None:
    """Return the index of the greatest value, the earliest of equals; None where all are missing."""
    if len(values) == 0 or np.isnan(values).all():
        return None
    top = np.nanmax(values)
    return int(np.flatnonzero(values >= top - abs(top) * SAME)[0])


def share(value: float, slots: Floats, step: int) -> float | None:
    """Return an hour's part of the day whose slots are given; missing slots count as the mean of the others."""
    known = slots[~np.isnan(slots)]
    volume = float(np.add.reduce(known)) / len(known) * len(slots) * step / HOUR if len(known) else 0.0
    return value / volume if volume > 0 else None


def adph(days: Sequence[Day], candidates: Candidates) -> float | None:
    """Average daily peak hour: each day's own busiest hour, averaged."""
    peaks = [peak.value for day in days if (peak := day.peak(candidates))]
    return float(np.mean(peaks)) if peaks else None


class StepError(ValueError):
    """Days whose intervals do not lie within each other."""


def alike(days: Sequence[Day]) -> list[Day]:
    """Return the days in the widest step that any of them has: beside hours, such as imported ones, quarters are hours.

    Raises:
        StepError: the intervals of one day do not lie within those of another.
    """
    steps = {(day.series.step, day.phase) for day in days}
    if len(steps) < 2:
        return list(days)
    step, phase = max(steps)
    return [_widened(day, step, phase) for day in days]


def _widened(day: Day, step: int, phase: int) -> Day:
    own = day.series
    parts, rest = divmod(step, own.step)
    left_out, off = divmod(phase - day.phase, own.step)
    if rest or off or left_out < 0:
        raise StepError(
            f"{day.date} has values every {own.step} s from {day.phase} s on, and other days every {step} s from "
            f"{phase} s on: they cannot be averaged"
        )
    count = (own.span.end - own.span.start) // step
    slots = np.full(count * parts, np.nan)
    kept = own.slots[left_out : left_out + len(slots)]
    slots[: len(kept)] = kept
    return Day(DaySeries(own.span, step, coarsen(slots, parts), own.fine_step, own.fine), day.zone, phase, day.kind)


class AverageDay(NamedTuple):
    """Quarters averaged over days; NaN where too few days have the quarter."""

    slots: Floats
    clock: NDArray[np.int64]
    step: int
    days: int


def average_day(days: Sequence[Day]) -> AverageDay | None:
    """Average the quarters over the days, leaving out days on which clocks change."""
    plain = alike([day for day in days if not day.offset_change])
    if not plain:
        return None
    slots = means(np.stack([day.series.slots for day in plain]), 0, AVERAGE_DAY_PRESENT * len(plain))
    return AverageDay(slots, plain[0].clock, plain[0].series.step, len(plain))


def tcbh(average: AverageDay | None, candidates: Candidates) -> ClockHour | None:
    """Time-consistent busy hour: the clock hour with the greatest mean over the days."""
    if average is None:
        return None
    values, _ = hours(average.slots, average.step, 1.0)
    if candidates == "full":
        values = np.where(average.clock[: len(values)] % HOUR == 0, values, np.nan)
    best = earliest_maximum(values)
    return None if best is None else ClockHour(float(values[best]), int(average.clock[best]))


def fdmh(days: Sequence[Day], clock_seconds: int) -> float | None:
    """Fixed daily measurement hour: H at one clock time, averaged over the days that have it."""
    changing = [value for day in days if day.offset_change and (value := day.hour_at(clock_seconds)) is not None]
    plain = alike([day for day in days if not day.offset_change])
    steady: Floats = np.empty(0)
    if plain:
        at, width = np.flatnonzero(plain[0].clock == clock_seconds), HOUR // plain[0].series.step
        if len(at) == 1 and at[0] + width <= len(plain[0].clock):
            parts = np.stack([day.series.slots[at[0] : at[0] + width] for day in plain])
            known = np.count_nonzero(~np.isnan(parts), axis=1)
            enough = known >= math.ceil(WINDOW_PRESENT * width)
            steady = np.nansum(parts[enough], axis=1) / known[enough]
    values = np.concatenate([steady, changing])
    return float(np.mean(values)) if len(values) else None


def fdmp(average: AverageDay | None, first: int, last: int) -> ClockHour | None:
    """Fixed daily measurement period: the busiest hour of the average day inside [first, last) of the clock."""
    if average is None:
        return None
    values, _ = hours(average.slots, average.step, 1.0)
    starts = average.clock[: len(values)]
    best = earliest_maximum(np.where((starts >= first) & (starts + HOUR <= last), values, np.nan))
    return None if best is None else ClockHour(float(values[best]), int(starts[best]))


class Coincidence(NamedTuple):
    """Peaks of elements against the peak of the whole, over the days that all of them have."""

    sum_of_elements: float
    whole: float
    factor: float
    days: int
    elements: dict[str, float]


def coincidence(whole: Sequence[Day], elements: Mapping[str, Sequence[Day]]) -> Coincidence | None:
    """Compare each element's own busy hour with that of the whole; None without elements or common days."""
    by_date = {
        name: {day.date: peak for day in days if (peak := day.peak("quarter"))} for name, days in elements.items()
    }
    peaks = {day.date: peak for day in whole if (peak := day.peak("quarter"))}
    common = sorted(set(peaks).intersection(*by_date.values())) if by_date else []
    if not common:
        return None
    means = {name: float(np.mean([found[day].value for day in common])) for name, found in sorted(by_date.items())}
    total, own = sum(means.values()), float(np.mean([peaks[day].value for day in common]))
    return Coincidence(total, own, own / total, len(common), means) if total > 0 else None


class LoadLevels(NamedTuple):
    """Levels over the days' own peaks, greatest first; None where there are too few days."""

    second: float | None  # monthly high load
    fourth: float | None  # monthly normal load
    mean_of_5: float | None  # high load, E.520 §1.1
    mean_of_30: float | None  # normal load of a year


def load_levels(peaks: Sequence[float]) -> LoadLevels:
    """Return the load levels of the daily peak hours `peaks`."""
    ordered = np.sort(np.asarray(peaks, dtype=np.float64))[::-1]

    def nth(place: int) -> float | None:
        return float(ordered[place - 1]) if len(ordered) >= place else None

    def mean_of(count: int) -> float | None:
        return float(np.mean(ordered[:count])) if len(ordered) >= count else None

    return LoadLevels(nth(2), nth(4), mean_of(5), mean_of(30))


class Percentile(NamedTuple):
    """The 95th percentile of averages, as transit is billed."""

    nearest_rank: float
    linear: float
    samples: int
    dropped: int


def fine_values(days: Sequence[Day]) -> tuple[Floats, int]:
    """Return the days' short averages and their length in seconds: the shortest that all days have."""
    step = math.lcm(*(day.series.fine_step for day in days))
    return np.concatenate([coarsen(day.series.fine, step // day.series.fine_step) for day in days]), step


def percentile_95(values: Floats) -> Percentile | None:
    """Sort, drop the top 5 %, take the next (nearest rank); `linear` interpolates instead."""
    known = values[~np.isnan(values)]
    if not len(known):
        return None
    dropped = len(known) * 5 // 100
    rank = len(known) - 1 - dropped
    return Percentile(float(np.partition(known, rank)[rank]), float(np.percentile(known, 95)), len(known), dropped)


class Stability(NamedTuple):
    """Whether one clock hour can stand for every day."""

    ratio: float  # ADPQH / TCBH by quarter
    median_clock: int
    spread_seconds: int  # interquartile range of the daily peak's start
    near: float  # share of days whose own peak starts within an hour of TCBH
    stable: bool


def stability(days: Sequence[Day], busy: ClockHour | None) -> Stability | None:
    """Compare the daily peaks with the time-consistent hour; None with fewer than five days."""
    peaks = [peak for day in days if (peak := day.peak("quarter"))]
    if busy is None or len(peaks) < 5 or busy.value <= 0:
        return None
    # Around midnight 23:45 and 00:15 are half an hour apart: measure from the busy hour, on the circle of the clock.
    away = np.array([(peak.clock - busy.clock + 12 * HOUR) % (24 * HOUR) - 12 * HOUR for peak in peaks])
    low, middle, high = np.percentile(away, [25, 50, 75], method="nearest")
    ratio = float(np.mean([peak.value for peak in peaks])) / busy.value
    near = float(np.mean(np.abs(away) <= HOUR))
    return Stability(
        ratio,
        int(busy.clock + middle) % (24 * HOUR),
        int(high - low),
        near,
        bool(ratio <= 1.1 and high - low <= 4 * HOUR),
    )
