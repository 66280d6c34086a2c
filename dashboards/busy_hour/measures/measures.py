"""All measures of one list of days, under the names that reports and metrics use."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np

from dashboards.busy_hour.measures import traffic
from dashboards.busy_hour.measures.series import HOUR
from dashboards.busy_hour.measures.traffic import AverageDay, ClockHour, Day


class Measure(NamedTuple):
    """A figure and, where one exists, the clock time at which its hour starts."""

    value: float
    clock: int | None = None


@dataclass(frozen=True, slots=True)
class Measures:
    """The measures of a set of days; one that the days do not allow is absent."""

    days: int
    named: dict[str, Measure]
    tcbh: ClockHour | None
    average: AverageDay | None
    share: float | None  # of the time-consistent busy hour in the average day
    peak_to_average: float | None


def measure(
    days: Sequence[Day], fixed_clock: int | None = None, fixed_period: tuple[int, int] | None = None
) -> Measures:
    """Return every measure; without a fixed hour FDMH is measured at the time-consistent busy hour."""
    average = traffic.average_day(days)
    by_quarter, by_hour = traffic.tcbh(average, "quarter"), traffic.tcbh(average, "full")
    named: dict[str, Measure] = {}

    def put(name: str, value: float | None, clock: int | None = None) -> None:
        if value is not None:
            named[name] = Measure(value, clock)

    quarter_peaks = traffic.adph(days, "quarter")
    put("adpqh", quarter_peaks)
    put("adpfh", traffic.adph(days, "full"))
    if by_quarter:
        put("tcbh_quarter", by_quarter.value, by_quarter.clock)
    if by_hour:
        put("tcbh_full", by_hour.value, by_hour.clock)
    at = fixed_clock if fixed_clock is not None else (by_quarter.clock if by_quarter else None)
    if at is not None:
        put("fdmh", traffic.fdmh(days, at), at)
    found = traffic.fdmp(average, *fixed_period) if fixed_period else None
    if found:
        put("fdmp", found.value, found.clock)
    put("bouncing", quarter_peaks)  # ABBH: the hour wherever it falls, averaged as ADPQH is
    share = traffic.share(by_quarter.value, average.slots, average.step) if by_quarter and average else None
    return Measures(len(days), named, by_quarter, average, share, share * 24 if share is not None else None)


class Top(NamedTuple):
    """The highest hour of all days."""

    day: date
    value: float
    clock: int
    start: int


def highest(days: Sequence[Day], candidates: traffic.Candidates) -> Top | None:
    """Return the absolute peak hour, the earliest of equals."""
    best: Top | None = None
    for day in days:
        peak = day.peak(candidates)
        if peak and (best is None or peak.value > best.value * (1 + traffic.SAME)):
            best = Top(day.date, peak.value, peak.clock, peak.start)
    return best


class Month(NamedTuple):
    """Load levels of one month."""

    month: date
    days: int
    adpqh: float
    high: float | None  # second highest day
    normal: float | None  # fourth highest day


def months(days: Sequence[Day]) -> list[Month]:
    """Return the months in order, with E.492's monthly levels."""
    found: dict[date, list[float]] = defaultdict(list)
    for day in days:
        peak = day.peak("quarter")
        if peak:
            found[day.date.replace(day=1)].append(peak.value)
    result = []
    for month, peaks in sorted(found.items()):
        levels = traffic.load_levels(peaks)
        result.append(Month(month, len(peaks), float(np.mean(peaks)), levels.second, levels.fourth))
    return result


def weekly_pattern(days: Sequence[Day]) -> dict[int, list[float | None]]:
    """Return the 24 mean clock hours of each weekday (Monday 0); None where the data has no such hour."""
    by_weekday: dict[int, list[Day]] = defaultdict(list)
    for day in days:
        by_weekday[day.date.weekday()].append(day)
    pattern = {}
    for weekday, found in sorted(by_weekday.items()):
        average = traffic.average_day(found)
        if average is None:
            continue
        known = ~np.isnan(average.slots)
        hours = average.clock[known] // HOUR
        counts = np.bincount(hours, minlength=24)
        sums = np.bincount(hours, weights=average.slots[known], minlength=24)
        pattern[weekday] = [
            total / count if count else None for total, count in zip(sums.tolist(), counts.tolist(), strict=True)
        ]
    return pattern
