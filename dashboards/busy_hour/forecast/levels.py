"""From daily busy hours to weekly levels: without the weekday's pattern and without the days that speak for no others.

A level is the mean busy hour of a week as if all its weekdays had been measured. Days that stand out of the weeks
around them (a final, a holiday, a campaign, an outage) are left out; if they are the last days there are, they stay:
nobody knows yet whether they will last.
"""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import numpy as np

from dashboards.busy_hour.measures.series import Floats

AROUND = 30  # days before and after with which a day is compared
USUAL_AROUND = 10
STANDS_OUT = 5.0  # robust standard deviations
LEAST = 0.12  # and at least this share of the level
NOT_YET_AN_EXCEPTION = 7  # days at the end
WEEK_NEEDS = 3  # days
NOTHING = 1e-6  # of the usual value: as good as zero
IDLE = 1e-3  # of the other weekdays


class Levels(NamedTuple):
    """Weekly levels: middles in days since `first`, natural logarithms, and the share of the week that they rest on."""

    first: date
    at: Floats
    log: Floats
    weight: Floats


class Days(NamedTuple):
    """The days that count, and what was found on the way to them."""

    first: date
    at: Floats  # days since `first`
    level: Floats  # without the weekday's pattern
    left_out: tuple[date, ...]  # days that stand out of those around them
    mix: float = 0.0  # standard deviation of a month's mean for the weekdays that it has five times


def ordinary(days: Mapping[date, float]) -> Days | None:
    """Return the ordinary days' levels; None where too much of the series is nothing to have a level."""
    first = min(days)
    at = np.array([(day - first).days for day in days], dtype=np.int64)
    values = np.fromiter(days.values(), dtype=np.float64, count=len(days))
    order = np.argsort(at)
    at, values = at[order], values[order]
    positive = values[values > 0]
    nothing = values <= (NOTHING * float(np.percentile(positive, 75)) if len(positive) else 0.0)
    if np.count_nonzero(nothing) > 0.3 * len(values):
        return None
    grid = np.full(int(at[-1]) + 1, np.nan)
    grid[at] = np.where(nothing, np.nan, values)
    weekday = (np.arange(len(grid)) + first.weekday()) % 7
    factors = _weekday_factors(grid, weekday)
    idle = factors[weekday] <= IDLE  # zeros on a weekday that never carries anything are that weekday's pattern
    factors[factors <= IDLE] = 0.0
    plain = np.divide(grid, factors[weekday], out=np.full(len(grid), np.nan), where=~idle)
    spread = np.log(plain / _medians(plain, AROUND))
    known = ~np.isnan(spread)
    usual = 1.4826 * float(np.median(np.abs(spread[known]))) if known.any() else 0.0
    odd = np.abs(spread) > max(STANDS_OUT * usual, np.log1p(LEAST))
    odd[at[nothing]] = True
    odd &= ~idle
    stays = _new_level(plain[at], (odd | idle)[at], float(np.log1p(LEAST)))
    if stays >= NOT_YET_AN_EXCEPTION and 2 * np.count_nonzero(odd[at[len(at) - stays :]]) >= stays:
        if np.count_nonzero(nothing[-NOT_YET_AN_EXCEPTION:]) > NOT_YET_AN_EXCEPTION // 2:
            return None
        odd[at[len(at) - stays :]] &= nothing[len(at) - stays :]
    used = ~np.isnan(plain) & ~odd & ~idle
    found = np.flatnonzero(used)
    if len(found) < 2:
        return None
    left_out = tuple(date.fromordinal(first.toordinal() + int(place)) for place in at[odd[at]])
    return Days(first, found.astype(np.float64), plain[found] * float(np.mean(factors)), left_out, _mix(factors))


def weekly(days: Days) -> Levels:
    """Return the mean level of each week, counted back from the last day."""
    last = days.at[-1]
    week = ((last - days.at) // 7).astype(np.int64)
    count = int(week[0]) + 1
    present = np.bincount(week, minlength=count)
    with np.errstate(invalid="ignore", divide="ignore"):
        log = np.log(np.bincount(week, weights=days.level, minlength=count) / present)
        middle = np.bincount(week, weights=days.at, minlength=count) / present
    enough = np.flatnonzero(present >= WEEK_NEEDS)[::-1]
    return Levels(days.first, middle[enough], log[enough], present[enough] / 7)


def _weekday_factors(grid: Floats, weekday: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Floats:
    """Return each weekday's usual share of the days around it; 0 for one that never carries anything."""
    with np.errstate(invalid="ignore"):
        shares = grid / _medians(grid, USUAL_AROUND)
    factors = np.ones(7)
    for number in range(7):
        here = shares[weekday == number]
        known = here[~np.isnan(here)]
        if len(known):
            factors[number] = float(np.median(known))
    missing = [number for number in range(7) if not (~np.isnan(grid[weekday == number])).any()]
    factors[missing] = 0.0 if len(missing) < 3 else 1.0
    return factors


def _mix(factors: Floats) -> float:
    """Return by how much months differ because one has five Sundays and another five Mondays."""
    shares = factors / np.mean(factors)
    means = [np.mean(shares[(start + np.arange(length)) % 7]) for start in range(7) for length in (30, 31)]
    return float(np.std(means))


def _medians(grid: Floats, around: int) -> Floats:
    """Return the median of the present values from `around` days before to `around` days after each day."""
    padded = np.concatenate([np.full(around, np.nan), grid, np.full(around, np.nan)])
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(padded, 2 * around + 1), axis=1)  # NaN comes last
    present = np.count_nonzero(~np.isnan(windows), axis=1)
    rows, middle = np.arange(len(grid)), np.maximum(present, 1)
    both = windows[rows, (middle - 1) // 2] + windows[rows, middle // 2]
    return np.where(present > 0, both / 2, np.nan)


def _new_level(plain: Floats, odd: np.ndarray[tuple[int], np.dtype[np.bool_]], least: float) -> int:
    """Return how many days at the end are at another level than the ordinary days before them; NaN counts as zero.

    They need not all stand out: of a small step some days do not, and in the middle of the days that a day is compared
    with the new level is the usual one.
    """
    known = ~np.isnan(plain)
    if not known.any():
        return 0
    log = np.log(plain)
    log[~known] = np.min(log[known]) + np.log(NOTHING)
    usual = log[~odd][-AROUND:]
    if not len(usual):
        return 0
    before, now = float(np.median(usual)), float(np.median(log[-NOT_YET_AN_EXCEPTION:]))
    if abs(now - before) <= least:
        return 0
    back = np.flatnonzero((np.abs(log - before) <= np.abs(log - now)) & known)
    return len(log) - 1 - int(back[-1]) if len(back) else len(log)
